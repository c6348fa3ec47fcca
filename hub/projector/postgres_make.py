"""What a PostgreSQL store is made of, and the rows that a live batch and a rebuild write alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import CreateSchema, CreateTable

from hub.projector import postgres_dimensions as dimensions
from hub.projector import postgres_tables as tables
from hub.projector.port import Claim, Undecodable
from hub.projector.postgres_database import Database
from hub.projector.postgres_server import NAMESPACE
from hub.projector.projection import Projection, views

MAKING = 0x7761_7300
"""Of the advisory lock under which tables are made: two that begin at once must not both make them."""


def described(database: Database) -> dict[str, str]:
    """What the store says of itself: schema, journal, projection, version, digest; empty where it is new."""
    # Not to_regclass: what it did not find it may go on not finding in this transaction, after another one made it.
    ((found,),) = database.query("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'hub' AND tablename = 'meta')")
    if not found:
        return {}
    return {row.name: row.value for row in database.execute(sa.select(tables.META))}


def make(database: Database, projection: Projection, journal: str) -> None:
    """Make everything in a database that has nothing of it, or no more than the empty schema."""
    ((found,),) = database.query("SELECT to_regnamespace('hub') IS NOT NULL")
    if not found:  # asking for it all the same would need the right to make schemas
        database.execute(CreateSchema(NAMESPACE))
    for statement in tables.standing():
        database.execute(statement)
    for table in (*tables.REPLACEABLE, tables.lines(projection)):
        database.execute(CreateTable(table))
    for made in tables.entry_indexes(tables.ENTRY_FACTS.name, tables.DIMENSIONS.name):
        database.query(made)
    make_rules(database, projection)
    make_views(database, projection)
    describe(database, projection, journal)


def make_rules(database: Database, projection: Projection) -> None:
    """Make and fill the rule tables, and note their names: a rebuild by other rules must find them."""
    for rules in projection.tables:
        table = tables.rule_table(rules)
        database.execute(CreateTable(table))
        if rules.rows:
            names = list(rules.columns)
            database.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rules.rows])
    names = [projection.lines.table, *(rules.name for rules in projection.tables)]
    _note(database, {"tables": json.dumps(names)})


def make_views(database: Database, projection: Projection) -> None:
    """Make the entries and the versioned views, or let those that are there show the tables that are there now."""
    made = {"entries": dimensions.VIEW, **views(projection)}
    for name in json.loads(described(database).get("views", "[]")):
        if name not in made:
            database.query(f'DROP VIEW IF EXISTS {NAMESPACE}."{name}"')
    for name, select in made.items():
        database.query(f'CREATE OR REPLACE VIEW {NAMESPACE}."{name}" AS {select}')
    _note(database, {"views": json.dumps([*made])})


def describe(database: Database, projection: Projection, journal: str) -> None:
    """Note what the store is built from and by which rules."""
    _note(database, {
        "schema": str(tables.SCHEMA_VERSION), "journal": journal, "projection": projection.name,
        "version": str(projection.version), "digest": projection.digest,
    })  # fmt: skip


def _note(database: Database, said: dict[str, str]) -> None:
    statement = insert(tables.META)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
    database.execute(statement, [{"name": name, "value": value} for name, value in said.items()])


def add_lines(database: Database, table: sa.Table, sums: pa.Table) -> None:
    """Add sums to the lines. They are sorted by key, and so are locked in the same order by all projectors."""
    if not len(sums):
        return
    keys = [f'"{column.name}"' for column in table.primary_key.columns]
    names = [f'"{column.name}"' for column in table.columns]
    arrays = ", ".join(
        "%s::bigint[]" if isinstance(column.type, sa.BigInteger) else "%s::text[]" for column in table.columns
    )
    added = ", ".join(f'{name} = "{table.name}".{name} + excluded.{name}' for name in names if name not in keys)
    database.query(
        f'INSERT INTO "{table.name}" ({", ".join(names)}) SELECT * FROM unnest({arrays})'
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}",
        *(sums.column(column.name).to_pylist() for column in table.columns),
    )


def write_sources(database: Database, sources: Iterable[tuple[str, str, str]]) -> None:
    """Note where events came from."""
    told = [{"identity": one[0], "part": one[1], "connector": one[2]} for one in sorted(sources)]
    if told:
        database.execute(insert(tables.SOURCES).on_conflict_do_nothing(), told)


def write_undecodable(database: Database, claim: Claim, messages: Sequence[Undecodable]) -> None:
    """Note messages that cannot be used, by their positions."""
    told = [
        {
            "id": f"{claim.topic}/{claim.partition}/{bad.position}", "topic": claim.topic,
            "partition": claim.partition, "position": bad.position, "schema_id": bad.schema_id,
            "errors": bad.errors, "appended_at": bad.appended_at,
        }
        for bad in messages
    ]  # fmt: skip
    if told:
        database.execute(insert(tables.UNDECODABLE).on_conflict_do_nothing(), told)
