"""Entries in PostgreSQL: those that stand read, those that win written, a bundle at a time.

An entry's row number is the place of its event, so that rows can be made ready before the store is asked.
Whoever folds an entity locks its key first, in the order of the keys: two projectors that were told of one entity
(which a journal whose partitions were changed can do) fold one after the other, and never wait in a ring.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import csv

from hub.projector import postgres_dimensions as dimensions
from hub.projector.description import must_be_whole
from hub.projector.entries import COLUMNS, SCHEMA, Int64s, Statements, blobs, statements
from hub.projector.fold import Folded, fold
from hub.projector.linear import Linear
from hub.projector.postgres_arrays import Packed, copied, packed
from hub.projector.postgres_database import Database

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_OWN = ", ".join(f'"{name}"' for name in dimensions.OWN)
FACT_ROWS = f"entry_facts (row_no, dimension, {_OWN}) FROM STDIN (FORMAT csv)"
KEY_ROWS = "entry_keys (entity_id, revision, restated, event_id, row_no) FROM STDIN (FORMAT binary)"
PAST_ROWS = "past (entity_id, revision, restated, event_id, partition, position) FROM STDIN (FORMAT binary)"
KEY_NAMES = ["entity_id", "revision", "restated", "event_id", "row_no"]
NONE = statements(SCHEMA.empty_table())
_PARTITION_BITS = 16
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
    """Rows as CSV. In one piece each column: of a piece without rows Arrow writes those before it again (GH-36889)."""
    out = io.BytesIO()
    csv.write_csv(rows.combine_chunks(), out, _AS_WRITTEN)
    return out.getvalue()


def read_back(data: bytes) -> pa.Table:
    """CSV as rows: ``row_no``, then the columns of an entry."""
    return csv.read_csv(pa.BufferReader(data), _LAID_OUT, _QUOTED, _AS_READ)


@dataclass(frozen=True)
class Coming:
    """What statements come to: the fold, and its rows as they are sent. ``entities``: all of them, each once, sorted."""

    new: Statements
    folded: Folded
    sums: pa.Table
    entities: Packed
    facts: bytes
    dimensions: pa.Table
    keys: bytes


def coming(new: Statements, old: Statements, linear: Linear) -> Coming:
    """``old``: the entries of all entities in ``new`` that have one. Neighbours in the journal stay neighbours."""
    folded = fold(new, old)
    numbers = place_numbers(new.rows)
    came = np.concatenate([folded.inserted, folded.updated])
    came = came[np.argsort(numbers[came])]  # to the end of an index goes what comes in its order
    rows = new.rows.take(pa.array(came)).add_column(0, "row_no", pa.array(numbers[came]))
    facts, shared = dimensions.facts(rows)
    entities = new.entity[folded.inserted] if not len(old) else np.unique(new.entity, axis=0)
    return Coming(
        new=new, folded=folded, sums=linear.sums(folded.changes), entities=packed(blobs(entities)),
        facts=written(facts), dimensions=shared, keys=copied(_keys(new, folded.inserted)),
    )  # fmt: skip


def place_numbers(entries: pa.Table) -> Int64s:
    """The row numbers of entries."""
    places = (np.asarray(entries.column(name).to_numpy(), np.int64) for name in ("position", "partition"))
    position, partition = places
    return (position << _PARTITION_BITS) + partition


def standing(database: Database, entities: Packed) -> tuple[Int64s, Statements]:
    """The entries of these entities, and their row numbers; nobody else changes them until the transaction ends."""
    found = database.query(
        "SELECT row_no FROM entry_keys WHERE entity_id = ANY(%s) ORDER BY entity_id FOR UPDATE", entities
    )
    if not found:
        return np.empty(0, np.int64), NONE
    numbers = ",".join(str(number) for (number,) in found)
    written_rows = database.copy_out(
        f"(SELECT row_no, {_NAMES} FROM entries WHERE row_no = ANY('{{{numbers}}}')) TO STDOUT (FORMAT csv)"
    )
    rows = read_back(written_rows) if written_rows else NONE.rows.add_column(0, "row_no", pa.array([], pa.int64()))
    must_be_whole(len(found), len(rows), path=database.name)
    return np.asarray(rows.column("row_no").to_numpy(), np.int64), statements(rows)


def write(database: Database, told: Coming, old_numbers: Int64s) -> None:
    """Put the entries that come in the place of those that go."""
    folded = told.folded
    if len(folded.updated):
        gone = pa.array(old_numbers[folded.replaced])
        database.query("DELETE FROM entry_facts WHERE row_no = ANY(%s)", packed(gone))
        keys = _keys(told.new, folded.updated)
        database.query(
            "UPDATE entry_keys SET revision = told.revision, restated = told.restated, event_id = told.event_id,"
            " row_no = told.row_no FROM unnest(%s, %s, %s, %s, %s) AS told (entity_id, revision, restated, event_id, row_no)"
            " WHERE entry_keys.entity_id = told.entity_id",
            *map(packed, keys.columns),
        )
    if len(folded.inserted) or len(folded.updated):
        database.copy_in(FACT_ROWS, [told.facts])
    if len(folded.inserted):
        database.copy_in(KEY_ROWS, [told.keys])
    if len(folded.past):
        database.query(
            "INSERT INTO past SELECT * FROM unnest(%s, %s, %s, %s, %s, %s) AS told"
            " ON CONFLICT (entity_id, revision, restated, event_id) DO UPDATE"
            " SET partition = excluded.partition, position = excluded.position"
            " WHERE (excluded.position, excluded.partition) < (past.position, past.partition)",
            *map(packed, folded.past.columns),
        )


def _keys(new: Statements, index: Int64s) -> pa.Table:
    """Rows of entry_keys."""
    columns = [
        blobs(new.entity[index]), pa.array(new.numbers("revision")[index]), pa.array(new.numbers("restated")[index]),
        blobs(new.event[index]), pa.array(place_numbers(new.rows)[index]),
    ]  # fmt: skip
    return pa.table(columns, names=KEY_NAMES)
