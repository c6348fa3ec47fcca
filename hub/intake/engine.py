"""The DuckDB that runs mappings: in memory, one thread, no file, no network, configuration locked."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping as MappingType

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from hub.errors import Refused, SetAside
from hub.intake import functions
from hub.intake.expressions import Value
from hub.intake.mapping import Mapping, PartMapping
from hub.intake.selecting import leveled
from hub.reference.lists import LocalList
from hub.reference.tables import register

LONGEST_BATCH_SECONDS = 120.0

# The copy that it warns of costs a tenth of what binding the statement a second time, its remedy, would.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


def connect(lists: MappingType[str, LocalList]) -> duckdb.DuckDBPyConnection:
    """A connection with the mapping functions, the reference tables and the connector's own lists."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "enable_external_access": False,
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": "2GB",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    register(connection, lists.get("regions"), lists["units"].values if "units" in lists else None)
    for macro in functions.MACROS:
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
        table = pa.table(
            {"k": pa.array(list(found.values), pa.string()), "v": pa.array(list(found.values.values()), pa.string())}
        )
    connection.register("new_list", table)
    connection.execute(f'CREATE TABLE "list_{name}" AS SELECT * FROM new_list')
    connection.unregister("new_list")


class Engine:
    """One connector's mapping on a connection of its own. For one thread at a time.

    Batches are scanned where they lie (Arrow), never copied in. DuckDB plans a statement anew at every run, prepared or
    not: about as long as mapping ten thousand rows takes, so that rows come in large batches.
    """

    def __init__(self, mapping: Mapping, connection: duckdb.DuckDBPyConnection) -> None:
        self.mapping, self.connection = mapping, connection

    def prepare(self) -> None:
        """Have DuckDB bind every statement. Raises Refused with DuckDB's reason: the mapping, not a record, is at fault."""
        empty = pa.table(
            {
                **{name: pa.array([], pa.int64()) for name in ("rn", "revision", "restated", "version_default")},
                **{name: pa.array([], pa.string()) for name in ("skey", *self.mapping.columns.values())},
                "odd": pa.array([], pa.bool_()),
            }
        )
        for part in self.mapping.parts:
            self.mapped(part, empty)
        for value in (self.mapping.deleted, self.mapping.version, self.mapping.scope):
            if value is not None:
                self.evaluate(empty, {"x": value.sql})
        for pattern in self.mapping.patterns:
            try:
                self.connection.execute("SELECT regexp_matches('', $1)", [pattern])
            except duckdb.Error as error:
                raise _refused(error) from error

    def mapped(self, part: PartMapping, rows: pa.Table) -> pa.Table:
        """The part's events and error bits, a row per row of ``rows`` in their order.

        Raises SetAside where DuckDB cannot do it (a record's fault), Refused where the mapping is at fault.
        """
        return self._run(part.odd_sql if pc.any(rows["odd"]).as_py() else part.sql, rows)

    def evaluate(self, rows: pa.Table, *steps: MappingType[str, str]) -> pa.Table:
        """Further columns over ``rows`` (rn first, in order), by expressions over sites and aliases; each later step's
        expressions also over the columns of the steps before."""
        ctes, last = leveled(self.mapping.sites, "rows")
        for number, step in enumerate(steps):
            columns = ", ".join(f"{sql} AS {name}" for name, sql in step.items())
            ctes.append(f"e{number} AS (SELECT *, {columns} FROM {last})")
            last = f"e{number}"
        wanted = ", ".join(name for step in steps for name in step)
        return self._run(f"WITH {', '.join(ctes)} SELECT rn, {wanted} FROM {last}", rows)

    def _run(self, sql: str, rows: pa.Table) -> pa.Table:
        """What fails over no rows at all is the mapping's fault."""
        self.connection.register("rows", rows)
        timer = threading.Timer(LONGEST_BATCH_SECONDS, self.connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            table: pa.Table = self.connection.execute(sql).to_arrow_table()
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            raise _refused(error) from error
        except duckdb.Error as error:
            if rows.num_rows == 0:
                raise _refused(error) from error
            failure = error
        else:
            return _in_order(table)
        finally:
            timer.cancel()
            timer.join()  # or it would be the last to hold the connection, whose end, as the process ends, aborts it
            self.connection.unregister("rows")
        self._run(sql, rows.slice(0, 0))
        raise SetAside("{reason}", reason=_reason(failure)) from failure


def _in_order(table: pa.Table) -> pa.Table:
    numbers = table["rn"].to_numpy()
    return table if (numbers[1:] > numbers[:-1]).all() else table.sort_by("rn")


def _refused(error: duckdb.Error) -> Refused:
    return Refused(
        "the mapping cannot be run: {reason}",
        reason=_reason(error),
        remedy="Simplify the expression that it names; wastehub connector check tells where it stands.",
    )


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0][:300]


def failed_sql(value: Value) -> str:
    """SQL: evaluating ``value`` failed."""
    return "(" + " OR ".join(f.when for f in value.failures) + ")" if value.failures else "false"
