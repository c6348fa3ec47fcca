"""Databases of departments: one read-only look at a table or a query, in batches of text.

``open`` gives one snapshot: all that is read through it shows the source at one moment. Nothing is ever written: the
transaction is read-only in the source's own terms, and a query must be one SELECT.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from hub.errors import ConfigWrong, Problem, RequestWrong, SourceUnavailable
from hub.intake.sources.sql_mysql import MysqlSession
from hub.intake.sources.sql_postgres import PostgresSession
from hub.intake.sources.sql_read import SqlRead
from hub.intake.sources.sql_session import Answering, Session, translated
from hub.intake.sources.sql_shape import nearest, shape_of
from hub.intake.sources.sql_sqlite import SqliteSession

CONNECT_SECONDS = 10


@dataclass(frozen=True)
class SqlSource:
    """A table, or a query in the source's own dialect, behind an SQLAlchemy ``url`` (secrets already resolved).

    A relative SQLite path counts from ``folder``. ``key`` names the columns that tell rows apart; ``cursor_by`` the
    one that grows when a row is written. Dropped columns are not even selected. ``rows_per_second`` and
    ``statement_timeout_seconds`` spare the source: the first is kept between batches, the second bounds every single
    statement and, while rows stream, the wait for the next of them.
    """

    url: str
    folder: Path
    table: str | None
    query: str | None
    key: tuple[str, ...]
    cursor_by: str | None = None
    lag_seconds: float = 0.0
    drop: tuple[str, ...] = ()
    rows_per_second: int | None = None
    statement_timeout_seconds: float | None = None

    @contextmanager
    def open(self) -> Iterator[SqlRead]:
        """One snapshot of the source.

        SourceUnavailable where it does not answer, is not there, or takes longer than it may; ConfigWrong where a
        table or column does not exist; RequestWrong for an address or a query that can never work.
        """
        url = self._url()
        answering = partial(translated, url)
        with ExitStack() as stack:
            # Only the source's own calls are translated: what the caller does meanwhile is none of it.
            with answering():
                engine = self._engine(url)
                stack.callback(engine.dispose)
                connection = _connect(engine)
                stack.callback(_close, connection)
                read = self._read(_session(connection, self.statement_timeout_seconds), answering)
            yield read

    def _read(self, session: Session, answering: Answering) -> SqlRead:
        session.begin()
        with session.watch():
            shape = shape_of(session.connection, self.table, self.query)
        wanted = [*self.key, *([self.cursor_by] if self.cursor_by else []), *self.drop]
        missing = [name for name in dict.fromkeys(wanted) if name not in shape.columns]
        if missing:
            raise ConfigWrong([_no_column(name, shape.columns, self.table or "the query") for name in missing])
        return SqlRead(
            session, shape, answering, key=self.key, cursor_by=self.cursor_by, lag_seconds=self.lag_seconds,
            drop=self.drop, rows_per_second=self.rows_per_second,
        )

    def _url(self) -> sa.URL:
        try:
            url = sa.make_url(self.url)
        except ArgumentError:
            raise RequestWrong(
                "the address of the source is no SQLAlchemy URL", remedy="For example sqlite:///data/source.db"
            ) from None
        backend = url.get_backend_name()
        if backend == "postgresql":
            return url.set(drivername="postgresql+psycopg")
        if backend in ("mysql", "mariadb") and "+" not in url.drivername:
            return url.set(drivername=f"{backend}+pymysql")
        return url

    def _engine(self, url: sa.URL) -> sa.Engine:
        backend = url.get_backend_name()
        if backend == "sqlite":
            return sa.create_engine("sqlite://", creator=lambda: _open_sqlite(self.folder, url), poolclass=sa.NullPool)
        timeout = self.statement_timeout_seconds
        arguments: dict[str, Any] = {}
        if backend in ("postgresql", "mysql", "mariadb"):
            arguments["connect_timeout"] = CONNECT_SECONDS
        if backend in ("mysql", "mariadb") and timeout:
            # The server is asked to stop first; this is for a network that has gone silent.
            arguments["read_timeout"] = round(timeout) + CONNECT_SECONDS
        return sa.create_engine(url, connect_args=arguments, poolclass=sa.NullPool, hide_parameters=True)


def _connect(engine: sa.Engine) -> sa.Connection:
    try:
        return engine.connect()
    except (TypeError, ValueError, OverflowError) as error:
        # An option that the driver does not know, a port or host that can be none.
        raise RequestWrong("the address of the source cannot be used: {reason}", reason=str(error)) from None


def _close(connection: sa.Connection) -> None:
    # A connection that was lost, or left in the middle of a statement, cannot end its transaction in order.
    with suppress(SQLAlchemyError):
        connection.close()


def _session(connection: sa.Connection, timeout: float | None) -> Session:
    kinds: dict[str, type[Session]] = {
        "sqlite": SqliteSession, "postgresql": PostgresSession, "mysql": MysqlSession, "mariadb": MysqlSession,
    }
    return kinds.get(connection.dialect.name, Session)(connection, timeout)


def _open_sqlite(folder: Path, url: sa.URL) -> sqlite3.Connection:
    if not url.database or url.database == ":memory:":
        raise RequestWrong("an SQLite source needs a file", remedy="For example sqlite:///data/source.db")
    path = folder / url.database
    if not path.is_file():
        raise SourceUnavailable("{path} is not there", path=str(path))
    # isolation_level None: the driver begins nothing by itself, the session does.
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, timeout=5, check_same_thread=False
    )


def _no_column(name: str, columns: tuple[str, ...], where: str) -> Problem:
    near = nearest(name, columns)
    return Problem(
        "", None, None, "UNKNOWN_COLUMN", "{where} has no column {name}", suggestion=near,
        facts={"where": where, "name": name, "columns": list(columns)},
    )
