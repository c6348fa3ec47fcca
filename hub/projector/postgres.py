"""The store in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from hub.errors import Fenced, Refused, Stop
from hub.journal.port import Topic
from hub.projector import postgres_entries as entries
from hub.projector import postgres_tables as tables
from hub.projector.entries import Statements
from hub.projector.fold import fold
from hub.projector.linear import Linear
from hub.projector.port import PROJECTIONS, Batch, Claim
from hub.projector.postgres_database import Database
from hub.projector.postgres_make import MAKING, described, make, write_sources, write_undecodable
from hub.projector.postgres_rows import write_rows
from hub.projector.projection import Projection

# Everything in a batch is found by its key. Statistics of tables that have just begun to grow say otherwise.
_BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
_POSITIONS = tables.POSITIONS


class PostgresStore:
    """:class:`hub.projector.port.Store` in the schema ``hub`` of the database ``postgresql://user@host/database``.

    The password comes from PGPASSWORD, a passfile or a service, as libpq looks for it. One thread at a time.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._database = Database(url, _BY_KEY)
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

    def _laid(self, projection: Projection, journal: str) -> dict[str, str]:
        """What the store says of itself, once it is known to be of this version and this journal."""
        with self._database.writing():
            if not described(self._database):
                self._database.query("SELECT pg_advisory_xact_lock(%s)", MAKING)
                if not described(self._database):
                    make(self._database, projection, journal)
            said = described(self._database)
        if said.get("schema") != str(tables.SCHEMA_VERSION):
            raise Refused(
                "the store {path} was made by another version of wastehub ({found}, not {known})",
                path=self._database.name, found=said.get("schema"), known=tables.SCHEMA_VERSION,
                remedy="Drop its schema hub and project again: the journal has everything.",
            )  # fmt: skip
        if said["journal"] != journal:
            raise Stop(
                "the store {path} was built from another journal ({found}, not {wanted})", path=self._database.name,
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
        new = {"projection": PROJECTIONS[topic], "version": projection.version if topic == "events" else 1, "epoch": 1}
        new |= dict.fromkeys(("position", "applied", "decoded", "quarantined", "not_a_record"), 0) | {"updated_at": ""}
        statement = insert(_POSITIONS).on_conflict_do_update(
            index_elements=["projection", "partition"], set_={"epoch": _POSITIONS.c.epoch + 1}
        )
        claims = []
        with self._database.writing():
            for partition in sorted(partitions):
                told = statement.values(**new, partition=partition).returning(_POSITIONS.c.epoch, _POSITIONS.c.position)
                found = self._database.execute(told).one()
                claims.append(Claim(topic, partition, found.epoch, found.position))
        return claims

    def ready(self, batch: Batch) -> Batch:
        """As the port says."""
        return batch

    def apply(self, batch: Batch) -> bool:
        """As the port says."""
        with self._database.writing():
            epoch, position = self._standing(batch.claim)
            if epoch != batch.claim.epoch:
                raise Fenced("another projector took over partition {partition} of {topic}",
                             partition=batch.claim.partition, topic=batch.claim.topic)  # fmt: skip
            if position != batch.start:
                return False
            if batch.rows is not None:
                self._count(batch.claim.topic, batch.claim.partition, write_rows(self._database, batch.rows))
            write_undecodable(self._database, batch.claim, batch.undecodable)
            self._move(batch)
            if batch.statements is not None:
                write_sources(self._database, batch.sources)
                self._apply_events(batch.statements)
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
        if self._linear is not None:
            self._linear.close()

    def _rules(self) -> tuple[Projection, Linear]:
        if self._projection is None or self._linear is None:
            raise Stop("the store {path} was not prepared", path=self._database.name)
        return self._projection, self._linear

    def _standing(self, claim: Claim) -> tuple[int, int]:
        """Epoch and next position, under the lock of their row until the transaction ends: never carried in."""
        found = self._database.execute(
            sa.select(_POSITIONS.c.epoch, _POSITIONS.c.position).where(*_row(claim.topic, claim.partition))
            .with_for_update()
        ).one_or_none()  # fmt: skip
        return (0, 0) if found is None else (int(found.epoch), int(found.position))

    def _apply_events(self, new: Statements) -> None:
        """Lines come last: all projectors share them, and their locks last until the transaction ends."""
        projection, linear = self._rules()
        numbers, old = entries.standing(self._database, new)
        folded = fold(new, old)
        entries.write(self._database, new, folded, numbers)
        entries.write_past(self._database, folded.past)
        for partition, count in sorted(folded.winners.items()):
            self._count("events", partition, count)
        self._add(tables.lines(projection), linear.sums(folded.changes))

    def _add(self, table: sa.Table, sums: pa.Table) -> None:
        """Add sums to the lines. They are sorted by key, and so are locked in the same order by all projectors."""
        if not len(sums):
            return
        keys = [f'"{column.name}"' for column in table.primary_key.columns]
        names = [f'"{column.name}"' for column in table.columns]
        kinds = ["bigint[]" if isinstance(column.type, sa.BigInteger) else "text[]" for column in table.columns]
        added = ", ".join(f"{n} = {table.name}.{n} + excluded.{n}" for n in names if n not in keys)
        self._database.query(
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({', '.join(f'%s::{k}' for k in kinds)})"
            f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}",
            *(sums.column(column.name).to_pylist() for column in table.columns),
        )

    def _count(self, topic: Topic, partition: int, more: int) -> None:
        counted = {"applied": _POSITIONS.c.applied + more}
        self._database.execute(sa.update(_POSITIONS).where(*_row(topic, partition)).values(counted))

    def _move(self, batch: Batch) -> None:
        columns = _POSITIONS.c
        moved = sa.update(_POSITIONS).where(*_row(batch.claim.topic, batch.claim.partition)).values(
            position=batch.next, decoded=columns.decoded + batch.decoded,
            quarantined=columns.quarantined + len(batch.undecodable),
            not_a_record=columns.not_a_record + batch.not_a_record, updated_at=batch.updated_at,
        )  # fmt: skip
        self._database.execute(moved)


def _row(topic: Topic, partition: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_POSITIONS.c.projection == PROJECTIONS[topic], _POSITIONS.c.partition == partition)
