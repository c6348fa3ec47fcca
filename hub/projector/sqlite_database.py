"""The store's SQLite file: one connection, one writer at a time. Its errors become the hub's here and nowhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from hub.errors import HubError, NotInOrder, StoreUnavailable
from hub.projector.views import SUM_TOO_LARGE

PAGE_SIZE = 8192
"""Of the store and of what is attached to it: bulk writes take a third less than with 4096."""

_SETTINGS = (
    f"PRAGMA page_size = {PAGE_SIZE}",
    "PRAGMA journal_mode = WAL",
    # The journal is the truth: losing the last commits at a power cut loses rows and position together.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -262144",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 4000",
)
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_OVERFLOW = ("cannot store REAL", "integer overflow")


class Database:
    """The file ``path``, made where there is none. Raises StoreUnavailable, NotInOrder (damaged, overflow)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
            for setting in _SETTINGS:
                self._connection.execute(setting)

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a SELECT by column."""
        with self._translated():
            cursor = self._connection.execute(statement, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        with self._translated():
            return self._connection.execute(statement).fetchall()

    def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run one statement."""
        with self._translated():
            self._connection.execute(statement, values)

    def write(self, statement: str, rows: Iterable[Sequence[Any]] | pa.Table) -> None:
        """Run one statement per row; its parameters are the row's cells, in order."""
        if isinstance(rows, pa.Table):
            rows = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        with self._translated():
            self._connection.executemany(statement, rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; the only writer from its beginning. Rolled back where it raises."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def attached(self, path: Path) -> Iterator[None]:
        """Another file under the name ``stage``; removed afterwards."""
        self.execute("ATTACH ? AS stage", (str(path),))
        try:
            yield
        finally:
            self.execute("DETACH stage")
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        self._connection.close()

    def _roll_back(self) -> None:
        try:
            self.execute("ROLLBACK")
        except HubError:
            # SQLite has rolled back by itself (disk full, I/O error): the first error is the one to tell.
            return

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(error) from error
        except OSError as error:
            raise StoreUnavailable("the store {path} does not take or give rows: {reason}",
                                   path=str(self._path), reason=str(error)) from error  # fmt: skip

    def _error(self, error: sqlite3.Error) -> HubError:
        facts = {"path": str(self._path), "reason": str(error)[:300]}
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            return NotInOrder("the store {path} is damaged: {reason}", **facts,
                              remedy="Delete it and project again: the journal has everything.")  # fmt: skip
        if any(text in str(error) for text in _OVERFLOW):
            return NotInOrder("a sum in the store {path} exceeds 64 bits: {reason}", **facts, remedy=SUM_TOO_LARGE)
        return StoreUnavailable("the store {path} does not take or give rows: {reason}", **facts)
