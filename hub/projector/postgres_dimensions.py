"""What many entries have in common is kept once, as a star schema does (R. Kimball, The Data Warehouse Toolkit): a
row of ``dimensions``, to which the narrow rows of ``entry_facts`` point. The view ``entries`` joins them again.

A dimension's key is a digest of what it says: known before the database is asked, and alike for all projectors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hub.projector.entries import COLUMNS, Int64s
from hub.projector.postgres_database import Database

SHARED = (
    "kind", "stream", "scheme", "code", "method", "basis", "period", "precision", "region", "department", "connector",
)  # fmt: skip
"""Columns of an entry that take few values together: no more than there are lines, times the few ways to state one.
A dimension to which no entry points any more stays until a rebuild."""
OWN = tuple(name for name in COLUMNS if name not in SHARED)
_DIGEST_BYTES = 16
_ROOM = 1 << 62
_NAMES = ", ".join(f'"{name}"' for name in SHARED)
_TEXTS = ", ".join("%s::text[]" for _ in SHARED)
VIEW = (
    "SELECT entry_facts.row_no, "
    + ", ".join(f'{"dimensions" if name in SHARED else "entry_facts"}."{name}"' for name in COLUMNS)
    + " FROM entry_facts JOIN dimensions ON dimensions.dimension = entry_facts.dimension"
)
"""The entries, wide: ``row_no``, then the columns of an entry."""


def facts(entries: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Wide rows (``row_no``, then the columns of an entry) as narrow ones, and the dimensions that they point to: each
    once, sorted by key."""
    shared = entries.select(SHARED)
    first, place = _distinct(shared)
    said = shared.take(pa.array(first))
    keys = pa.array([_key(list(row.values())) for row in said.to_pylist()], pa.string())
    narrow = entries.select(["row_no", *OWN]).add_column(1, "dimension", keys.take(pa.array(place)))
    return narrow, said.add_column(0, "dimension", keys).sort_by("dimension")


def add(database: Database, table: str, told: pa.Table) -> None:
    """Add those that are not there. By key, and after all but the lines: two projectors must not wait for each other
    in a ring."""
    database.query(
        f'INSERT INTO "{table}" (dimension, {_NAMES}) SELECT * FROM unnest(%s::bytea[], {_TEXTS})'
        " ON CONFLICT (dimension) DO NOTHING",
        *(column.to_pylist() for column in told.columns),
    )  # fmt: skip


def _key(said: Sequence[str | None]) -> str:
    """As COPY has a bytea. To make two of 128 bits alike would take 2⁶⁴ attempts."""
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return "\\x" + hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _distinct(rows: pa.Table) -> tuple[Int64s, Int64s]:
    """Where each distinct row is first, and which of those every row is."""
    place, count = np.zeros(len(rows), np.int64), 1
    for column in rows.columns:
        values, own = _coded(column.combine_chunks())
        if count * len(values) > _ROOM:
            known, place = _coded(pa.array(place))
            count = len(known)
        place, count = place * len(values) + own, count * len(values)
    known, place = _coded(pa.array(place))
    first = np.empty(len(known), np.int64)
    first[place[::-1]] = np.arange(len(rows))[::-1]
    return first, place


def _coded(cells: pa.Array) -> tuple[pa.Array, Int64s]:
    """Its distinct values, null among them, and which of those every cell is."""
    found = cells.dictionary_encode("encode")
    return found.dictionary, found.indices.to_numpy().astype(np.int64)
