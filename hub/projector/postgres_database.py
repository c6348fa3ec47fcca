"""A session with PostgreSQL. The driver's errors become the hub's here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from hub.errors import StoreUnavailable
from hub.projector.postgres_arrays import register
from hub.projector.postgres_server import SEE_SERVER, Server

# Shorter than deadlock_timeout: who only reads must never be the one to be sent away.
_LOCK_MILLISECONDS, _LOCK_NOT_AVAILABLE = 400, "55P03"


class Database:
    """One session, opened when it is needed and again after it was lost. One thread at a time.

    ``settings`` go over the usual ones. Raises StoreUnavailable, Refused, NotInOrder (damaged, overflow).
    """

    def __init__(self, server: Server, settings: Mapping[str, str]) -> None:
        self._server, self._settings = server, settings
        self._engine = sa.create_engine("postgresql+psycopg://", creator=self._connect, poolclass=sa.NullPool)
        self._connection: sa.Connection | None = None
        self.name = server.name

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction. Rolled back where it raises."""
        with self._translated():
            connection = self._opened()
            try:
                with connection.begin():
                    yield
            except BaseException:
                if _lost(connection):
                    self.close()
                raise

    def begin(self) -> None:
        """Begin a transaction that ``commit`` ends, or ``close`` undoes."""
        with self._translated():
            self._opened().begin()

    def commit(self) -> None:
        """End it."""
        with self._translated():
            self._standing().commit()

    def execute(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> sa.CursorResult[Any]:
        """Run a statement within a transaction; with ``rows`` once for each of them."""
        with self._translated():
            return self._standing().execute(statement, rows)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement with ``%s`` for its values within a transaction; its rows, [] where it gives none."""
        with self._translated(), self._driver().cursor() as cursor:
            cursor.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description is not None else []

    def copy_in(self, target: str, pieces: Iterable[bytes | memoryview]) -> None:
        """Send rows to ``COPY <target>``."""
        with self._translated(), self._driver().cursor() as cursor, cursor.copy(f"COPY {target}".encode()) as copy:
            for piece in pieces:
                copy.write(piece)

    def copy_out(self, source: str) -> bytes:
        """What ``COPY <source>`` sends."""
        with self._translated(), self._driver().cursor() as cursor, cursor.copy(f"COPY {source}".encode()) as copy:
            return b"".join(bytes(piece) for piece in copy)

    def lock(self, names: Sequence[str]) -> bool:
        """Lock tables and views against everybody within a transaction; False where others use them for too long."""
        listed = ", ".join(f'"{name}"' for name in names)
        with self._translated():
            nested = self._standing().begin_nested()
            try:
                self.query(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
                self.query(f"LOCK TABLE {listed} IN ACCESS EXCLUSIVE MODE")
                self.query("SET LOCAL lock_timeout = 0")
            except StoreUnavailable as error:
                if getattr(error.__cause__, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
                nested.rollback()
                return False
            nested.commit()
            return True

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection[Any]:
        connection = self._server.connect(self._settings)
        register(connection)
        return connection

    def _opened(self) -> sa.Connection:
        if self._connection is not None and _lost(self._connection):
            self.close()
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _standing(self) -> sa.Connection:
        if self._connection is None or self._connection.invalidated:
            raise StoreUnavailable("the session with the store {path} was ended", path=self.name, remedy=SEE_SERVER)
        return self._connection

    def _driver(self) -> psycopg.Connection[Any]:
        driver = self._standing().connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError(type(driver))
        return driver

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, psycopg.Error, OSError) as error:
            translated = self._server.error(error.orig or error if isinstance(error, DBAPIError) else error)
            if translated is None:
                raise
            raise translated from error


def _lost(connection: sa.Connection) -> bool:
    driver = None if connection.invalidated else connection.connection.driver_connection
    return driver is None or bool(driver.closed)
