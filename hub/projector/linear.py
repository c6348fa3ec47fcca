"""The linear part of a projection: one SELECT over changes, run by DuckDB in process, live and in a rebuild."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from hub.errors import ConfigWrong, NotInOrder, Problem
from hub.projector.projection import Projection
from hub.projector.views import SUM_TOO_LARGE

_TYPES = {"text": "VARCHAR", "integer": "BIGINT"}
_ARROW = {"text": pa.string(), "integer": pa.int64()}


class Linear:
    """Sums changes by the keys of ``projection``. Not for use by two threads at once."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._connection = duckdb.connect(config={"threads": 1, "enable_external_access": False})
        for table in projection.tables:
            columns = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in table.columns.items())
            self._connection.execute(f'CREATE TABLE "{table.name}" ({columns})')
            if table.rows:
                marks = ", ".join("?" * len(table.columns))
                self._connection.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', [*table.rows])
        self._connection.execute("SET lock_configuration = true")
        lines = projection.lines
        fields = [(name, _ARROW[kind]) for name, kind in lines.keys.items()]
        self._schema = pa.schema(fields + [(name, pa.int64()) for name in lines.sums])

    def sums(self, changes: pa.Table) -> pa.Table:
        """Rows (keys, then sums) of these changes, sorted by key; NotInOrder where a sum exceeds 64 bits."""
        lines = self._projection.lines
        self._connection.register("changes", changes)
        try:
            found = self._connection.sql(lines.select).to_arrow_table()
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise NotInOrder("a sum of {projection} exceeds what a ledger can hold: {reason}",
                             projection=self._projection.name, reason=str(error)[:200],
                             remedy=SUM_TOO_LARGE) from error  # fmt: skip
        except duckdb.Error as error:
            message = "the SELECT of {name} cannot run: {reason}"
            facts = {"name": self._projection.name, "reason": str(error)[:300]}
            raise ConfigWrong([Problem(f"{self._projection.name}/lines", None, None, "SELECT_FAILS", message,
                                       facts=facts)]) from error  # fmt: skip
        finally:
            self._connection.unregister("changes")
        if set(found.column_names) != set(self._schema.names):
            message = "the SELECT must give {columns}"
            facts = {"columns": ", ".join(self._schema.names)}
            raise ConfigWrong([Problem(f"{self._projection.name}/lines", None, None, "SELECT_COLUMNS", message,
                                       facts=facts)])  # fmt: skip
        found = found.select(self._schema.names).cast(self._schema)
        return found.sort_by([(name, "ascending") for name in lines.keys])

    def close(self) -> None:
        """Free the engine's memory."""
        self._connection.close()
