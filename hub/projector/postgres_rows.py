"""Records set aside and acts: few, one statement per row."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert

from hub.projector import postgres_tables as tables
from hub.projector.postgres_database import Database


def write_rows(database: Database, rows: Mapping[str, pa.Table]) -> int:
    """Write rows by table; returns how many records or acts were not there before."""
    new = 0
    for table, statement in _STATEMENTS.items():
        told = rows[table.name].to_pylist() if table.name in rows else []
        if not told:
            continue
        if table is tables.QUARANTINE_ENTITIES:
            told = [{**row, "entity_id": UUID(bytes=row["entity_id"])} for row in told]
        else:
            new += _unknown(database, table, {row[table.columns.keys()[0]] for row in told})
        database.execute(statement, told)
    return new


def _unknown(database: Database, table: sa.Table, names: set[str]) -> int:
    known = database.query(
        f"SELECT count(*) FROM {table.name} WHERE {table.columns.keys()[0]} = ANY(%s)", sorted(names)
    )
    return len(names) - int(known[0][0])


def _seen_again() -> Insert:
    """The same record once more: what was said of it last, when it was seen first and last."""
    statement = insert(tables.QUARANTINE)
    old, new = tables.QUARANTINE.c, statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["quarantine_id"],
        set_={
            "errors": sa.case((new.position >= old.position, new.errors), else_=old.errors),
            "position": sa.func.greatest(old.position, new.position),
            "first_seen": sa.func.least(old.first_seen, new.first_seen),
            "last_seen": sa.func.greatest(old.last_seen, new.last_seen),
        },
    )


_STATEMENTS: dict[sa.Table, Insert] = {
    tables.QUARANTINE: _seen_again(),
    tables.QUARANTINE_ENTITIES: insert(tables.QUARANTINE_ENTITIES).on_conflict_do_nothing(),
    tables.ACTS: insert(tables.ACTS).on_conflict_do_nothing(),
}
