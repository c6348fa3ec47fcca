"""The year's 一本账: what arose, was collected, stored, used, disposed of and is still under way, by stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.cli.figures import scale_for
from hub.cli.grid import Column, show_grid
from hub.cli.words import heading, value_of
from hub.reference.kinds import STREAMS
from hub.texts import N_, translate

COLUMNS = {
    "arisen": N_("arose"),
    "collected": N_("collected"),
    "stored": N_("stored"),
    "used": N_("used"),
    "disposed": N_("disposed of"),
    "under_way": N_("under way"),
}


def show_year(rows: Sequence[dict[str, Any]], title: str) -> None:
    """A row per stream (``stream`` and grams by :data:`COLUMNS`), all in one unit.

    A balance that means nothing because not every kind that posts to it is reported (None) is shown as ``·``.
    """
    scale = scale_for(row[column] or 0 for row in rows for column in COLUMNS)
    order = list(STREAMS)
    lines = [
        [value_of("stream", row["stream"]), *("·" if row[c] is None else scale.show(row[c]) for c in COLUMNS)]
        for row in sorted(rows, key=lambda row: order.index(row["stream"]) if row["stream"] in order else len(order))
    ]
    columns = [Column(heading("stream")), *(Column(translate(text), is_figure=True) for text in COLUMNS.values())]
    show_grid(columns, lines, f"{title} ({translate(scale.sentence)})")
