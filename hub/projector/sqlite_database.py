"""A SQLite database written through Arrow (ADBC): rows go in from columns, without a Python object each.

The only place where the driver's errors become the hub's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import adbc_driver_manager
import adbc_driver_sqlite.dbapi
import pyarrow as pa

from hub.errors import HubError, NotInOrder, StoreUnavailable

_SETTINGS = (
    "PRAGMA busy_timeout = 30000",
    "PRAGMA journal_mode = WAL",
    # The journal is the truth: losing the last commits at a power cut loses rows and position together.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -262144",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 8000",
)
# The driver infers a column's type from its first batch of rows: it must see them all.
_WHOLE_RESULT = {"adbc.sqlite.query.batch_rows": "1000000"}


class Database:
    """The file ``path``, made where there is none. Raises StoreUnavailable, NotInOrder (damaged, overflow)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = adbc_driver_sqlite.dbapi.connect(str(path), autocommit=True)
        for setting in _SETTINGS:
            self.query(setting)

    def query(self, statement: str, parameters: Sequence[str | int] = ()) -> pa.Table:
        """The rows of a SELECT. A column without a value has type int64, whatever it would be."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**_WHOLE_RESULT)
            cursor.execute(statement, _bound(parameters))
            return cursor.fetch_arrow_table()

    def execute(self, statement: str, parameters: Sequence[str | int] = ()) -> None:
        """Run one statement."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.execute(statement, _bound(parameters))

    def write(self, statement: str, rows: pa.Table) -> None:
        """Run one statement per row; its parameters are the columns, in order."""
        if rows.num_rows:
            with self._translated(), self._connection.cursor() as cursor:
                cursor.executemany(statement, rows)

    def append(self, table: str, rows: pa.Table) -> None:
        """Append rows to a table, by column name."""
        if rows.num_rows:
            with self._translated(), self._connection.cursor() as cursor:
                cursor.adbc_ingest(table, rows, mode="append")

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
        except (adbc_driver_manager.Error, OSError) as error:
            raise self._error(str(error)) from error

    def _error(self, reason: str) -> HubError:
        facts = {"path": str(self._path), "reason": " ".join(reason.split())[:300]}
        if "malformed" in reason or "not a database" in reason:
            return NotInOrder("the store {path} is damaged: {reason}", **facts,
                              remedy="Delete it and project again: the journal has everything.")  # fmt: skip
        if "cannot store REAL" in reason or "integer overflow" in reason:
            return NotInOrder("a sum in the store {path} exceeds 64 bits: {reason}", **facts)
        return StoreUnavailable("the store {path} does not take or give rows: {reason}", **facts)


def _bound(parameters: Sequence[str | int]) -> pa.RecordBatch | None:
    """One row of parameters, as Arrow: the driver would look for other data frame libraries at every call."""
    if not parameters:
        return None
    names = [str(number) for number in range(len(parameters))]
    return pa.RecordBatch.from_arrays([pa.array([value], _type(value)) for value in parameters], names)


def _type(value: str | int) -> pa.DataType:
    """Said, not inferred: inferring would look for pandas every time."""
    return pa.int64() if isinstance(value, int) else pa.string()
