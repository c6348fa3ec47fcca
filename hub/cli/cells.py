"""One value as a table or tree shows it."""

from __future__ import annotations

import json
from typing import Any

from hub.cli.figures import TONNES
from hub.cli.visible import visible
from hub.cli.words import source_text, value_of
from hub.texts import translate

MASSES = {"mass_g", "debit_g", "credit_g"}
FIGURES = {
    "read", "events", "unchanged", "skipped", "quarantined", "applied", "superseded", "not_a_record", "lag_events",
    "lag_seconds",
    "mass_g", "debit_g", "credit_g", "count", "entries", "every_seconds", "tests", "partition", "end", "version",
    "records", "connectors", "lines_in_all", "entries_in_all", "record_bytes",
}  # fmt: skip
TRUTHS = {"booked", "complete", "retracted"}


def cell(column: str, value: Any) -> str:
    """``value`` of ``column``: figures with thousands separators, masses in tonnes, names in words, times by the
    city's clock; maps and lists on one line."""
    if isinstance(value, bool) or column in TRUTHS:
        return "✓" if value else "✗"
    if column in MASSES and isinstance(value, int):
        return f"{TONNES.show(value)} {translate(TONNES.sentence)}" if value else "–"
    if isinstance(value, int):
        return f"{value:,}" if column in FIGURES else str(value)
    if isinstance(value, float):
        return f"{value:,.1f}" if column in FIGURES else f"{value:g}"
    if isinstance(value, dict):
        return "; ".join(f"{visible(key)}: {source_text(below)}" for key, below in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell("", below) for below in value)
    if column == "source_key" and isinstance(value, str):
        return source_key(value)
    return value_of(column, value)


def source_key(text: str) -> str:
    """A key of one column as the text that it is, which ``explain`` takes too; else the JSON array."""
    try:
        found = json.loads(text)
    except ValueError:
        return visible(text)
    return visible(found[0] if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str) else text)
