"""Reading within one snapshot: the whole table, or what came after a cursor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from hub.errors import RequestWrong
from hub.intake.sources.layout import Namer
from hub.intake.sources.pieces import lines_from
from hub.intake.sources.port import Batch
from hub.intake.sources.sql_cursor import CursorState, bound, earlier, kind_of, may_move_to
from hub.intake.sources.sql_session import Answering, Chunk, Session, Throttle
from hub.intake.sources.sql_shape import Shape


class SqlRead:
    """One snapshot of a source. One iterator at a time: a connection streams one statement.

    Two columns that differ in case alone are delivered under two names (``a``, ``A_2``): engines fold case.
    """

    def __init__(
        self, session: Session, shape: Shape, answering: Answering, *, key: tuple[str, ...], cursor_by: str | None,
        lag_seconds: float, drop: tuple[str, ...], rows_per_second: int | None,
    ) -> None:
        self._session = session
        self._answering = answering
        self._shape = shape
        self._key = key
        self._by = cursor_by
        self._lag = lag_seconds
        self._throttle = Throttle(rows_per_second)
        self._selected = [name for name in shape.columns if name not in drop]
        namer = Namer()
        self._names = tuple(namer.name(name) for name in self._selected)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the delivered columns, in the source's order."""
        return self._names

    def count(self) -> int:
        """How many rows there are."""
        with self._answering():
            row = self._session.one(sa.select(sa.func.count()).select_from(self._shape.origin))
        return int(row[0]) if row else 0

    def duplicated_keys(self, limit: int) -> list[tuple[str, ...]]:
        """Keys (as text) that more than one row has; asks nothing where the source itself forbids them.

        Keys with a NULL in them are not among these: such a row has no key that could be read.
        """
        if any(unique <= set(self._key) for unique in self._shape.unique):
            return []
        key = self._columns(self._key)
        statement = self._select(self._key).where(*(column.is_not(None) for column in key))
        statement = statement.group_by(*key).having(sa.func.count() > 1).limit(limit)
        found: list[tuple[str, ...]] = []
        with self._answering():
            for chunk in self._session.stream(statement, self._key, limit):
                found += zip(*(column.to_pylist() for column in chunk.rows.columns), strict=True)
        return found

    def rows(self, rows: int = 50_000) -> Iterator[Batch]:
        """Every row, in the order in which the source gives them."""
        yield from self._batches(self._select(self._selected), rows, 1)

    def rows_since(self, cursor: str | None, not_after: datetime, rows: int = 50_000) -> Iterator[Batch]:
        """Rows whose cursor column is NULL, then those up to the lag before ``cursor`` again, then those after it.

        In the order of (cursor column, key). A batch's cursor is its last row's, as long as that lies not after
        ``not_after`` (aware); it is None where the cursor would not move forward.
        """
        if self._by is None:
            raise RequestWrong("the source has no cursor column")
        state = None if cursor is None else CursorState.read(cursor, len(self._key))
        by = self._column(self._by)
        line = 1
        for batch in self._batches(self._ordered(by.is_(None)), rows, line):
            line = batch.lines[-1].as_py() + 1 if len(batch.lines) else line
            yield batch
        if state is not None and self._lag > 0:
            for batch in self._batches(self._ordered(self._again(state)), rows, line):
                line = batch.lines[-1].as_py() + 1 if len(batch.lines) else line
                yield batch
        fresh = by.is_not(None) if state is None else self._after(state)
        with self._answering():
            kinds = state.types if state is not None else self._kinds()
        for batch in self._batches(self._ordered(fresh), rows, line):
            moved = self._moved(batch.rows, not_after, kinds)
            yield Batch(batch.rows, batch.lines, batch.unreadable, moved)

    def _moved(self, rows: pa.Table, not_after: datetime, kinds: tuple[str, ...]) -> str | None:
        """The cursor after the last row that is not ahead of the clock and has a whole key."""
        names = [self._names[self._selected.index(name)] for name in (self._by or "", *self._key)]
        columns = [rows.column(name) for name in names]
        for row in range(rows.num_rows - 1, -1, -1):
            by, *key = (column[row].as_py() for column in columns)
            if by is None or None in key:
                continue
            if may_move_to(by, not_after):
                return CursorState(by, tuple(key), kinds).text()
        return None

    def _kinds(self) -> tuple[str, ...]:
        """How the cursor and key columns compare, told by one row that has them all."""
        columns = self._columns((self._by or "", *self._key))
        statement = sa.select(*columns).select_from(self._shape.origin).limit(1)
        row = self._session.one(statement.where(*(column.is_not(None) for column in columns)))
        return tuple(map(kind_of, row)) if row else ("text",) * len(columns)

    def _after(self, state: CursorState) -> sa.ColumnElement[bool]:
        """(by, key) greater than the state's. A key with a NULL counts as greater: rather read twice than never."""
        by = self._column(self._by or "")
        at = self._bind(state.by, state.types[0])
        beyond: sa.ColumnElement[bool] = sa.false()
        for name, value, kind in reversed(list(zip(self._key, state.key, state.types[1:], strict=True))):
            column, mark = self._column(name), self._bind(value, kind)
            beyond = sa.or_(column > mark, column.is_(None), sa.and_(column == mark, beyond))
        # The first condition repeats what the second says, in the form that an index on the column answers.
        return sa.and_(by >= at, sa.or_(by > at, beyond))

    def _again(self, state: CursorState) -> sa.ColumnElement[bool]:
        """Not before the lag, and not what :meth:`_after` gives."""
        by, kind = self._column(self._by or ""), state.types[0]
        since = self._bind(earlier(state.by, self._lag), kind)
        return sa.and_(by >= since, by <= self._bind(state.by, kind), sa.not_(self._after(state)))

    def _bind(self, text: str, kind: str) -> sa.BindParameter[Any]:
        # Without a type: the source compares it as its own column's.
        return sa.bindparam(None, bound(text, kind), type_=sa.types.NullType())

    def _ordered(self, condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return self._select(self._selected).where(condition).order_by(*self._columns((self._by or "", *self._key)))

    def _batches(self, statement: sa.Select[Any], rows: int, line: int) -> Iterator[Batch]:
        size = self._throttle.batch(rows)
        with self._answering():
            for chunk in self._session.stream(statement, self._names, size):
                yield _batch(chunk, line)
                line += chunk.count
                self._throttle.wait(chunk.count)

    def _select(self, names: tuple[str, ...] | list[str]) -> sa.Select[Any]:
        return sa.select(*self._columns(tuple(names))).select_from(self._shape.origin)

    def _columns(self, names: tuple[str, ...]) -> list[sa.ColumnElement[Any]]:
        return [self._column(name) for name in names]

    def _column(self, name: str) -> sa.ColumnElement[Any]:
        return self._shape.origin.c[name]


def _batch(chunk: Chunk, line: int) -> Batch:
    lines = lines_from(line, chunk.count)
    bad = tuple(
        type(each)(line + row, each.raw, each.error, each.found) for row, each in chunk.unreadable
    )
    return Batch(chunk.rows, lines if chunk.kept is None else lines.take(chunk.kept), bad)
