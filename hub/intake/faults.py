"""Faults: what is wrong with a record, in the form in which it is kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hub.intake.mapping import ErrorBit
from hub.intake.record import MAX_RECORD_BYTES
from hub.intake.said import Origin

Faults = dict[int, list[dict[str, Any]]]
"""Row number in a batch → its faults."""

_NUL = r"[^\\](?:\\\\)*\\u0000"
"""A NUL as JSON has it; a backslash before ``u0000`` that is itself escaped is only text."""


def fault(
    name: str, error: str, expression: str = "", values: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """A fault in field ``name``: its stable error name, the expression that found it, the values that it read."""
    return {"field": name, "error": error, "expression": expression, "values": dict(values or {})}


def fault_of(bit: ErrorBit, values: Mapping[str, str | None]) -> dict[str, Any]:
    """The fault that a bit of a mapping stands for."""
    return fault(bit.field, bit.error, bit.expression, values)


def row_faults(rows: pa.Table, origins: Sequence[Origin], faults: Faults, *, scoped: bool) -> None:
    """Faults of the record as a whole: its version, its deletion mark, its length, a NUL. Added to ``faults``."""
    conditions = [
        (pc.equal(rows["version_state"], "unreadable"), "version", "VERSION_UNREADABLE"),
        (pc.equal(rows["version_state"], "future"), "version", "VERSION_IN_FUTURE"),
        (rows["deleted_failed"], "deleted", "DELETED_UNREADABLE"),
        (pc.greater(pc.binary_length(rows["rec"]), MAX_RECORD_BYTES), "record", "RECORD_TOO_LONG"),
    ]
    if scoped:
        conditions.append((pc.is_null(rows["scope"]), "scope", "SCOPE_MISSING"))
    if pc.any(rows["odd"]).as_py():
        conditions.append((pc.match_substring_regex(rows["rec"], _NUL), "record", "NUL_BYTE"))
    for mask, name, error in conditions:
        for row in rows.select(["rn", "version_text"]).filter(mask).to_pylist() if pc.any(mask).as_py() else ():
            values = {"version": row["version_text"]} if name == "version" else {}
            faults.setdefault(row["rn"], []).append(fault(name, error, values=values))
    for index, origin in enumerate(origins):
        if origin.missing:
            _columns_missing(rows.filter(pc.equal(rows["origin"], index)), origin, faults)


def _columns_missing(rows: pa.Table, origin: Origin, faults: Faults) -> None:
    missing = [fault(column, "COLUMN_MISSING", values={column: None}) for column in sorted(origin.missing)]
    for rn in rows["rn"].to_pylist():
        faults.setdefault(rn, []).extend(missing)
