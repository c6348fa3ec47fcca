"""The views of a SQLite store. It must start fast."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.errors import NotInOrder, StoreUnavailable
from hub.projector.views import SUM_TOO_LARGE, Row


class SqliteViews:
    """:class:`hub.projector.views.Views` of the file ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def reading(self) -> Iterator[_Reader | None]:
        """As the protocol says."""
        if not self._path.exists():
            yield None
            return
        facts = {"path": str(self._path)}
        try:
            address = f"{self._path.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
                made = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'flows_v1'").fetchone()
                yield _Reader(connection) if made else None
        except sqlite3.OperationalError as error:
            if "integer overflow" in str(error):
                raise NotInOrder("a sum in the store {path} exceeds 64 bits: {reason}",
                                 **facts, reason=str(error), remedy=SUM_TOO_LARGE) from error  # fmt: skip
            raise StoreUnavailable("the store {path} does not take or give rows: {reason}",
                                   **facts, reason=str(error)) from error  # fmt: skip
        except sqlite3.DatabaseError as error:
            raise NotInOrder("the store {path} is damaged: {reason}", **facts, reason=str(error),
                             remedy="Delete it and project again: the journal has everything.") from error  # fmt: skip


class _Reader:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """As the protocol says; ids are 16 bytes there."""
        bound = [value.bytes if isinstance(value, UUID) else value for value in values]
        cursor = self._connection.execute(statement, bound)
        names = [column[0] for column in cursor.description]
        return [
            {name: UUID(bytes=cell) if isinstance(cell, bytes) else cell for name, cell in zip(names, row, strict=True)}
            for row in cursor
        ]
