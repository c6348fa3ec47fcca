"""The tables of the PostgreSQL store, all in the schema ``hub``.

As in SQLite, ``entry_keys`` is small and hot; what is wide (``entry_facts`` with ``dimensions``, which the view ``entries``
joins) grows at its end only. Texts compare by their bytes (collation C): as in SQLite, faster, and the same after an
upgrade of the system's locales.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.schema import CreateIndex, CreateTable

from hub.projector.entries import NULLABLE, SCHEMA
from hub.projector.postgres_dimensions import OWN, SHARED
from hub.projector.postgres_server import NAMESPACE
from hub.projector.projection import Projection
from hub.projector.rule_table import RuleTable

SCHEMA_VERSION = 2

_TEXT = sa.Text(collation="C")
_KINDS: dict[str, Any] = {
    "t": _TEXT, "text": _TEXT, "string": _TEXT, "i": sa.BigInteger(), "integer": sa.BigInteger(),
    "int64": sa.BigInteger(), "u": UUID(as_uuid=True), "b": sa.LargeBinary(),
}  # fmt: skip
_METADATA = sa.MetaData(schema=NAMESPACE)
# A row that changes without its keys stays in its page, and the indexes need not know.
_ROOM_FOR_CHANGES = {"fillfactor": 85}


def _column(name: str, kind: str, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _KINDS[kind], primary_key=key, nullable=null, autoincrement=False)


def _table(name: str, keys: str, columns: str = "", nullable: str = "", changing: bool = False) -> sa.Table:
    """``keys`` and others: ``name:type`` by blanks, where the type is t(ext), i(nteger), u(uid) or b(ytea)."""
    told = [(one, True, False) for one in keys.split()]
    told += [(one, False, False) for one in columns.split()] + [(one, False, True) for one in nullable.split()]
    made = [_column(*one.partition(":")[::2], key=key, null=null) for one, key, null in told]
    return sa.Table(name, _METADATA, *made, postgresql_with=_ROOM_FOR_CHANGES if changing else {})


META = _table("meta", "name:t", "value:t")
POSITIONS = _table(
    "positions", "projection:t partition:i",
    "version:i epoch:i position:i applied:i decoded:i quarantined:i not_a_record:i updated_at:t", changing=True,
)  # fmt: skip
SOURCES = _table("sources", "identity:t part:t connector:t")
UNDECODABLE = _table("undecodable", "id:t", "topic:t partition:i position:i errors:t appended_at:t", "schema_id:i")
QUARANTINE = _table(
    "quarantine", "quarantine_id:t",
    "identity:t connector:t department:t revision:i restated:i errors:t first_seen:t last_seen:t partition:i position:i",
    "source_key:t scope:t place:t",
)  # fmt: skip
QUARANTINE_ENTITIES = _table("quarantine_entities", "quarantine_id:t entity_id:u")
ACTS = _table(
    "acts", "act_id:t", "kind:t person:t acted_at:t partition:i position:i",
    "identity:t source_key:t revision:i restated:i quarantine_id:t reason:t",
)  # fmt: skip
ENTRY_KEYS = _table("entry_keys", "entity_id:u", "revision:i restated:i event_id:u row_no:i", changing=True)
PAST = _table("past", "entity_id:u revision:i restated:i event_id:u", "partition:i position:i")


def _of_an_entry(names: Iterable[str]) -> Iterator[sa.Column[Any]]:
    for name in names:
        yield _column(name, str(SCHEMA.field(name).type), null=name in NULLABLE)


ENTRY_FACTS = sa.Table(
    "entry_facts", _METADATA, _column("row_no", "i", key=True), _column("dimension", "b"), *_of_an_entry(OWN)
)
DIMENSIONS = sa.Table("dimensions", _METADATA, _column("dimension", "b", key=True), *_of_an_entry(SHARED))

STANDING = (META, POSITIONS, SOURCES, UNDECODABLE, QUARANTINE, QUARANTINE_ENTITIES, ACTS)
REPLACEABLE = (ENTRY_KEYS, ENTRY_FACTS, DIMENSIONS, PAST)
"""What a rebuild makes anew beside the old (lines, which depend on the projection, come to them)."""

# A source key or an id from outside may be longer than what a B-tree takes; they are only ever asked for by value.
_INDEXES = (
    sa.Index("quarantine_by_key", QUARANTINE.c.source_key, postgresql_using="hash"),
    sa.Index("acts_by_quarantine", ACTS.c.quarantine_id, postgresql_using="hash"),
    sa.Index("acts_by_key", ACTS.c.source_key, postgresql_using="hash"),
)


def lines(projection: Projection) -> sa.Table:
    """The table of a projection's lines."""
    said = projection.lines
    keys = [_column(name, kind, key=True) for name, kind in said.keys.items()]
    sums = [_column(name, "integer") for name in said.sums]
    return sa.Table(said.table, sa.MetaData(schema=NAMESPACE), *keys, *sums, postgresql_with=_ROOM_FOR_CHANGES)


def rule_table(rules: RuleTable) -> sa.Table:
    """A table of rules as a projection's folder has it."""
    columns = [_column(name, kind, key=name in rules.key) for name, kind in rules.columns.items()]
    return sa.Table(rules.name, sa.MetaData(schema=NAMESPACE), *columns)


def beside(table: sa.Table, name: str, with_key: bool) -> sa.Table:
    """The same table under another name; without its key where that comes later, when all rows are there."""
    columns = [
        sa.Column(column.name, column.type, primary_key=with_key and column.primary_key, nullable=column.nullable,
                  autoincrement=False)
        for column in table.columns
    ]  # fmt: skip
    return sa.Table(name, sa.MetaData(schema=NAMESPACE), *columns, **table.dialect_kwargs)


def standing() -> Iterator[sa.schema.ExecutableDDLElement]:
    """What makes everything that no rebuild replaces, in a schema that is there."""
    for table in STANDING:
        yield CreateTable(table, if_not_exists=True)
    for index in _INDEXES:
        yield CreateIndex(index, if_not_exists=True)


def entry_indexes(facts: str, dimensions: str) -> Iterator[str]:
    """The statements that make the way from a line to its entries, by tables' names; the indexes have none of their
    own. By texts of the facts themselves it took thrice as long to make and to keep."""
    yield f'CREATE INDEX ON {NAMESPACE}."{dimensions}" (period, region, code)'
    yield f'CREATE INDEX ON {NAMESPACE}."{facts}" (dimension)'


def key_of(table: sa.Table, name: str) -> str:
    """The statement that gives the table ``name`` the key of ``table``."""
    columns = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    return f'ALTER TABLE {NAMESPACE}."{name}" ADD PRIMARY KEY ({columns})'
