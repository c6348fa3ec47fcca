"""The store in PostgreSQL."""

from __future__ import annotations

import time
from collections import defaultdict
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
from hub.projector.linear import Linear
from hub.projector.port import PROJECTIONS, Batch, Bundle, Claim
from hub.projector.postgres_database import Database
from hub.projector.postgres_dimensions import add as add_dimensions
from hub.projector.postgres_make import MAKING, add_lines, described, make, write_sources, write_undecodable
from hub.projector.postgres_positions import WRITES, move, standing
from hub.projector.postgres_rebuild import PostgresRebuilding
from hub.projector.postgres_rows import write_rows
from hub.projector.postgres_server import STOPPED_SECONDS, Server
from hub.projector.postgres_shares import COUNT, TAKES_PART, PostgresShares, lock_key
from hub.projector.projection import Projection
from hub.texts import N_

# Everything in a batch is found by its key. Statistics of tables that have just begun to grow say otherwise.
_BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
_POSITIONS = tables.POSITIONS
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
        batches = sorted(bundle.batches, key=_place)
        bundle = replace(bundle, batches=tuple(batches))
        topic, partitions = batches[0].claim.topic, [batch.claim.partition for batch in batches]
        with self._database.writing():
            at = standing(self._database, topic, partitions)
            if not bundle.follows(lambda claim: at[claim.partition]):
                return False
            applied = self._write_rows(batches)
            came = self._write_entries(bundle)
            move(self._database, batches, came.folded.winners if came else applied)
            if came:  # last what all projectors share: its locks last until the transaction ends
                add_dimensions(self._database, "dimensions", came.dimensions)
                add_lines(self._database, tables.lines(self._rules()[0]), came.sums)
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

    def projectors(self) -> int:
        """As the port says."""
        with self._database.writing():
            return int(self._database.query(COUNT, TAKES_PART)[0][0])

    def server(self) -> str:
        """As the port says."""
        with self._database.writing():
            return f"PostgreSQL {self._database.query('SHOW server_version')[0][0]}"

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

    def _write_entries(self, bundle: Bundle) -> entries.Coming | None:
        """What its statements come to, once all of it but the lines is written."""
        new, linear = bundle.statements, self._rules()[1]
        if new is None:
            return None
        told = bundle.ready if isinstance(bundle.ready, entries.Coming) else entries.coming(new, entries.NONE, linear)
        numbers, old = entries.standing(self._database, told.entities)
        if len(old):
            told = entries.coming(new, old, linear)
        entries.write(self._database, told, numbers)
        return told

    def _write_rows(self, batches: Sequence[Batch]) -> dict[int, int]:
        """Write all of them but their statements; partition → how many rows are new."""
        new: dict[int, int] = defaultdict(int)
        write_sources(self._database, {told for batch in batches for told in batch.sources})
        for batch in batches:
            new[batch.claim.partition] += write_rows(self._database, batch.rows or {})
            write_undecodable(self._database, batch.claim, batch.undecodable)
        return new


def _place(batch: Batch) -> tuple[int, int]:
    return batch.claim.partition, batch.start
