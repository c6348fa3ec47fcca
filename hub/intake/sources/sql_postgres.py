"""PostgreSQL as a source: COPY out as CSV, read by Arrow; texts as PostgreSQL itself prints them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from itertools import islice
from typing import Any, cast

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import sqlalchemy as sa

from hub.intake.sources.pieces import empty
from hub.intake.sources.port import Unreadable
from hub.intake.sources.sql_session import Chunk, Session
from hub.intake.sources.text import NumberText, canonical

_BYTEA, _FLOATS, _JSONS = 17, (700, 701), (114, 3802)


class PostgresSession(Session):
    """REPEATABLE READ, READ ONLY; times in Asia/Shanghai, ISO."""

    def begin(self) -> None:
        """The snapshot is taken with the first statement after these."""
        say = self.connection.exec_driver_sql
        say("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for setting, value in (
            ("TimeZone", "Asia/Shanghai"), ("DateStyle", "ISO, YMD"), ("IntervalStyle", "postgres"),
            ("client_encoding", "UTF8"), ("extra_float_digits", "1"),
        ):
            say(f"SET LOCAL {setting} = '{value}'")

    def stream(self, statement: sa.Select[Any], names: Sequence[str], rows: int) -> Iterator[Chunk]:
        """By COPY; every message of it is one row."""
        kinds = self._kinds(statement)
        texts = [_as_text(column, kind) for column, kind in zip(statement.selected_columns, kinds, strict=True)]
        compiled = statement.with_only_columns(*texts).compile(dialect=self.connection.dialect)
        # Where nothing is to be bound, the driver leaves the doubled percent signs as they are.
        text = str(compiled) if compiled.params else str(compiled).replace("%%", "%")
        copying = f"COPY ({text}) TO STDOUT (FORMAT csv)".encode()
        with ExitStack() as stack:
            cursor = stack.enter_context(self._raw.cursor())
            with self.watch():
                messages = iter(stack.enter_context(cursor.copy(copying, compiled.params)))
            while part := self._take(messages, rows):
                yield _chunk(part, names, kinds)

    def interrupt(self) -> None:
        """Ask the server to cancel the statement."""
        self._raw.cancel()

    @property
    def _raw(self) -> psycopg.Connection[Any]:
        return cast("psycopg.Connection[Any]", self.connection.connection.driver_connection)

    def _kinds(self, statement: sa.Select[Any]) -> list[int]:
        """The types of the columns, by their numbers in pg_type."""
        with self.connection.execute(statement.limit(0)) as result:
            return [cast(int, column[1]) for column in result.cursor.description or ()]

    def _take(self, messages: Iterator[Any], rows: int) -> list[bytes]:
        with self.watch():
            return [bytes(message) for message in islice(messages, rows)]


def _as_text(column: sa.ColumnElement[Any], kind: int) -> sa.ColumnElement[Any]:
    return sa.func.encode(column, "hex") if kind == _BYTEA else sa.cast(column, sa.Text)


def _chunk(part: list[bytes], names: Sequence[str], kinds: Sequence[int]) -> Chunk:
    try:
        return Chunk(_table(part, names, kinds), len(part))
    except pa.ArrowInvalid:
        good = [row for row, raw in enumerate(part) if _is_text(raw)]
        if len(good) == len(part):
            raise
    bad = tuple(
        (row, Unreadable(None, raw.rstrip(b"\n"), "ENCODING", "not UTF-8"))
        for row, raw in enumerate(part) if not _is_text(raw)
    )
    return Chunk(_table([part[row] for row in good], names, kinds), len(part), pa.array(good, pa.int64()), bad)


def _table(part: list[bytes], names: Sequence[str], kinds: Sequence[int]) -> pa.Table:
    if not part:
        return empty(names)
    block = b"".join(part)
    table = pa.csv.read_csv(
        pa.BufferReader(block),
        pa.csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=list(names)),
        pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        pa.csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, null_values=[""], strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return pa.table([_plain(column, kind) for column, kind in zip(table.columns, kinds, strict=True)], list(names))


def _plain(column: pa.ChunkedArray, kind: int) -> pa.ChunkedArray:
    """Floats without an exponent, JSON in its canonical form; all else as it is printed."""
    if kind in _FLOATS and pc.any(pc.match_substring(column, "e")).as_py():
        return _mapped(column, lambda text: format(Decimal(text), "f") if "e" in text else text)
    return _mapped(column, _canonical_json) if kind in _JSONS else column


def _mapped(column: pa.ChunkedArray, change: Callable[[str], str]) -> pa.ChunkedArray:
    values = [text if text is None else change(text) for text in column.to_pylist()]
    return pa.chunked_array([pa.array(values, pa.string())])


def _canonical_json(text: str) -> str:
    try:
        return canonical(json.loads(text, parse_float=NumberText, parse_int=NumberText))
    except RecursionError:
        return text


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
