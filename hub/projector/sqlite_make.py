"""What a SQLite store is made of, and the rows that a live batch and a rebuild write alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from hub.projector import sqlite_tables as tables
from hub.projector.port import Claim, Undecodable
from hub.projector.projection import Projection, views
from hub.projector.sqlite_database import Database


def described(database: Database) -> dict[str, str]:
    """What the store says of itself: schema, journal, projection, version, digest; empty where it is new."""
    if not database.rows("SELECT 1 FROM sqlite_schema WHERE name = 'meta'"):
        return {}
    return dict(database.rows("SELECT name, value FROM meta"))


def make(database: Database, projection: Projection, journal: str) -> None:
    """Make everything in a new file."""
    for statement in tables.creation(projection):
        database.execute(statement)
    make_rules(database, projection)
    make_views(database, projection)
    describe(database, projection, journal)


def make_rules(database: Database, projection: Projection) -> None:
    """Make and fill the rule tables, and note their names: a rebuild by other rules must find them."""
    for create, fill, rows in tables.rules(projection):
        database.execute(create)
        database.write(fill, rows)
    names = [projection.lines.table, *(table.name for table in projection.tables)]
    database.execute("INSERT OR REPLACE INTO meta VALUES ('tables', ?)", (json.dumps(names),))


def make_views(database: Database, projection: Projection) -> None:
    """Make the versioned views."""
    for name, select in views(projection).items():
        database.execute(f'CREATE VIEW "{name}" AS {select}')


def describe(database: Database, projection: Projection, journal: str) -> None:
    """Note what the store is built from and by which rules."""
    said = {
        "schema": str(tables.SCHEMA_VERSION), "journal": journal, "projection": projection.name,
        "version": str(projection.version), "digest": projection.digest,
    }  # fmt: skip
    for name, value in said.items():
        database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def write_sources(database: Database, sources: Iterable[tuple[str, str, str]]) -> None:
    """Note where events came from."""
    database.write(tables.INSERT_SOURCE, sorted(sources))


def write_undecodable(database: Database, claim: Claim, messages: Sequence[Undecodable]) -> None:
    """Note messages that cannot be used, by their positions."""
    topic, partition = claim.topic, claim.partition
    database.write(
        tables.INSERT_UNDECODABLE,
        [
            (f"{topic}/{partition}/{bad.position}", topic, partition, bad.position, bad.schema_id, bad.errors,
             bad.appended_at)
            for bad in messages
        ],
    )  # fmt: skip
