"""The year's 一本账: what arose, was collected, stored, used, disposed of and is still under way, by stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from hub.cli.figures import name_of, scale_for
from hub.cli.tables import console
from hub.events.refusals import REFUSALS
from hub.reference.kinds import STREAMS
from hub.texts import N_, translate

COLUMNS = {
    "arisen": N_("arose"), "collected": N_("collected"), "stored": N_("stored"), "used": N_("used"),
    "disposed": N_("disposed of"), "under_way": N_("under way"),
}


def show_year(rows: Sequence[dict[str, Any]], title: str) -> None:
    """A row per stream (``stream`` and grams by :data:`COLUMNS`), all in one unit.

    A balance that means nothing because not every kind that posts to it is reported (None) is shown as ``·``.
    """
    scale = scale_for(row[column] or 0 for row in rows for column in COLUMNS)
    headline = f"{title} ({translate(scale.sentence)})"
    made = Table(box=box.SIMPLE_HEAD, title=headline, title_justify="left", title_style="bold", pad_edge=False)
    made.add_column(translate("stream"))
    for text in COLUMNS.values():
        made.add_column(translate(text), justify="right")
    order = list(STREAMS)
    for row in sorted(rows, key=lambda row: order.index(row["stream"]) if row["stream"] in order else len(order)):
        figures = ("·" if row[column] is None else scale.show(row[column]) for column in COLUMNS)
        made.add_row(name_of("stream", row["stream"]), *figures)
    console().print(made)


def show_set_aside(found: dict[str, Any]) -> None:
    """How many records wait in quarantine, by error, with what each error means."""
    records: Counter[str] = Counter()
    connectors: dict[str, set[str]] = {}
    for row in found["rows"]:
        for error in {str(one["error"]) for one in row["errors"]}:
            records[error] += 1
            connectors.setdefault(error, set()).add(str(row["connector"]))
    if not records:
        return
    title = translate("In quarantine, kept as they came: {count} records", count=len(found["rows"]))
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    made.add_column(translate("why"))
    for text in (N_("records"), N_("connectors")):
        made.add_column(translate(text), justify="right")
    made.add_column(translate("error"))
    for error, count in records.most_common():
        sentence = translate(REFUSALS[error].sentence) if error in REFUSALS else ""
        made.add_row(sentence, f"{count:,}", f"{len(connectors[error]):,}", error)
    console().print(made)
