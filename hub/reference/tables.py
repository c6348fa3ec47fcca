"""The reference data as DuckDB tables, for the SQL that the other modules write."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from hub.reference import code_editions, methods, regions, units


def register(
    connection: duckdb.DuckDBPyConnection,
    local_regions: regions.Local | None = None,
    local_units: Mapping[str, str] | None = None,
) -> None:
    """Make (or make anew) the tables ref_codes, ref_classes, ref_regions, ref_units and ref_methods."""
    tables = {
        "ref_codes": code_editions.codes(),
        "ref_classes": code_editions.classes(),
        "ref_regions": regions.regions(local_regions),
        "ref_units": units.units(local_units),
        "ref_methods": methods.methods(),
    }
    for name, table in tables.items():
        connection.register(f"{name}_arrow", table)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name}_arrow")
        connection.unregister(f"{name}_arrow")
