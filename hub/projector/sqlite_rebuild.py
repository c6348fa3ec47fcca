"""The SQLite store's rebuild: new tables beside the old, filled in bulk, indexed last, swapped in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from hub.errors import Fenced
from hub.projector import sqlite_tables as tables
from hub.projector.entries import SCHEMA
from hub.projector.fold import PAST
from hub.projector.newest import KEYS
from hub.projector.port import PROJECTIONS, Rebuilt
from hub.projector.projection import Projection
from hub.projector.sqlite_database import Database
from hub.projector.sqlite_make import describe, described, make_rules, make_views, write_sources, write_undecodable
from hub.staged import Stages

_EVENTS = PROJECTIONS["events"]
_SHAPES = {"entries": SCHEMA.insert(0, pa.field("row_no", pa.int64())), "entry_keys": KEYS, "past": PAST}


class SqliteRebuilding:
    """:class:`hub.projector.port.Rebuilding`. What a killed one left behind is dropped at the beginning."""

    def __init__(self, database: Database, stages: Stages, projection: Projection, journal: str) -> None:
        self._database, self._stages, self._projection, self._journal = database, stages, projection, journal
        columns = {**tables.REPLACEABLE, projection.lines.table: tables.lines_columns(projection)}
        self._names = tuple(columns)
        self._upsert = tables.upsert_lines(projection, f"{projection.lines.table}_new")
        with database.writing():
            for (name,) in database.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB '*_new'"):
                database.execute(f'DROP TABLE "{name}"')
            for name, definition in columns.items():
                database.execute(f'CREATE TABLE "{name}_new" {definition}')
            taken = {name for (name,) in database.rows("SELECT name FROM sqlite_schema WHERE type = 'index'")}
        # The index that stands keeps its name until its table goes, so the new one needs another.
        self._index = next(name for name in ("entries_by_line", "entries_by_line_2") if name not in taken)

    def ready(self, rows: pa.Table) -> Path:
        """As the port says."""
        like = {tuple(schema.names): name for name, schema in _SHAPES.items()}[tuple(rows.column_names)]
        if like == "entry_keys":
            rows = rows.drop_columns(["partition", "position"])
        return self._stages.write(rows, tables.REPLACEABLE[like])

    def entries(self, ready: Path) -> None:
        """As the port says."""
        self._append("entries_new", ready)

    def keys(self, ready: Path) -> None:
        """As the port says."""
        self._index_entries()  # while the other thread makes more keys ready
        self._append("entry_keys_new", ready)

    def past(self, ready: Path) -> None:
        """As the port says."""
        self._append("past_new", ready)

    def _index_entries(self) -> None:
        """Once there are all; sorting them then takes a third of keeping the index up to date."""
        self._database.execute(f"CREATE INDEX IF NOT EXISTS {self._index} ON entries_new {tables.ENTRY_INDEX}")

    def _append(self, table: str, staged: Path) -> None:
        with self._database.attached(staged), self._database.writing():
            self._database.execute(f"INSERT INTO {table} SELECT * FROM stage.coming")

    def lines(self, sums: pa.Table) -> None:
        """As the port says."""
        with self._database.writing():
            self._database.write(self._upsert, sums)

    def swap(self, rebuilt: Sequence[Rebuilt], sources: Iterable[tuple[str, str, str]]) -> None:
        """As the port says."""
        self._index_entries()
        with self._database.writing():
            for part in rebuilt:
                self._move(part)
            self._drop()
            for name in self._names:
                self._database.execute(f'ALTER TABLE "{name}_new" RENAME TO "{name}"')
            make_rules(self._database, self._projection)
            make_views(self._database, self._projection)
            describe(self._database, self._projection, self._journal)
            write_sources(self._database, sources)

    def close(self) -> None:
        """As the port says: the next one drops it."""

    def _drop(self) -> None:
        """The views, which would hinder renaming, and all that is replaced."""
        for (name,) in self._database.rows("SELECT name FROM sqlite_schema WHERE type = 'view'"):
            self._database.execute(f'DROP VIEW "{name}"')
        ruled = json.loads(described(self._database)["tables"])
        for name in dict.fromkeys([*self._names, *ruled]):
            self._database.execute(f'DROP TABLE IF EXISTS "{name}"')
        self._database.execute("DELETE FROM sources")

    def _move(self, part: Rebuilt) -> None:
        standing = self._database.query(
            'SELECT epoch FROM positions WHERE projection = ? AND "partition" = ?', (_EVENTS, part.claim.partition)
        )
        if standing != [{"epoch": part.claim.epoch}]:
            raise Fenced("another projector took over partition {partition} of {topic}",
                         partition=part.claim.partition, topic=part.claim.topic)  # fmt: skip
        self._database.execute(
            'UPDATE positions SET version = ?, "position" = ?, applied = ?, decoded = ?, quarantined = ?,'
            ' not_a_record = ?, updated_at = ? WHERE projection = ? AND "partition" = ?',
            (self._projection.version, part.next, part.applied, part.decoded, len(part.undecodable),
             part.not_a_record, part.updated_at, _EVENTS, part.claim.partition),
        )  # fmt: skip
        self._undecodable(part)

    def _undecodable(self, part: Rebuilt) -> None:
        statement = "DELETE FROM undecodable WHERE topic = 'events' AND \"partition\" = ?"
        self._database.execute(statement, (part.claim.partition,))
        write_undecodable(self._database, part.claim, part.undecodable)
