"""The store in a SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hub.errors import Fenced, Refused, Stop
from hub.journal.port import Topic
from hub.projector import sqlite_tables as tables
from hub.projector.entries import Int64s, Statements, blobs, join, statements
from hub.projector.fold import Folded, fold
from hub.projector.linear import Linear
from hub.projector.port import PROJECTIONS, Batch, Claim
from hub.projector.projection import Projection
from hub.projector.sqlite_database import Database
from hub.projector.sqlite_make import described, make, write_sources, write_undecodable
from hub.projector.sqlite_rebuild import SqliteRebuilding

_OLD = (
    "SELECT entries.* FROM asked CROSS JOIN entry_keys ON entry_keys.entity_id = asked.entity_id"
    " CROSS JOIN entries ON entries.row_no = entry_keys.row_no"
)


class SqliteStore:
    """:class:`hub.projector.port.Store` in the file ``path``, made where there is none. One thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)
        self._database.execute("CREATE TEMP TABLE asked (entity_id BLOB PRIMARY KEY) WITHOUT ROWID")
        self._projection: Projection | None = None
        self._linear: Linear | None = None

    def prepare(self, projection: Projection, journal: str) -> None:
        """As the port says."""
        if self._laid(projection, journal)["digest"] != projection.digest:
            raise Refused(
                "the rules of {projection} are not those that the store was built by", projection=projection.name,
                remedy="Run: wastehub project --rebuild {projection}",
            )  # fmt: skip
        self._use(projection)

    def rebuilding(self, projection: Projection, journal: str) -> SqliteRebuilding:
        """As the port says."""
        self._laid(projection, journal)
        self._use(projection)
        return SqliteRebuilding(self._database, projection, journal)

    def _laid(self, projection: Projection, journal: str) -> dict[str, str]:
        """What the store says of itself, once it is known to be of this version and this journal."""
        with self._database.writing():
            if not described(self._database):
                make(self._database, projection, journal)
        said = described(self._database)
        if said.get("schema") != str(tables.SCHEMA_VERSION):
            raise Refused(
                "the store {path} was made by another version of wastehub ({found}, not {known})", path=str(self.path),
                found=said.get("schema"), known=tables.SCHEMA_VERSION,
                remedy="Delete it and project again: the journal has everything.",
            )  # fmt: skip
        if said["journal"] != journal:
            raise Stop(
                "the store {path} was built from another journal ({found}, not {wanted})", path=str(self.path),
                found=said["journal"], wanted=journal, remedy="Name the right journal, or another store, in hub.toml.",
            )  # fmt: skip
        return said

    def _use(self, projection: Projection) -> None:
        if self._projection == projection:
            return
        if self._linear is not None:
            self._linear.close()
        self._projection, self._linear = projection, Linear(projection)

    def claim(self, topic: Topic, partitions: Sequence[int]) -> list[Claim]:
        """As the port says."""
        projection = self._rules()[0]
        claims = []
        with self._database.writing():
            for partition in partitions:
                version = projection.version if topic == "events" else 1
                self._database.execute(
                    "INSERT INTO positions VALUES (?, ?, ?, 1, 0, 0, 0, 0, 0, '') ON CONFLICT DO UPDATE"
                    " SET epoch = positions.epoch + 1",
                    (PROJECTIONS[topic], partition, version),
                )
                epoch, position = self._standing(topic, partition)
                claims.append(Claim(topic, partition, epoch, position))
        return claims

    def apply(self, batch: Batch) -> bool:
        """As the port says."""
        claim = batch.claim
        with self._database.writing():
            epoch, position = self._standing(claim.topic, claim.partition)
            if epoch != claim.epoch:
                raise Fenced("another projector took over partition {partition} of {topic}",
                             partition=claim.partition, topic=claim.topic)  # fmt: skip
            if position != batch.start:
                return False
            if batch.statements is not None:
                self._apply_events(batch.statements)
                write_sources(self._database, batch.sources)
            for name, rows in (batch.rows or {}).items():
                self._apply_rows(name, rows, claim)
            write_undecodable(self._database, claim, batch.undecodable)
            self._move(batch)
        return True

    def positions(self) -> list[dict[str, Any]]:
        """As the port says."""
        found = self._database.query('SELECT * FROM positions_v1 ORDER BY projection, "partition"')
        return list(found.to_pylist())

    def close(self) -> None:
        """As the port says."""
        self._database.close()
        if self._linear is not None:
            self._linear.close()

    def _rules(self) -> tuple[Projection, Linear]:
        if self._projection is None or self._linear is None:
            raise Stop("the store {path} was not prepared", path=str(self.path))
        return self._projection, self._linear

    def _standing(self, topic: Topic, partition: int) -> tuple[int, int]:
        """Epoch and next position; read inside the writing transaction, never carried in."""
        found = self._database.query(
            'SELECT epoch, "position" FROM positions WHERE projection = ? AND "partition" = ?',
            (PROJECTIONS[topic], partition),
        ).to_pylist()
        return (int(found[0]["epoch"]), int(found[0]["position"])) if found else (0, 0)

    def _apply_events(self, new: Statements) -> None:
        projection, linear = self._rules()
        rows, old = self._old(new)
        folded = fold(new, old)
        self._write_entries(folded, rows)
        self._database.write(tables.INSERT_PAST, folded.past)
        sums = linear.sums(folded.changes)
        self._database.write(tables.upsert_lines(projection, projection.lines.table), sums)
        for partition, count in folded.winners.items():
            self._database.execute(
                'UPDATE positions SET applied = applied + ? WHERE projection = ? AND "partition" = ?',
                (count, PROJECTIONS["events"], partition),
            )

    def _old(self, new: Statements) -> tuple[Int64s, Statements]:
        """The entries of these entities that stand, and their row numbers."""
        asked = np.unique(new.entity, axis=0)
        self._database.execute("DELETE FROM asked")
        self._database.write("INSERT INTO asked VALUES (?)", pa.table([blobs(asked)], names=["entity_id"]))
        found = self._database.query(_OLD)
        return np.asarray(found.column("row_no").to_numpy(), dtype=np.int64), statements(found)

    def _write_entries(self, folded: Folded, old_rows: Int64s) -> None:
        """New entities get the next row numbers, in the order of the journal: neighbours in time stay neighbours."""
        inserted, updated = folded.inserted, folded.updated
        highest = self._database.query("SELECT COALESCE(MAX(row_no), 0) AS highest FROM entries")
        order = np.argsort(inserted.numbers("position"), kind="stable")
        numbers = np.empty(len(inserted), dtype=np.int64)
        numbers[order] = highest.column("highest")[0].as_py() + 1 + np.arange(len(inserted))
        self._write_numbered(inserted.take(order), numbers[order])
        self._write_numbered(updated, old_rows[folded.replaced])
        keyed, rows = join([inserted, updated]), np.concatenate([numbers, old_rows[folded.replaced]])
        keys = [
            blobs(keyed.entity), keyed.rows.column("revision"), keyed.rows.column("restated"), blobs(keyed.event),
            pa.array(rows),
        ]  # fmt: skip
        self._database.write(tables.INSERT_KEY, pa.table(keys, names=["e", "r", "s", "i", "n"]))

    def _write_numbered(self, entries: Statements, numbers: Int64s) -> None:
        self._database.write(tables.INSERT_ENTRY, entries.rows.add_column(0, "row_no", pa.array(numbers)))

    def _apply_rows(self, name: str, rows: pa.Table, claim: Claim) -> None:
        counted = {"quarantine": "quarantine", "acts": "acts"}.get(name)
        before = self._count(counted)
        self._database.write(tables.INSERT[name], rows)
        if counted is not None:
            self._database.execute(
                'UPDATE positions SET applied = applied + ? WHERE projection = ? AND "partition" = ?',
                (self._count(counted) - before, PROJECTIONS[claim.topic], claim.partition),
            )

    def _count(self, table: str | None) -> int:
        if table is None:
            return 0
        return int(self._database.query(f'SELECT COUNT(*) AS rows FROM "{table}"').column("rows")[0].as_py())

    def _move(self, batch: Batch) -> None:
        self._database.execute(
            'UPDATE positions SET "position" = ?, decoded = decoded + ?, quarantined = quarantined + ?,'
            ' not_a_record = not_a_record + ?, updated_at = ? WHERE projection = ? AND "partition" = ?',
            (batch.next, batch.decoded, len(batch.undecodable), batch.not_a_record, batch.updated_at,
             PROJECTIONS[batch.claim.topic], batch.claim.partition),
        )  # fmt: skip


