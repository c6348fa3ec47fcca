"""The DuckDB that runs mappings: in memory, one thread, no file, no network, configuration locked."""

from __future__ import annotations

import threading
from collections.abc import Mapping as MappingType
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from hub.errors import SetAside
from hub.intake import functions, record, selecting
from hub.intake.expressions import Value
from hub.intake.mapping import Mapping, PartMapping
from hub.intake.selecting import leveled
from hub.reference.lists import LocalList
from hub.reference.tables import register

LONGEST_BATCH_SECONDS = 120.0


def connect(lists: MappingType[str, LocalList]) -> duckdb.DuckDBPyConnection:
    """A connection with the mapping functions, the reference tables and the connector's own lists."""
    connection = duckdb.connect(":memory:", config={
        "threads": 1, "enable_external_access": False, "python_enable_replacements": False,
        "autoinstall_known_extensions": False, "autoload_known_extensions": False, "memory_limit": "2GB",
    })
    connection.execute("SET TimeZone = 'UTC'")
    register(connection, lists.get("regions"), lists["units"].values if "units" in lists else None)
    for macro in (*functions.MACROS, *record.MACROS, *selecting.MACROS):
        connection.execute(macro)
    for name, found in lists.items():
        if name not in ("regions", "units"):
            _make_list(connection, name, found)
    connection.execute("SET lock_configuration = true")
    return connection


def _make_list(connection: duckdb.DuckDBPyConnection, name: str, found: LocalList) -> None:
    if found.is_numeric and found.unit is not None:
        table = found.as_factor_table().rename_columns(["k", "v"])
    else:
        table = pa.table({"k": pa.array(list(found.values), pa.string()), "v": pa.array(list(found.values.values()), pa.string())})
    connection.register("new_list", table)
    connection.execute(f'CREATE TABLE "list_{name}" AS SELECT * FROM new_list')
    connection.unregister("new_list")


@dataclass(frozen=True)
class Engine:
    """One connector's mapping on a connection of its own."""

    mapping: Mapping
    connection: duckdb.DuckDBPyConnection

    def prepare(self) -> None:
        """Have DuckDB bind every statement, over no rows. Raises SetAside with DuckDB's reason."""
        names = ["rn", "line", "skey", "rec", "sha", "odd", "revision", "restated", *self.mapping.columns.values()]
        kinds = {"rn": pa.int64(), "line": pa.int64(), "odd": pa.bool_(), "revision": pa.int64(), "restated": pa.int64()}
        empty = pa.table({name: pa.array([], kinds.get(name, pa.string())) for name in names})
        for part in self.mapping.parts:
            self._run(part.sql, empty)
        for value in (self.mapping.deleted, self.mapping.version, self.mapping.scope):
            if value is not None:
                self.evaluate(empty, {"x": value.sql})
        for pattern in self.mapping.patterns:
            try:
                self.connection.execute("SELECT regexp_matches('', $1)", [pattern])
            except duckdb.Error as error:
                raise SetAside("{reason}", reason=_reason(error)) from error

    def mapped(self, part: PartMapping, rows: pa.Table) -> pa.Table:
        """The part's events and error bits for ``rows``; raises SetAside where DuckDB cannot do it (a record's fault)."""
        return self._run(part.sql, rows)

    def evaluate(self, rows: pa.Table, columns: MappingType[str, str]) -> pa.Table:
        """Further columns over ``rows`` (rn first, in order), by expressions over sites and aliases."""
        steps, last = leveled(self.mapping.sites, "rows")
        wanted = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        with_ = f"WITH {', '.join(steps)} " if steps else ""
        return self._run(f"{with_}SELECT rn, {wanted} FROM {last} ORDER BY rn", rows)

    def _run(self, sql: str, rows: pa.Table) -> pa.Table:
        self.connection.register("rows", rows)
        timer = threading.Timer(LONGEST_BATCH_SECONDS, self.connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return self.connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise SetAside("{reason}", reason=_reason(error)) from error
        finally:
            timer.cancel()
            self.connection.unregister("rows")


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0][:300]


def failed_sql(value: Value) -> str:
    """SQL: evaluating ``value`` failed."""
    return "(" + " OR ".join(f.when for f in value.failures) + ")" if value.failures else "false"
