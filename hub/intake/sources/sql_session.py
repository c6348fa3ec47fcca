"""A session with a source's database: begin a snapshot, stream statements as text. Any database that SQLAlchemy knows.

PostgreSQL, SQLite and MySQL have ways of their own beside this file, under the same methods.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
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
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise RequestWrong(
            "no driver for {name}", name=url.drivername,
            remedy="sqlite, postgresql, mysql and mariadb are read as they are; for others, install their SQLAlchemy driver.",
        ) from error
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

    def stream(self, statement: sa.Select[Any], names: Sequence[str], rows: int) -> Iterator[Chunk]:
        """The rows of ``statement``, whose columns are ``names``, in chunks of ``rows``."""
        options = {"stream_results": True, "yield_per": rows}
        with ExitStack() as stack:
            with self.watch():
                result = stack.enter_context(self.connection.execute(statement, execution_options=options))
                parts = result.partitions()
            while True:
                with self.watch():
                    part = next(parts, None)
                if part is None:
                    return
                columns = zip(*part, strict=True)
                yield Chunk(pa.table([string_array(column) for column in columns], names=list(names)), len(part))

    def one(self, statement: sa.Select[Any]) -> Sequence[Any] | None:
        """The first row of a statement with the driver's own values."""
        with self.watch():
            return self.connection.execute(statement).first()

    def interrupt(self) -> None:
        """End the statement that runs, from another thread; where it is not known how, the driver's limits hold."""

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Interrupt the source where it lets the hub wait for longer than the limit.

        The source's own limit would count the time that the hub itself takes between two batches.
        """
        if not self.timeout:
            yield
            return
        watch = threading.Timer(self.timeout, self.interrupt)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()


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
