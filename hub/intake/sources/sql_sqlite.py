"""SQLite as a source: the standard driver, values as bytes, so that one bad text does not end the reading."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from hub.intake.sources.port import Unreadable
from hub.intake.sources.sql_session import Chunk, Session
from hub.intake.sources.text import canonical, float_text

_PIECE = 2_000
_STEPS = 50_000
"""Instructions of SQLite's machine between two looks at the clock: some milliseconds."""


class SqliteSession(Session):
    """A read-only connection in one read transaction."""

    def begin(self) -> None:
        """A deferred BEGIN takes its snapshot with the first read: so one is made at once."""
        self._deadline = float("inf")
        if self.timeout:
            self._raw.set_progress_handler(lambda: int(time.monotonic() > self._deadline), _STEPS)
        for statement in ("PRAGMA query_only = 1", "BEGIN", "SELECT count(*) FROM sqlite_schema"):
            self.connection.exec_driver_sql(statement).close()

    def stream(self, statement: sa.Select[Any], names: Sequence[str], rows: int) -> Iterator[Chunk]:
        """As text: integers as they are, floats at full precision, blobs in hex (as the text they are in text columns)."""
        text, parameters = self._compiled(statement, names)
        self._raw.text_factory = bytes
        try:
            with self.watch():
                cursor = self._raw.execute(text, parameters)
            while True:
                with self.watch():
                    columns = _fetch(cursor, rows)
                if not columns:
                    return
                yield _chunk(columns, names)
        finally:
            self._raw.text_factory = str

    @property
    def _raw(self) -> sqlite3.Connection:
        return cast(sqlite3.Connection, self.connection.connection.driver_connection)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """By SQLite's own look at the clock, in the reading thread."""
        self._deadline = time.monotonic() + self.timeout if self.timeout else float("inf")
        try:
            yield
        finally:
            self._deadline = float("inf")

    def _compiled(self, statement: sa.Select[Any], names: Sequence[str]) -> tuple[str, Sequence[Any]]:
        """The statement with each column as text, by the type that each single value has (SQLite's are dynamic)."""
        compiled = statement.with_only_columns(*map(_as_text, statement.selected_columns)).compile(
            dialect=self.connection.dialect
        )
        return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]


def _as_text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, sa.String):
        return column
    kind = sa.func.typeof(column)
    return sa.case(
        (kind == sa.literal_column("'blob'"), sa.func.hex(column)),
        (kind == sa.literal_column("'integer'"), sa.cast(column, sa.Text)),
        else_=column,
    )


def _fetch(cursor: sqlite3.Cursor, rows: int) -> list[pa.BinaryArray]:
    """Up to ``rows`` rows by column; [] at the end. In pieces that fit the processor's cache: a third faster."""
    pieces: list[list[pa.BinaryArray]] = []
    while rows > 0 and (part := cursor.fetchmany(min(rows, _PIECE))):
        pieces.append([_binary(column) for column in zip(*part, strict=True)])
        rows -= len(part)
    return [pa.concat_arrays(arrays) for arrays in zip(*pieces, strict=True)]


def _chunk(columns: list[pa.BinaryArray], names: Sequence[str]) -> Chunk:
    try:
        texts = [column.cast(pa.string()) for column in columns]
    except pa.ArrowInvalid:
        texts = None
    if texts is not None and not any(pc.any(pc.match_substring(text, "\0")).as_py() for text in texts):
        return Chunk(pa.table(texts, names=list(names)), len(columns[0]))
    return _with_bad_rows(columns, names)


def _binary(column: tuple[Any, ...]) -> pa.BinaryArray:
    try:
        return pa.array(column, pa.binary())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array([_as_bytes(value) for value in column], pa.binary())


def _as_bytes(value: bytes | float | None) -> bytes | None:
    if isinstance(value, int):
        return str(value).encode()
    return float_text(value).encode() if isinstance(value, float) else value


def _with_bad_rows(columns: Sequence[pa.BinaryArray], names: Sequence[str]) -> Chunk:
    good: list[int] = []
    bad: list[tuple[int, Unreadable]] = []
    for row, values in enumerate(zip(*(column.to_pylist() for column in columns), strict=True)):
        faults = [(name, value) for name, value in zip(names, values, strict=True) if value is not None and _bad(value)]
        if not faults:
            good.append(row)
            continue
        record = {
            name: value.decode("utf-8", "backslashreplace")
            for name, value in zip(names, values, strict=True) if value is not None
        }
        name, value = faults[0]
        error = "NUL_BYTE" if b"\0" in value else "ENCODING"
        bad.append((row, Unreadable(None, canonical(record).encode(), error, f"in column {name}")))
    kept = pa.array(good, pa.int64())
    texts = [column.take(kept).cast(pa.string()) for column in columns]
    return Chunk(pa.table(texts, names=list(names)), len(columns[0]), kept, tuple(bad))


def _bad(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return b"\0" in value
