"""A session with PostgreSQL. The driver's errors become the hub's here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import Query
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from hub.errors import HubError, NotInOrder, Refused, RequestWrong, StoreUnavailable
from hub.projector import postgres_arrays
from hub.projector.postgres_tables import NAMESPACE

STOPPED_SECONDS = 10
"""So long a session may say nothing in the midst of its work; then the server ends it, and what it held is free."""
_OLDEST = 15

_SETTINGS = {
    "search_path": NAMESPACE,
    "client_min_messages": "warning",
    # Compiling a statement took longer than all that it did: it is run once per batch.
    "jit": "off",
    "idle_in_transaction_session_timeout": f"{STOPPED_SECONDS}s",
    # A machine that is gone does not answer, and its session must not hold rows for hours.
    "tcp_keepalives_idle": str(STOPPED_SECONDS // 2),
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": f"{STOPPED_SECONDS}s",
}
_CONNECTING = {"connect_timeout": 10, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
               "tcp_user_timeout": 1000 * 3 * STOPPED_SECONDS}  # fmt: skip
_OVERFLOW, _NOT_ALLOWED = "22003", "42501"
_DAMAGED = {"42P01", "42703", "42883", "42804", "XX001", "XX002"}
"""A table, column or function that is not there or of another type; damaged data, a damaged index."""
# Connection, read-only server, unique key taken at the same moment, transaction state, password, database, deadlock,
# resources, locks, cancelled or shut down, system.
_PASSING = ("08", "23505", "25", "28", "3D", "40", "53", "55", "57", "58")


def engine(url: str) -> sa.Engine:
    """What makes sessions with the database of ``postgresql://…``; RequestWrong where that is no such URL."""
    try:
        made = sa.make_url(url)
        if made.get_backend_name() != "postgresql":
            raise ArgumentError("not PostgreSQL")
        return sa.create_engine(made.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool,
                                connect_args=_CONNECTING)  # fmt: skip
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise RequestWrong("the store's URL is none of PostgreSQL; write postgresql://user@host/database") from error


class Database:
    """One session, opened when it is needed and again after it was lost. One thread at a time.

    ``settings`` go over the usual ones. Raises StoreUnavailable, Refused, NotInOrder (damaged, overflow).
    """

    def __init__(self, url: str, settings: Mapping[str, str] | None = None) -> None:
        self._engine = engine(url)
        self._settings = {**_SETTINGS, **(settings or {})}
        self._connection: sa.Connection | None = None
        where = self._engine.url
        self.name = f"{where.host or 'localhost'}{f':{where.port}' if where.port else ''}/{where.database or ''}"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction. Rolled back where it raises."""
        with self.translated():
            connection = self._opened()
            try:
                with connection.begin():
                    yield
            except BaseException:
                if self._lost(connection):
                    self.close()
                raise

    def execute(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> sa.CursorResult[Any]:
        """Run a statement within a transaction; with ``rows`` once for each of them."""
        with self.translated():
            return self._standing().execute(statement, rows)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement with ``%s`` for its values within a transaction; its rows, [] where it gives none."""
        with self.translated(), self._driver().cursor() as cursor:
            cursor.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description is not None else []

    def copy_in(self, target: str, pieces: Iterable[bytes | memoryview]) -> None:
        """Send rows to ``COPY <target> FROM STDIN``."""
        with self.translated(), self._driver().cursor() as cursor, cursor.copy(f"COPY {target}".encode()) as copy:
            for piece in pieces:
                copy.write(piece)

    def copy_out(self, select: Query) -> bytes:
        """What ``COPY … TO STDOUT`` sends."""
        with self.translated(), self._driver().cursor() as cursor, cursor.copy(select) as copy:
            return b"".join(bytes(piece) for piece in copy)

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _opened(self) -> sa.Connection:
        if self._connection is not None and self._lost(self._connection):
            self.close()
        if self._connection is None:
            self._connection = self._engine.connect()
            try:
                self._begin(self._driver())
            except BaseException:
                self.close()
                raise
        return self._connection

    def _begin(self, driver: psycopg.Connection[Any]) -> None:
        """Settle how the session behaves, once it is known to be one that can be worked with."""
        version, encoding = driver.info.server_version, driver.info.parameter_status("server_encoding")
        if version < 10_000 * _OLDEST or encoding != "UTF8":
            raise Refused(
                "the store {path} is PostgreSQL {version} with {encoding}; PostgreSQL {oldest} or newer with UTF8 is"
                " needed", path=self.name, version=version // 10_000, encoding=encoding, oldest=_OLDEST,
            )  # fmt: skip
        postgres_arrays.register(driver)
        for name, value in self._settings.items():
            driver.execute("SELECT set_config(%s, %s, false)", (name, value))
        driver.commit()

    @staticmethod
    def _lost(connection: sa.Connection) -> bool:
        driver = None if connection.invalidated else connection.connection.driver_connection
        return driver is None or bool(driver.closed)

    def _standing(self) -> sa.Connection:
        if self._connection is None or self._connection.invalidated:
            raise StoreUnavailable("the session with the store {path} was ended", path=self.name)
        return self._connection

    def _driver(self) -> psycopg.Connection[Any]:
        driver = self._standing().connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError(type(driver))
        return driver

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Say what the driver says as one of the hub's errors; a statement that is wrong in itself stays a bug."""
        try:
            yield
        except (DBAPIError, psycopg.Error, OSError) as error:
            told = error.orig if isinstance(error, DBAPIError) else error
            translated = self._error(told or error)
            if translated is None:
                raise
            raise translated from error

    def _error(self, error: BaseException) -> HubError | None:
        state = getattr(error, "sqlstate", None) or ""
        facts = {"path": self.name, "reason": " ".join(str(error).split())[:300]}
        if state == _OVERFLOW:
            return NotInOrder("a sum in the store {path} exceeds 64 bits: {reason}", **facts)
        if state == _NOT_ALLOWED:
            return Refused("the store {path} does not allow it: {reason}", **facts,
                           remedy="Give the hub's role the right to make the schema hub and to write in it.")  # fmt: skip
        if state in _DAMAGED:
            return NotInOrder("the store {path} is damaged: {reason}", **facts,
                              remedy="Drop its schema hub and project again: the journal has everything.")  # fmt: skip
        if state and not state.startswith(_PASSING):
            return None
        return StoreUnavailable(
            "the store {path} does not take or give rows: {reason}", **facts,
            remedy="Look whether the server is there and lets this hub in; what was not done is done at the next try.",
        )  # fmt: skip
