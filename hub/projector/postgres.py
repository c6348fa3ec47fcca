"""The store in PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from hub.errors import Stop
from hub.journal.port import Topic
from hub.projector import postgres_entries as entries
from hub.projector import postgres_tables as tables
from hub.projector.description import must_fit, must_follow
from hub.projector.entries import Statements
from hub.projector.linear import Linear
from hub.projector.port import PROJECTIONS, Batch, Bundle, Claim
from hub.projector.postgres_database import Database
from hub.projector.postgres_make import MAKING, add_lines, described, make, write_sources, write_undecodable
from hub.projector.postgres_rebuild import PostgresRebuilding
from hub.projector.postgres_rows import write_rows
from hub.projector.postgres_server import STOPPED_SECONDS, Server
from hub.projector.postgres_shares import PostgresShares, lock_key
from hub.projector.projection import Projection
from hub.texts import N_

# Everything in a batch is found by its key. Statistics of tables that have just begun to grow say otherwise.
_BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
_POSITIONS = tables.POSITIONS
WRITES = 0x7761_7303
"""Class of the advisory locks of those who write in a partition."""
_PAUSE_SECONDS = 0.1


class PostgresStore:
    """:class:`hub.projector.port.Store` in the schema ``hub`` of the database ``postgresql://user@host/database``.

    One thread at a time. ``patience``: after so many seconds a projector that says nothing has lost its partitions.
    Raises RequestWrong where that is no such URL.
    """

    def __init__(self, url: str, patience: float = STOPPED_SECONDS) -> None:
        self._server = Server(url, patience)
        self._database = Database(self._server, _BY_KEY)
        self._projection: Projection | None = None
        self._linear: Linear | None = None
        self._ahead: Linear | None = None  # used by the thread that makes bundles ready, and by no other

    def prepare(self, projection: Projection, journal: str) -> None:
        """As the port says."""
        must_follow(self._laid(projection, journal), projection)
        self._use(projection)

    def rebuilding(self, projection: Projection, journal: str) -> PostgresRebuilding:
        """As the port says."""
        self._laid(projection, journal)
        self._use(projection)
        return PostgresRebuilding(self._server, projection, journal)

    def _laid(self, projection: Projection, journal: str) -> dict[str, str]:
        """What the store says of itself, once it is known to be of this version and this journal."""
        with self._database.writing():
            if not described(self._database):
                self._database.query("SELECT pg_advisory_xact_lock(%s)", MAKING)
                if not described(self._database):
                    make(self._database, projection, journal)
            said = described(self._database)
        must_fit(
            said, journal, path=self._database.name, schema=tables.SCHEMA_VERSION,
            remedy=N_("Drop its schema hub and project again: the journal has everything."),
        )  # fmt: skip
        return said

    def _use(self, projection: Projection) -> None:
        if self._projection == projection:
            return
        self._free()
        self._projection, self._linear, self._ahead = projection, Linear(projection), Linear(projection)

    def claim(self, topic: Topic, partitions: Sequence[int]) -> list[Claim]:
        """As the port says. Whoever still writes in one of them has been stopped for long: that session is ended."""
        if not partitions:
            return []
        projection = self._rules()[0]
        new = {"projection": PROJECTIONS[topic], "version": projection.version if topic == "events" else 1, "epoch": 1}
        new |= dict.fromkeys(("position", "applied", "decoded", "quarantined", "not_a_record"), 0) | {"updated_at": ""}
        statement = insert(_POSITIONS).on_conflict_do_update(
            index_elements=["projection", "partition"], set_={"epoch": _POSITIONS.c.epoch + 1}
        )
        claims = []
        with self._database.writing():
            for partition in sorted(partitions):
                self._end_writers(topic, partition)
                row = statement.values(**new, partition=partition)
                found = self._database.execute(row.returning(_POSITIONS.c.epoch, _POSITIONS.c.position)).one()
                claims.append(Claim(topic, partition, found.epoch, found.position))
        return claims

    def _end_writers(self, topic: Topic, partition: int) -> None:
        """Wait for those who write in a partition, but not for one that does nothing: a process stopped in the midst
        of COPY holds its rows, and no time-out of the server's is for it."""
        until = time.monotonic() + self._server.patience
        mine = (WRITES, lock_key(topic, partition))
        while not self._database.query("SELECT pg_try_advisory_xact_lock(%s, %s)", *mine)[0][0]:
            if time.monotonic() > until:
                self._database.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                    " AND classid = %s AND objid = %s AND pid <> pg_backend_pid()"
                    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                    *mine,
                )
            time.sleep(_PAUSE_SECONDS)

    def shares(self, partitions: Mapping[Topic, Sequence[int]], locks: Path) -> PostgresShares:
        """As the port says: by the database alone, so that it does not matter where they run."""
        return PostgresShares(self._server)

    def ready(self, bundle: Bundle) -> Bundle:
        """As the port says: all that there is to write, if none of the entities stands."""
        new = bundle.statements
        if new is None or self._ahead is None:
            return bundle
        return replace(bundle, ready=entries.coming(new, entries.NONE, self._ahead))

    def apply(self, bundle: Bundle) -> bool:
        """As the port says."""
        bundle = replace(bundle, batches=tuple(sorted(bundle.batches, key=_place)))
        with self._database.writing():
            if not bundle.follows(self._standing):
                return False
            for batch in bundle.batches:
                self._move(batch)
            if (new := bundle.statements) is not None:
                self._apply_events(new, bundle.ready)
        return True

    def positions(self) -> list[dict[str, Any]]:
        """As the port says."""
        with self._database.writing():
            found = self._database.execute(sa.text("SELECT * FROM positions_v1 ORDER BY projection, partition"))
            return [dict(row) for row in found.mappings()]

    def conflicts(self, limit: int) -> list[str]:
        """As the port says."""
        with self._database.writing():
            found = self._database.query(
                "SELECT DISTINCT entity_id FROM conflicts_v1 ORDER BY entity_id LIMIT %s", limit
            )
        return [str(entity) for (entity,) in found]

    def close(self) -> None:
        """As the port says."""
        self._database.close()
        self._free()

    def _free(self) -> None:
        for linear in (self._linear, self._ahead):
            if linear is not None:
                linear.close()

    def _rules(self) -> tuple[Projection, Linear]:
        if self._projection is None or self._linear is None:
            raise Stop("the store {path} was not prepared", path=self._database.name)
        return self._projection, self._linear

    def _standing(self, claim: Claim) -> tuple[int, int]:
        """Epoch and next position, under the lock of their row until the transaction ends: never carried in."""
        self._database.query("SELECT pg_advisory_xact_lock(%s, %s)", WRITES, lock_key(claim.topic, claim.partition))
        found = self._database.execute(
            sa.select(_POSITIONS.c.epoch, _POSITIONS.c.position).where(*_row(claim.topic, claim.partition))
            .with_for_update()
        ).one_or_none()  # fmt: skip
        return (0, 0) if found is None else (int(found.epoch), int(found.position))

    def _apply_events(self, new: Statements, ready: object) -> None:
        """Lines come last: all projectors share them, and their locks last until the transaction ends."""
        projection, linear = self._rules()
        told = ready if isinstance(ready, entries.Coming) else entries.coming(new, entries.NONE, linear)
        numbers, old = entries.standing(self._database, told.entities)
        if len(old):
            told = entries.coming(new, old, linear)
        entries.write(self._database, told, numbers)
        for partition, count in sorted(told.folded.winners.items()):
            won = sa.update(_POSITIONS).where(*_row("events", partition))
            self._database.execute(won.values(applied=_POSITIONS.c.applied + count))
        add_lines(self._database, tables.lines(projection), told.sums)

    def _move(self, batch: Batch) -> None:
        """Move its partition on, and write all of it but its statements."""
        columns, claim = _POSITIONS.c, batch.claim
        new = write_rows(self._database, batch.rows or {})
        write_sources(self._database, batch.sources)
        write_undecodable(self._database, claim, batch.undecodable)
        moved = sa.update(_POSITIONS).where(*_row(claim.topic, claim.partition)).values(
            position=batch.next, applied=columns.applied + new, decoded=columns.decoded + batch.decoded,
            quarantined=columns.quarantined + len(batch.undecodable),
            not_a_record=columns.not_a_record + batch.not_a_record, updated_at=batch.updated_at,
        )  # fmt: skip
        self._database.execute(moved)


def _row(topic: Topic, partition: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_POSITIONS.c.projection == PROJECTIONS[topic], _POSITIONS.c.partition == partition)


def _place(batch: Batch) -> tuple[int, int]:
    return batch.claim.partition, batch.start
