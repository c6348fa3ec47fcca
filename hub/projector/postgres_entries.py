"""Entries in PostgreSQL: those that stand read, those that win written, a batch at a time.

Whoever folds an entity locks its key first, in the order of the keys: two projectors that were told of one entity
(which a journal whose partitions were changed can do) fold one after the other, and never wait in a ring.
"""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from pyarrow import csv

from hub.projector.entries import COLUMNS, SCHEMA, Int64s, Statements, blobs, statements
from hub.projector.fold import Folded
from hub.projector.postgres_arrays import copied, packed
from hub.projector.postgres_database import Database
from hub.projector.postgres_tables import ROW_NUMBERS

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
ENTRY_ROWS = f"entries (row_no, {_NAMES}) FROM STDIN (FORMAT csv)"
KEY_ROWS = "entry_keys (entity_id, revision, restated, event_id, row_no) FROM STDIN (FORMAT binary)"
PAST_ROWS = "past (entity_id, revision, restated, event_id, partition, position) FROM STDIN (FORMAT binary)"
_SHAPE = SCHEMA.insert(0, pa.field("row_no", pa.int64()))
# A null is an empty cell, an empty text is written "".
_AS_WRITTEN = csv.WriteOptions(include_header=False, quoting_style="needed")
_LAID_OUT = csv.ReadOptions(column_names=_SHAPE.names, use_threads=False)
_QUOTED = csv.ParseOptions(newlines_in_values=True)
_AS_READ = csv.ConvertOptions(
    column_types=dict(zip(_SHAPE.names, _SHAPE.types, strict=True)), null_values=[""], strings_can_be_null=True,
    quoted_strings_can_be_null=False,
)  # fmt: skip


def written(rows: pa.Table) -> bytes:
    """Rows as CSV."""
    out = io.BytesIO()
    csv.write_csv(rows, out, _AS_WRITTEN)
    return out.getvalue()


def read_back(data: bytes) -> pa.Table:
    """CSV as rows: ``row_no``, then the columns of an entry."""
    return csv.read_csv(pa.BufferReader(data), _LAID_OUT, _QUOTED, _AS_READ)


def standing(database: Database, new: Statements) -> tuple[Int64s, Statements]:
    """The entries of these entities, and their row numbers; nobody else changes them until the transaction ends."""
    found = database.query(
        "SELECT row_no FROM entry_keys WHERE entity_id = ANY(%s) ORDER BY entity_id FOR UPDATE",
        packed(blobs(np.unique(new.entity, axis=0))),
    )
    if not found:
        return np.empty(0, np.int64), statements(SCHEMA.empty_table())
    numbers = ",".join(str(number) for (number,) in found)
    select = f"(SELECT row_no, {_NAMES} FROM entries WHERE row_no = ANY('{{{numbers}}}')) TO STDOUT (FORMAT csv)"
    rows = read_back(database.copy_out(select))
    return np.asarray(rows.column("row_no").to_numpy(), np.int64), statements(rows)


def write(database: Database, new: Statements, folded: Folded, old_numbers: Int64s) -> None:
    """New entities get the next row numbers, in the order of the journal: neighbours in time stay neighbours."""
    inserted, numbers = np.sort(folded.inserted), old_numbers[folded.replaced]
    _take_out(database, numbers)
    chosen = np.concatenate([inserted, folded.updated])
    fresh = _numbers(database, len(inserted))
    if len(chosen):
        rows = new.rows.take(pa.array(chosen)).add_column(0, "row_no", pa.array(np.concatenate([fresh, numbers])))
        database.copy_in(ENTRY_ROWS, [written(rows)])
    place = np.empty(len(new), np.int64)
    place[inserted] = fresh
    if len(inserted):
        database.copy_in(KEY_ROWS, [copied(_keys(new, folded.inserted, place[folded.inserted]))])
    if len(folded.updated):
        keys = _keys(new, folded.updated, numbers)
        database.query(
            "UPDATE entry_keys SET revision = told.revision, restated = told.restated, event_id = told.event_id"
            " FROM unnest(%s, %s, %s, %s) AS told (entity_id, revision, restated, event_id)"
            " WHERE entry_keys.entity_id = told.entity_id",
            *(packed(column) for column in keys.columns[:4]),
        )


def write_past(database: Database, past: pa.Table) -> None:
    """Note where the events stand that are not their entity's newest; each at its lowest place."""
    if len(past):
        database.query(
            "INSERT INTO past SELECT * FROM unnest(%s, %s, %s, %s, %s, %s) AS told"
            " ON CONFLICT (entity_id, revision, restated, event_id) DO UPDATE"
            " SET partition = excluded.partition, position = excluded.position"
            " WHERE (excluded.position, excluded.partition) < (past.position, past.partition)",
            *(packed(column) for column in past.columns),
        )


def _take_out(database: Database, numbers: Int64s) -> None:
    if len(numbers):
        database.query("DELETE FROM entries WHERE row_no = ANY(%s)", packed(pa.array(numbers)))


def _numbers(database: Database, count: int) -> Int64s:
    """So many row numbers that nobody else gets."""
    size = ROW_NUMBERS.increment or 1
    firsts = database.query("SELECT nextval('row_numbers') FROM generate_series(1, %s)", -(-count // size))
    blocks = [np.arange(first, first + size) for (first,) in firsts]
    return np.concatenate([np.empty(0, np.int64), *blocks])[:count]


def _keys(new: Statements, index: Int64s, numbers: Int64s) -> pa.Table:
    """Rows of entry_keys."""
    columns = [
        blobs(new.entity[index]), pa.array(new.numbers("revision")[index]), pa.array(new.numbers("restated")[index]),
        blobs(new.event[index]), pa.array(numbers),
    ]  # fmt: skip
    return pa.table(columns, names=["entity_id", "revision", "restated", "event_id", "row_no"])
