"""A session with a source's database: begin a snapshot, stream statements as text. Any database that SQLAlchemy knows.

PostgreSQL and SQLite have faster ways of their own beside this file, under the same methods.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from hub.errors import RequestWrong, SourceUnavailable
from hub.intake.sources.port import Unreadable
from hub.intake.sources.text import string_array

Answering = Callable[[], AbstractContextManager[None]]
"""Within it, what a driver raises becomes SourceUnavailable."""


@contextmanager
def translated(url: sa.URL) -> Iterator[None]:
    """The one place where drivers' errors become the hub's: SourceUnavailable, without the password."""
    try:
        yield
    except NoSuchModuleError as error:
        raise RequestWrong("no driver for {name}", name=url.drivername) from error
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error, OSError) as error:
        raise SourceUnavailable("{reason}", reason=_reason(error, url)) from None


def _reason(error: Exception, url: sa.URL) -> str:
    """What the driver says, in one line."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = " ".join(str(part) for part in origin.args) if origin.args else str(origin)
    text = f"{url.render_as_string(hide_password=True)}: {' '.join(said.split())}"
    return text.replace(url.password, "***") if url.password else text


@dataclass(frozen=True)
class Chunk:
    """Some rows of a statement as text columns, those that are no text apart, and how many the source gave.

    ``kept`` says which of these (from 0) are the rows; None: all of them.
    """

    rows: pa.Table
    count: int
    kept: pa.Int64Array | None = None
    unreadable: tuple[tuple[int, Unreadable], ...] = ()


class Session:
    """One connection in one read-only transaction."""

    def __init__(self, connection: sa.Connection, timeout: float | None) -> None:
        self.connection = connection
        self.timeout = timeout

    def begin(self) -> None:
        """Begin the snapshot, in the source's own terms."""
        if self.connection.dialect.name in ("mysql", "mariadb"):
            self._begin_mysql()

    def stream(self, statement: sa.Select[Any], names: Sequence[str], rows: int) -> Iterator[Chunk]:
        """The rows of ``statement``, whose columns are ``names``, in chunks of ``rows``."""
        self._no_limit_while_streaming()
        options = {"stream_results": True, "yield_per": rows}
        with self.connection.execute(statement, execution_options=options) as result:
            for part in result.partitions():
                columns = zip(*part, strict=True)
                yield Chunk(pa.table([string_array(column) for column in columns], names=list(names)), len(part))

    def one(self, statement: sa.Select[Any]) -> Sequence[Any] | None:
        """The first row of a statement with the driver's own values."""
        return self.connection.execute(statement).first()

    def _begin_mysql(self) -> None:
        say = self.connection.exec_driver_sql
        say("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        say("SET time_zone = '+08:00'")
        # A reader that is held back on purpose (rows_per_second) must not be thrown out for slowness.
        say("SET net_write_timeout = 600")
        if self.timeout:
            say(_mysql_limit(self.connection, self.timeout))
        say("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def _no_limit_while_streaming(self) -> None:
        """The limit would count the time that the hub itself takes; the driver's read time-out watches instead."""
        if self.timeout and self.connection.dialect.name in ("mysql", "mariadb"):
            self.connection.exec_driver_sql(_mysql_limit(self.connection, 0))


def _mysql_limit(connection: sa.Connection, seconds: float) -> str:
    if getattr(connection.dialect, "is_mariadb", False):
        return f"SET max_statement_time = {seconds:.3f}"
    return f"SET max_execution_time = {round(seconds * 1000)}"


@dataclass
class Throttle:
    """Not more than ``rows_per_second`` on average since the first batch."""

    rows_per_second: int | None
    _started: float | None = None
    _rows: int = 0

    def batch(self, rows: int) -> int:
        """A batch so small that it lasts no longer than a second."""
        return min(rows, self.rows_per_second) if self.rows_per_second else rows

    def wait(self, rows: int) -> None:
        """Called with the size of every batch after it was taken."""
        if not self.rows_per_second:
            return
        now = time.monotonic()
        if self._started is None:
            self._started = now
        self._rows += rows
        ahead = self._rows / self.rows_per_second - (now - self._started)
        if ahead > 0:
            time.sleep(ahead)
