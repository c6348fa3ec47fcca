"""The PostgreSQL store's rebuild: one transaction that makes new tables beside the old, fills them in bulk, gives them
their keys last and swaps them in. One that is killed leaves nothing behind in the database.

The views are replaced, never dropped: who may read them, and what others built on them, stays. The swap waits for
those who are reading, a second at a time, so that nobody who begins to read waits longer for it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from hub.errors import Fenced, StoreUnavailable
from hub.projector import postgres_dimensions as dimensions
from hub.projector import postgres_tables as tables
from hub.projector.port import PROJECTIONS, Rebuilt
from hub.projector.postgres_arrays import copied
from hub.projector.postgres_database import Database
from hub.projector.postgres_entries import FACT_ROWS, KEY_NAMES, KEY_ROWS, PAST_ROWS, place_numbers, written
from hub.projector.postgres_make import (
    add_lines,
    describe,
    described,
    make_rules,
    make_views,
    write_sources,
    write_undecodable,
)  # fmt: skip
from hub.projector.postgres_server import Server
from hub.projector.projection import Projection

_SETTINGS = {
    # Between two pieces lies work of our own: sorting the keys of a hundred million events takes minutes.
    "idle_in_transaction_session_timeout": "1h",
    "maintenance_work_mem": "256MB",
}
PATIENCE_SECONDS = 900.0
"""So long a swap waits for readers."""
_PAUSE_SECONDS = 0.1


class PostgresRebuilding:
    """:class:`hub.projector.port.Rebuilding`, in a session of its own."""

    def __init__(self, server: Server, projection: Projection, journal: str) -> None:
        self._database, self._projection, self._journal = Database(server, _SETTINGS), projection, journal
        self._milliseconds = server.milliseconds
        self._lines = tables.lines(projection)
        self._new: dict[str, sa.Table] = {}
        self._indexed = False

    def ready(self, rows: pa.Table) -> Any:
        """As the port says."""
        if "row_no" not in rows.column_names:
            return copied(rows)
        rows = rows.set_column(rows.column_names.index("row_no"), "row_no", pa.array(place_numbers(rows)))
        if "occurred_at" not in rows.column_names:
            return copied(rows.select(KEY_NAMES))
        facts, shared = dimensions.facts(rows)
        return written(facts), shared

    def entries(self, ready: tuple[bytes, pa.Table]) -> None:
        """As the port says."""
        facts, shared = ready
        self._copy(FACT_ROWS, tables.ENTRY_FACTS, facts)
        dimensions.add(self._database, self._beside(tables.DIMENSIONS).name, shared)

    def keys(self, ready: bytes) -> None:
        """As the port says."""
        self._index_entries()  # while the other thread makes more keys ready
        self._copy(KEY_ROWS, tables.ENTRY_KEYS, ready)

    def past(self, ready: bytes) -> None:
        """As the port says."""
        self._copy(PAST_ROWS, tables.PAST, ready)

    def lines(self, sums: pa.Table) -> None:
        """As the port says."""
        add_lines(self._database, self._beside(self._lines), sums)

    def swap(self, rebuilt: Sequence[Rebuilt], sources: Iterable[tuple[str, str, str]]) -> None:
        """As the port says."""
        self._beside(self._lines)
        self._index_entries()
        for table in (tables.ENTRY_KEYS, tables.PAST):
            self._database.query(tables.key_of(table, self._new[table.name].name))
        for new in self._new.values():
            self._database.query(f'ANALYZE "{new.name}"')
        try:
            self._swap(rebuilt, sources)
            self._database.commit()
        except BaseException:
            self.close()  # others wait for what it holds
            raise

    def close(self) -> None:
        """As the port says."""
        self._database.close()

    def _swap(self, rebuilt: Sequence[Rebuilt], sources: Iterable[tuple[str, str, str]]) -> None:
        """From here on others wait: for the rows of positions, then for the tables."""
        self._database.query(f"SET LOCAL idle_in_transaction_session_timeout = {self._milliseconds}")
        for part in rebuilt:
            self._move(part)
        old = [name for name in self._replaced() if self._is_there(name)]
        # As readers do: first what is asked for, then what that is made of.
        self._wait_for_readers([*reversed(self._views()), *old])
        gone = [self._renamed(name, f"{name}_{self._mark}_old") for name in old]
        for table in (*tables.REPLACEABLE, self._lines):
            self._renamed(self._new[table.name].name, table.name)
        make_rules(self._database, self._projection)
        make_views(self._database, self._projection)
        for name in gone:
            self._database.query(f'DROP TABLE "{name}"')
        describe(self._database, self._projection, self._journal)
        self._database.execute(sa.delete(tables.SOURCES))
        write_sources(self._database, sources)

    def _beside(self, table: sa.Table) -> sa.Table:
        """The new table that will stand for ``table``; the first one asked for begins the transaction."""
        if not self._new:
            self._database.begin()
            ((self._mark,),) = self._database.query("SELECT pg_backend_pid()")
            for every in (*tables.REPLACEABLE, self._lines):
                summed = every in (self._lines, tables.DIMENSIONS)  # rows come again and again
                new = tables.beside(every, f"{every.name}_{self._mark}", with_key=summed)
                self._database.execute(CreateTable(new))
                self._new[every.name] = new
        return self._new[table.name]

    def _copy(self, target: str, table: sa.Table, ready: bytes) -> None:
        into = target.replace(table.name, self._beside(table).name, 1).replace("(FORMAT", "(FREEZE, FORMAT")
        self._database.copy_in(into, [ready])

    def _index_entries(self) -> None:
        """Once there are all; sorting them then takes a third of keeping the index up to date."""
        new, shared = self._beside(tables.ENTRY_FACTS), self._beside(tables.DIMENSIONS)
        if self._indexed:
            return
        self._database.query(tables.key_of(tables.ENTRY_FACTS, new.name))
        for statement in tables.entry_indexes(new.name, shared.name):
            self._database.query(statement)
        self._indexed = True

    def _replaced(self) -> Iterator[str]:
        """What this rebuild puts another in the place of; other rules may have made other tables."""
        ruled = json.loads(described(self._database)["tables"])
        yield from dict.fromkeys([*(table.name for table in tables.REPLACEABLE), *ruled])

    def _is_there(self, name: str) -> bool:
        return self._database.query("SELECT to_regclass(%s) IS NOT NULL", f'"{name}"') == [(True,)]

    def _views(self) -> list[str]:
        return [name for name in json.loads(described(self._database)["views"]) if self._is_there(name)]

    def _renamed(self, old: str, new: str) -> str:
        self._database.query(f'ALTER TABLE "{old}" RENAME TO "{new}"')
        return new

    def _wait_for_readers(self, names: Sequence[str]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._database.lock(names):
            if time.monotonic() > until:
                raise StoreUnavailable(
                    "somebody has been reading the store {path} for {minutes} minutes", path=self._database.name,
                    minutes=int(PATIENCE_SECONDS / 60),
                    remedy="pg_stat_activity shows who; end that session and rebuild again.",
                )  # fmt: skip
            time.sleep(_PAUSE_SECONDS)

    def _move(self, part: Rebuilt) -> None:
        columns, partition = tables.POSITIONS.c, part.claim.partition
        mine = (columns.projection == PROJECTIONS["events"], columns.partition == partition)
        epoch = self._database.execute(sa.select(columns.epoch).where(*mine).with_for_update()).scalar()
        if epoch != part.claim.epoch:
            raise Fenced("another projector took over partition {partition} of {topic}",
                         partition=partition, topic=part.claim.topic)  # fmt: skip
        self._database.execute(
            sa.update(tables.POSITIONS).where(*mine).values(
                version=self._projection.version, position=part.next, applied=part.applied, decoded=part.decoded,
                quarantined=len(part.undecodable), not_a_record=part.not_a_record, updated_at=part.updated_at,
            )
        )  # fmt: skip
        bad = tables.UNDECODABLE.c
        self._database.execute(sa.delete(tables.UNDECODABLE).where(bad.topic == "events", bad.partition == partition))
        write_undecodable(self._database, part.claim, part.undecodable)
