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
    for row in rows:
        figures = ("·" if row[column] is None else scale.show(row[column]) for column in COLUMNS)
        made.add_row(name_of("stream", row["stream"]), *figures)
    console().print(made)


def show_set_aside(found: dict[str, Any]) -> None:
    """How many records wait in quarantine, by connector and error, with what each error means."""
    errors: Counter[tuple[str, str]] = Counter()
    for row in found["rows"]:
        errors.update({(str(row["connector"]), str(error["error"])) for error in row["errors"]})
    if not errors:
        return
    title = translate("In quarantine, kept as they came: {count} records", count=len(found["rows"]))
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for text, side in ((N_("connector"), "left"), (N_("records"), "right"), (N_("why"), "left")):
        made.add_column(translate(text), justify="right" if side == "right" else "left")
    for (connector, error), count in sorted(errors.items(), key=lambda item: (item[0][0], -item[1])):
        sentence = REFUSALS[error].sentence if error in REFUSALS else ""
        made.add_row(connector, f"{count:,}", f"{error}  {translate(sentence)}")
    console().print(made)
