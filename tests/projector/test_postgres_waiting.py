"""Who waits for whom in PostgreSQL: never in a ring."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow as pa
import pytest

from hub.events import columns
from hub.journal.port import Outgoing
from hub.projector import postgres
from hub.projector.clock import now
from hub.projector.messages import batch
from hub.projector.port import Bundle, Claim
from hub.projector.postgres_database import Database
from hub.projector.project import project_once
from hub.projector.rebuild import rebuild
from tests.projector.histories import event, ledger, table
from tests.projector.partitions import Partitioned
from tests.projector.stores import PostgresStores, rows

PATIENCE = 60.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Partitioned]:
    with closing(Partitioned(tmp_path, 2)) as made:
        yield made


def _told(journal: Partitioned, said: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """Append events to the partitions named."""
    bodies = columns.encode(table([one for _, one in said]), "waste_event")
    keys = pa.array([str(partition) for partition, _ in said])
    journal.append(journal.fence("test"), [Outgoing("events", keys, bodies)])


def _bundle(journal: Partitioned, claim: Claim) -> Bundle:
    runs = journal.read("events", {claim.partition: claim.position}, 1_000)
    (run,) = (run for run in runs if run.partition == claim.partition)
    return Bundle((batch(run, claim.position, claim, journal.schema, now()),))


@contextmanager
def _waits(stores: PostgresStores) -> Iterator[Callable[[], None]]:
    """Returns once a session of the database waits for another one's lock."""

    def wait() -> None:
        deadline = time.monotonic() + PATIENCE
        while not connection.execute(asked).fetchone():
            connection.rollback()
            assert time.monotonic() < deadline, "nobody waits"

    asked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with stores.connected() as connection:
        yield wait


def test_a_dimension_and_a_position(
    journal: Partitioned, tmp_path: Path, in_postgres: PostgresStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two projectors that make the same dimension, one also counts down in the other's partition, where its entity
    stood: it waits, and both come to their end."""
    with (
        closing(in_postgres.open()) as one, closing(in_postgres.open()) as other, _waits(in_postgres) as wait,
        ThreadPoolExecutor(1) as pool,
    ):  # fmt: skip
        _told(journal, [(1, event("E"))])
        project_once(journal, one, ledger(), tmp_path / "locks")
        _told(journal, [(0, event("E", 2, code="new", mass_g=1)), (1, event("F", code="new", mass_g=2))])
        other.prepare(ledger(), journal.identity)
        mine, theirs = one.claim("events", [0]) + one.claim("events", [1])
        there = Event()

        def slowly(database: Database, *told: Any) -> None:
            if database is other._database:
                there.set()
                wait()
            real(database, *told)

        real = postgres.add_dimensions
        monkeypatch.setattr(postgres, "add_dimensions", slowly)
        applied = pool.submit(other.apply, _bundle(journal, theirs))
        assert there.wait(PATIENCE)
        assert one.apply(_bundle(journal, mine))
        assert applied.result(PATIENCE)
    assert rows(in_postgres, "SELECT code, mass_g, entries FROM flows_v1") == [("new", 3, 2)]
    assert rows(in_postgres, "SELECT count(*) FROM dimensions WHERE code = 'new'") == [(1,)]


def test_a_dimension_that_another_takes_back(
    journal: Partitioned, tmp_path: Path, in_postgres: PostgresStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for one who makes the same dimension and then fails makes it himself."""
    with (
        closing(in_postgres.open()) as one, closing(in_postgres.open()) as other, _waits(in_postgres) as wait,
        ThreadPoolExecutor(1) as pool,
    ):  # fmt: skip
        _told(journal, [(0, event("E", mass_g=1)), (1, event("F", mass_g=2))])
        for store in (one, other):
            store.prepare(ledger(), journal.identity)
        mine, theirs = one.claim("events", [0]) + one.claim("events", [1])
        there = Event()

        def failing(database: Database, *told: Any) -> None:
            real(database, *told)
            if database is other._database:
                there.set()
                wait()
                raise ValueError("it fails")

        real = postgres.add_dimensions
        monkeypatch.setattr(postgres, "add_dimensions", failing)
        failed = pool.submit(other.apply, _bundle(journal, theirs))
        assert there.wait(PATIENCE)
        assert one.apply(_bundle(journal, mine))
        with pytest.raises(ValueError, match="it fails"):
            failed.result(PATIENCE)
    assert rows(in_postgres, "SELECT mass_g FROM entries_v1") == [(1,)]


def test_a_swap_sends_no_reader_away(journal: Partitioned, tmp_path: Path, in_postgres: PostgresStores) -> None:
    """Who asks while a swap waits for an earlier reader is answered, and the swap comes to its end."""
    with closing(in_postgres.open()) as store, _waits(in_postgres) as wait, ThreadPoolExecutor(2) as pool:
        _told(journal, [(0, event("A"))])
        project_once(journal, store, ledger(), tmp_path / "locks")
        with in_postgres.connected() as reader:
            reader.execute("SELECT * FROM flows_v1").fetchall()
            rebuilt = pool.submit(rebuild, journal, store, ledger(), tmp_path / "locks")
            wait()
            asked = pool.submit(rows, in_postgres, "SELECT count(*) FROM entries_v1")
            _until_it_waits_or_is_done(in_postgres, asked.done)
            reader.rollback()
            assert asked.result(PATIENCE) == [(1,)]
        assert rebuilt.result(PATIENCE)


def _until_it_waits_or_is_done(stores: PostgresStores, done: Callable[[], bool]) -> None:
    asked = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query LIKE 'SELECT count%entries_v1'"
    )
    with stores.connected() as connection:
        deadline = time.monotonic() + PATIENCE
        while not done() and not connection.execute(asked).fetchone():
            connection.rollback()
            assert time.monotonic() < deadline
