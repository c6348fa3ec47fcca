"""The store in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from hub.errors import Stop
from hub.journal.port import Topic
from hub.projector import sqlite_tables as tables
from hub.projector.description import must_be_whole, must_fit, must_follow
from hub.projector.entries import SCHEMA, Int64s, Statements, blobs, statements
from hub.projector.file_shares import FileShares
from hub.projector.fold import Folded, fold
from hub.projector.linear import Linear
from hub.projector.port import PROJECTIONS, Batch, Bundle, Claim
from hub.projector.projection import Projection
from hub.projector.sqlite_database import PAGE_SIZE, Database
from hub.projector.sqlite_make import described, make, write_sources, write_undecodable
from hub.projector.sqlite_rebuild import SqliteRebuilding
from hub.staged import Stages
from hub.texts import N_


class SqliteStore:
    """:class:`hub.projector.port.Store` in the file ``path``, made where there is none. One thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)
        self._database.execute(tables.CHOSEN)
        self._stages = Stages(PAGE_SIZE)
        self._projection: Projection | None = None
        self._linear: Linear | None = None

    def prepare(self, projection: Projection, journal: str) -> None:
        """As the port says."""
        must_follow(self._laid(projection, journal), projection)
        self._use(projection)

    def rebuilding(self, projection: Projection, journal: str) -> SqliteRebuilding:
        """As the port says."""
        self._laid(projection, journal)
        self._use(projection)
        return SqliteRebuilding(self._database, self._stages, projection, journal)

    def _laid(self, projection: Projection, journal: str) -> dict[str, str]:
        """What the store says of itself, once it is known to be of this version and this journal."""
        with self._database.writing():
            if not described(self._database):
                make(self._database, projection, journal)
        said = described(self._database)
        must_fit(
            said, journal, path=str(self.path), schema=tables.SCHEMA_VERSION,
            remedy=N_("Delete it and project again: the journal has everything."),
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

    def shares(self, partitions: Mapping[Topic, Sequence[int]], locks: Path) -> FileShares:
        """As the port says."""
        return FileShares(partitions, locks)

    def ready(self, bundle: Bundle) -> Bundle:
        """As the port says."""
        new = bundle.statements
        if new is None or isinstance(bundle.ready, Path):
            return bundle
        rows = new.rows.append_column("entity_key", blobs(new.entity)).append_column("event_key", blobs(new.event))
        return replace(bundle, ready=self._stages.write(rows))

    def apply(self, bundle: Bundle) -> bool:
        """As the port says."""
        staged = self.ready(bundle).ready
        with self._database.attached(staged) if isinstance(staged, Path) else nullcontext(), self._database.writing():
            if not bundle.follows(lambda claim: self._standing(claim.topic, claim.partition)):
                return False
            for batch in bundle.batches:
                self._move(batch)
            if (new := bundle.statements) is not None:
                self._apply_events(new)
        return True

    def positions(self) -> list[dict[str, Any]]:
        """As the port says."""
        return self._database.query('SELECT * FROM positions_v1 ORDER BY projection, "partition"')

    def conflicts(self, limit: int) -> list[str]:
        """As the port says."""
        found = self._database.query("SELECT DISTINCT entity_id FROM conflicts_v1 ORDER BY entity_id LIMIT ?", (limit,))
        return [str(UUID(bytes=row["entity_id"])) for row in found]

    def projectors(self) -> None:
        """As the port says: a lock does not show who waits for it or holds it."""

    def server(self) -> str:
        """As the port says."""
        return f"SQLite {sqlite3.sqlite_version}"

    def close(self) -> None:
        """As the port says."""
        self._database.close()
        self._stages.close()
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
        )
        return (int(found[0]["epoch"]), int(found[0]["position"])) if found else (0, 0)

    def _apply_events(self, new: Statements) -> None:
        projection, linear = self._rules()
        numbers, old = self._old()
        folded = fold(new, old)
        self._write_entries(folded, numbers)
        self._database.write(tables.INSERT_PAST, folded.past)
        sums = linear.sums(folded.changes)
        self._database.write(tables.upsert_lines(projection, projection.lines.table), sums)
        for partition, count in folded.winners.items():
            self._database.execute(
                'UPDATE positions SET applied = applied + ? WHERE projection = ? AND "partition" = ?',
                (count, PROJECTIONS["events"], partition),
            )

    def _old(self) -> tuple[Int64s, Statements]:
        """The entries of the staged entities that stand, and their row numbers."""
        found = self._database.rows(tables.STANDING_ENTRIES)
        must_be_whole(len(found), sum(row[0] is not None for row in found), path=str(self.path))
        columns = list(zip(*found, strict=True)) or [()] * (len(SCHEMA) + 1)
        arrays = [pa.array(column, field.type) for column, field in zip(columns[1:], SCHEMA, strict=True)]
        return np.array(columns[0], dtype=np.int64), statements(pa.table(arrays, schema=SCHEMA))

    def _write_entries(self, folded: Folded, old_numbers: Int64s) -> None:
        """New entities get the next row numbers, in the order of the journal: neighbours in time stay neighbours."""
        ((highest,),) = self._database.rows("SELECT COALESCE(MAX(row_no), 0) FROM entries")
        inserted = np.sort(folded.inserted)
        new = zip(range(highest + 1, highest + 1 + len(inserted)), (inserted + 1).tolist(), strict=True)
        changed = zip(old_numbers[folded.replaced].tolist(), (folded.updated + 1).tolist(), strict=True)
        self._database.execute("DELETE FROM chosen")
        self._database.write("INSERT INTO chosen VALUES (?, ?)", [*new, *changed])
        self._database.execute(tables.INSERT_ENTRIES)
        self._database.execute(tables.INSERT_KEYS)

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
        return int(self._database.rows(f'SELECT COUNT(*) FROM "{table}"')[0][0])

    def _move(self, batch: Batch) -> None:
        """Move its partition on, and write all of it but its statements."""
        for name, rows in (batch.rows or {}).items():
            self._apply_rows(name, rows, batch.claim)
        write_sources(self._database, batch.sources)
        write_undecodable(self._database, batch.claim, batch.undecodable)
        self._database.execute(
            'UPDATE positions SET "position" = ?, decoded = decoded + ?, quarantined = quarantined + ?,'
            ' not_a_record = not_a_record + ?, updated_at = ? WHERE projection = ? AND "partition" = ?',
            (batch.next, batch.decoded, len(batch.undecodable), batch.not_a_record, batch.updated_at,
             PROJECTIONS[batch.claim.topic], batch.claim.partition),
        )  # fmt: skip


