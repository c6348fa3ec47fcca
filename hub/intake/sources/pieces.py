"""Pieces of a file on their way to batches: cut and joined to size, and with the raw text withheld where it must be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hub.intake.sources.port import Batch, Unreadable, Whole

RAW_MAX = 64 << 10
"""Of a whole file that cannot be used, and of an endless record, so much is kept."""

_WAITING_MAX = 32 << 20


def lines_from(first: int, count: int) -> pa.Int64Array:
    """Consecutive line numbers."""
    return pa.array(np.arange(first, first + count, dtype=np.int64))


def empty(columns: Iterable[str] = ()) -> pa.Table:
    """A table of text columns without rows."""
    return pa.schema([(name, pa.string()) for name in columns]).empty_table()


def joined(pieces: Iterable[Batch], rows: int) -> Iterator[Batch]:
    """The same rows in the same order in batches of ``rows``; a column that a piece lacks is null there."""
    waiting: list[Batch] = []
    count = weight = 0
    for piece in pieces:
        waiting.append(piece)
        count += piece.rows.num_rows
        weight += sum(len(bad.raw) + 256 for bad in piece.unreadable)
        if count < rows and weight < _WAITING_MAX:
            continue
        whole = _one(waiting)
        whole_batches = max(count // rows, 1)
        for i in range(whole_batches):
            yield _slice(whole, i * rows, rows, whole.unreadable if i == 0 else ())
        rest = _slice(whole, whole_batches * rows, rows, ())
        waiting, count, weight = ([rest] if rest.rows.num_rows else []), rest.rows.num_rows, 0
    if waiting:
        last = _one(waiting)
        if last.rows.num_rows or last.unreadable:
            yield last


def without_empty_rows(piece: Batch) -> Batch:
    """Rows that say nothing at all (every column null) are no records."""
    columns = piece.rows.columns
    if not columns or not piece.rows.num_rows or any(column.null_count == 0 for column in columns):
        return piece
    filled = columns[0].is_valid()
    for column in columns[1:]:
        filled = pc.or_(filled, column.is_valid())
    if pc.all(filled).as_py():
        return piece
    mask = filled.combine_chunks()
    return replace(piece, rows=piece.rows.filter(mask), lines=piece.lines.filter(mask))


def withheld(bad: Unreadable) -> Unreadable:
    """The same without its text: it could not be taken apart, so it may hold what the connector drops."""
    whole = bad.whole or Whole(hashlib.sha256(bad.raw).hexdigest(), len(bad.raw))
    found = f"{bad.found}; text withheld because of the drop list: {len(bad.raw)} bytes, sha256 {whole.sha256}"
    return replace(bad, raw=b"", found=found, whole=whole)


def withhold_all(pieces: Iterable[Batch]) -> Iterator[Batch]:
    """:func:`withheld` for every unreadable piece that still has its text."""
    for piece in pieces:
        yield replace(piece, unreadable=tuple(withheld(bad) for bad in piece.unreadable))


def _one(pieces: list[Batch]) -> Batch:
    if len(pieces) == 1:
        return pieces[0]
    tables = [piece.rows for piece in pieces if piece.rows.num_rows] or [pieces[0].rows]
    lines = pa.concat_arrays([piece.lines for piece in pieces])
    unreadable = tuple(bad for piece in pieces for bad in piece.unreadable)
    return Batch(pa.concat_tables(tables, promote_options="default"), lines, unreadable)


def _slice(whole: Batch, start: int, rows: int, unreadable: tuple[Unreadable, ...]) -> Batch:
    return Batch(whole.rows.slice(start, rows), whole.lines.slice(start, rows), unreadable)
