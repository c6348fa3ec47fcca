"""Parquet: row groups one after the other, every type rendered to text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hub.intake.sources.layout import FileUnusable, columns_of
from hub.intake.sources.pieces import lines_from
from hub.intake.sources.port import Batch, Unreadable
from hub.intake.sources.text import canonical, string_array, text_of

_ROWS = 50_000
_CAST_SAYS_IT = (
    pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_integer, pa.types.is_date,
    pa.types.is_boolean, pa.types.is_null,
)


def read_parquet(path: Path, drop: Sequence[str]) -> Iterator[Batch]:
    """The rows of a Parquet file; lines are row numbers from 1. FileUnusable: FILE_UNREADABLE TOO_MANY_COLUMNS."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            columns = columns_of(schema.names, drop)
            leaves = _leaves(schema, columns.kept)
            # All of it once before any of it is given: a page that is damaged further down must not leave half of the
            # file counted and the whole of it set aside.
            for _ in _batches(file, leaves):
                pass
            line = 1
            for batch in _batches(file, leaves):
                yield _piece(batch, columns.delivered, line)
                line += batch.num_rows
    except (pa.ArrowException, OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise FileUnusable("FILE_UNREADABLE", f"not a whole Parquet file: {error}") from error


def _batches(file: pq.ParquetFile, leaves: list[str]) -> Iterator[pa.RecordBatch]:
    for group in range(file.num_row_groups):
        yield from file.iter_batches(_ROWS, row_groups=[group], columns=leaves)


def _leaves(schema: pa.Schema, kept: Sequence[int]) -> list[str]:
    return [schema.names[index] for index in kept]


def _piece(batch: pa.RecordBatch, names: Sequence[str], line: int) -> Batch:
    texts = [texts_of(column) for column in batch.columns]
    lines = lines_from(line, batch.num_rows)
    faults = [_faulty(text) for text in texts]
    bad_rows = sorted({row for fault in faults for row in fault})
    if not bad_rows:
        return Batch(pa.table(texts, names=list(names)), lines)
    keep = pa.array([row not in set(bad_rows) for row in range(batch.num_rows)])
    bad = tuple(_unreadable(texts, names, row, line + row) for row in bad_rows)
    kept = pa.table([text.filter(keep) for text in texts], names=list(names))
    return Batch(kept, lines.filter(keep), bad)


def texts_of(column: pa.Array) -> pa.Array:
    """An Arrow column of any type as ``string``, as :mod:`hub.intake.sources.port` says; bad UTF-8 stays as it is."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return texts_of(column.dictionary_decode())
    if any(is_kind(kind) for is_kind in _CAST_SAYS_IT):
        return column.cast(pa.string())
    if pa.types.is_timestamp(kind):
        return _timestamps(column)
    if pa.types.is_time(kind):
        return _plain_fraction(column.cast(pa.string()))
    try:
        return string_array(column.to_pylist())
    except (ValueError, OverflowError):
        return pa.array([_text_within(column, row) for row in range(len(column))], pa.string())


def _text_within(column: pa.Array, row: int) -> str | None:
    """One value; a time or duration that Python's own cannot hold comes as Arrow shows it."""
    try:
        return text_of(column[row].as_py())
    except (ValueError, OverflowError):
        return " ".join(column.slice(row, 1).to_string().split())


def _timestamps(column: pa.Array) -> pa.Array:
    if column.type.tz is None:
        return _plain_fraction(pc.strftime(column, "%Y-%m-%d %H:%M:%S"))
    zoned = pc.strftime(column, "%Y-%m-%d %H:%M:%S%z")
    return pc.replace_substring_regex(_plain_fraction(zoned), r"([+-]\d\d)(\d\d)$", r"\1:\2")


def _plain_fraction(texts: pa.Array) -> pa.Array:
    """Without a fraction of a second that is nothing."""
    return pc.replace_substring_regex(texts, r"\.0+([+-]|$)", r"\1")


def _faulty(text: pa.Array) -> set[int]:
    """Rows whose text is not valid UTF-8 or has a NUL in it."""
    try:
        text.validate(full=True)
        if not pc.any(pc.match_substring(text, "\0")).as_py():
            return set()
    except pa.ArrowInvalid:
        pass
    return {row for row, raw in enumerate(text.cast(pa.binary()).to_pylist()) if raw is not None and not _readable(raw)}


def _readable(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw


def _unreadable(texts: Sequence[pa.Array], names: Sequence[str], row: int, line: int) -> Unreadable:
    record: dict[str, Any] = {}
    error, found = "ENCODING", ""
    for name, text in zip(names, texts, strict=True):
        raw = text[row].cast(pa.binary()).as_py()
        if raw is None:
            continue
        if not _readable(raw):
            error, found = ("NUL_BYTE" if b"\0" in raw else "ENCODING"), found or f"in column {name}"
        record[name] = raw.decode("utf-8", "backslashreplace")
    return Unreadable(line, canonical(record).encode(), error, found)
