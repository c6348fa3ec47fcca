"""Projectors that share the partitions of a journal through PostgreSQL: fenced, and nothing lost or doubled."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from hub.errors import Fenced, StoreUnavailable
from hub.events import columns
from hub.journal.port import Outgoing
from hub.projector.clock import now
from hub.projector.messages import batch
from hub.projector.port import Bundle
from hub.projector.postgres_make import MAKING
from hub.projector.postgres_positions import WRITES
from hub.projector.postgres_server import Server
from hub.projector.postgres_shares import PostgresShares
from hub.projector.project import project_once
from hub.projector.rebuild import rebuild
from tests.projector.histories import Event, event, history, ledger, table
from tests.projector.oracle import Oracle, Place
from tests.projector.partitions import Partitioned
from tests.projector.stores import PostgresStores, rows, shown
from tests.waiting import PATIENCE, until

PARTITIONS = 4
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Partitioned]:
    with closing(Partitioned(tmp_path, PARTITIONS)) as made:
        yield made


def told(journal: Partitioned, said: Sequence[Event], astray: int | None = None) -> list[tuple[Place, Event]]:
    """Append events, each entity in a partition of its own, or (``astray``: a seed) anywhere; where they stand."""
    homes = [int(one["entity_id"][-1], 16) % PARTITIONS for one in said]
    if astray is not None:
        homes = random.Random(astray).choices(range(PARTITIONS), k=len(said))
    keys = pa.array([str(home) for home in homes], pa.string())
    values = columns.encode(table(said), "waste_event")
    (appended,) = journal.append(journal.fence("test"), [Outgoing("events", keys, values)])
    places = zip(appended.positions.tolist(), appended.partitions.tolist(), strict=True)
    return list(zip(places, said, strict=True))


@pytest.mark.parametrize("astray", [None, 3])
def test_two_at_once_give_the_oracle(
    tmp_path: Path, journal: Partitioned, in_postgres: PostgresStores, astray: int | None
) -> None:
    """Two processes that project the same journal come to the end together, and entries and lines are right; even where
    one entity stands in the partitions of both, and now and then one of them must try again."""
    placed = told(journal, history(11, entities=400), astray)
    arguments = [(in_postgres, tmp_path, limit, 10.0, astray is not None) for limit in (40, 25)]
    workers = [SPAWN.Process(target=_project, args=one) for one in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE)
    assert [worker.exitcode for worker in workers] == [0, 0]
    _compare(in_postgres, Oracle(placed))


def test_one_goes_on_where_another_was_killed(
    tmp_path: Path, journal: Partitioned, in_postgres: PostgresStores
) -> None:
    """While one projects, others are killed at seeded moments: it takes over, nothing is lost or doubled."""
    placed, dice = told(journal, history(5, entities=500)), random.Random(5)
    survivor = SPAWN.Process(target=_project, args=(in_postgres, tmp_path, 10))
    victims = [SPAWN.Process(target=_project, args=(in_postgres, tmp_path, 10)) for _ in range(2)]
    for worker in (*victims, survivor):
        worker.start()
    for victim in victims:
        until(lambda: _rows_written(in_postgres) > 0)
        victim.join(dice.random() * 0.3)
        victim.kill()
    for worker in (*victims, survivor):
        worker.join(PATIENCE)
    assert survivor.exitcode == 0
    assert any(victim.exitcode == -signal.SIGKILL for victim in victims)
    _compare(in_postgres, Oracle(placed))


def test_one_that_was_stopped_loses_its_partitions_and_nothing_else(
    tmp_path: Path, journal: Partitioned, in_postgres: PostgresStores
) -> None:
    """Stopped for longer than the server waits, another takes over; awake again it is fenced, and tries again."""
    placed = told(journal, history(3, entities=800))
    zombie = SPAWN.Process(target=_project, args=(in_postgres, tmp_path, 10, 1.0, True))
    zombie.start()
    until(lambda: _rows_written(in_postgres) > 0)
    assert zombie.pid is not None
    os.kill(zombie.pid, signal.SIGSTOP)
    assert _rows_written(in_postgres) < 800, "it was done before it was stopped"
    try:
        _project(in_postgres, tmp_path, 100)
        _compare(in_postgres, Oracle(placed))
    finally:
        os.kill(zombie.pid, signal.SIGCONT)
    more = told(journal, [event(f"late {number}", mass_g=number) for number in range(50)])
    _project(in_postgres, tmp_path, 100)
    zombie.join(PATIENCE)
    assert zombie.exitcode == 0
    _compare(in_postgres, Oracle([*placed, *more]))


def test_one_that_was_stopped_in_the_midst_of_sending_is_ended(
    journal: Partitioned, in_postgres: PostgresStores
) -> None:
    """A session that holds a partition's rows while the server waits for its COPY does not hold up the next owner."""
    with closing(in_postgres.open()) as first:
        first.prepare(ledger(), journal.identity)
        first.claim("events", [0])
    with in_postgres.connected() as stopped, closing(in_postgres.open(patience=0.2)) as later:
        later.prepare(ledger(), journal.identity)
        stopped.execute("SELECT pg_advisory_xact_lock(%s, 0)", (WRITES,))
        stopped.execute("SELECT * FROM positions WHERE projection = 'ledger' FOR UPDATE")
        sending = ExitStack()
        sending.enter_context(stopped.cursor().copy("COPY meta FROM STDIN")).write(b"half a row")
        (claim,) = later.claim("events", [0])
        assert claim.epoch == 2
        with pytest.raises(psycopg.OperationalError):
            sending.close()


def test_one_that_was_stopped_between_statements_sent_together_is_ended(
    journal: Partitioned, tmp_path: Path, in_postgres: PostgresStores
) -> None:
    """The server has some of them, and waits for the rest: whatever that session holds, others get it in the end."""
    stopped = Server(in_postgres.url(), patience=0.5).connect({}).pgconn  # it ends whoever is idle after half a second
    stopped.enter_pipeline_mode()
    stopped.send_query_params(b"BEGIN", None)
    stopped.send_query_params(b"SELECT pg_advisory_xact_lock(%d)" % MAKING, None)
    stopped.send_flush_request()
    stopped.flush()
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    until(lambda: rows(in_postgres, held) == [(1,)])
    with closing(in_postgres.open(patience=0.5)) as store, ThreadPoolExecutor(1) as pool:
        done = pool.submit(project_once, journal, store, ledger(), tmp_path)
        try:
            assert done.result(PATIENCE)["projections"][0]["applied"] == 0
        finally:
            stopped.finish()


def test_who_was_fenced_may_try_again(in_postgres: PostgresStores) -> None:
    """Among projectors that share, losing a partition is no end: the same call may go through later."""
    with pytest.raises(StoreUnavailable, match="took over"), PostgresShares(Server(in_postgres.url())):
        raise Fenced("somebody else has it")


def test_a_session_that_was_ended_is_begun_again(
    tmp_path: Path, journal: Partitioned, in_postgres: PostgresStores
) -> None:
    """A server that is restarted, or ends all sessions, costs a try: the next call goes on."""
    placed = told(journal, [event("A"), event("B")])
    with closing(in_postgres.open()) as store:
        project_once(journal, store, ledger(), tmp_path)
        _end_sessions(in_postgres)
        placed += told(journal, [event("A", 2, mass_g=3)])
        with pytest.raises(StoreUnavailable):
            store.positions()
        project_once(journal, store, ledger(), tmp_path)
        rebuild(journal, store, ledger(), tmp_path)
    _compare(in_postgres, Oracle(placed))


def test_a_batch_of_several_partitions_is_one(journal: Partitioned, in_postgres: PostgresStores) -> None:
    """What is committed together is all there, or nothing of it where one partition is not the projector's."""
    said = [event(str(number)) for number in range(40)]
    told(journal, said)
    with closing(in_postgres.open()) as store:
        store.prepare(ledger(), journal.identity)
        claims = {claim.partition: claim for claim in store.claim("events", range(PARTITIONS))}
        runs = journal.read("events", {}, 100)
        assert len(runs) == PARTITIONS
        bundle = Bundle(tuple(batch(run, 0, claims[run.partition], journal.schema, now()) for run in runs))
        (newer,) = store.claim("events", [2])
        with pytest.raises(Fenced):
            store.apply(bundle)
        assert rows(in_postgres, "SELECT COUNT(*) FROM entries") == [(0,)]
        claims[2] = newer
        bundle = Bundle(tuple(batch(run, 0, claims[run.partition], journal.schema, now()) for run in runs))
        assert store.apply(bundle)
        assert not store.apply(bundle)
    assert rows(in_postgres, "SELECT COUNT(*) FROM entries") == [(40,)]


def _compare(stores: PostgresStores, oracle: Oracle) -> None:
    """Entries and lines are the oracle's, and every event has one outcome."""
    found = shown(stores)
    assert found["entries_v1"] == oracle.entries()
    assert found["flows_v1"] == oracle.flows()
    assert found["accounts_v1"] == oracle.accounts()
    assert {*found["conflicts_v1"]} == oracle.conflicts()
    positions = [row for row in found["positions_v1"] if row[0] == "ledger"]
    assert (sum(row[4] for row in positions), sum(row[5] for row in positions)) == oracle.counts()


def _rows_written(stores: PostgresStores) -> int:
    try:
        return int(rows(stores, "SELECT COUNT(*) FROM entries")[0][0])
    except psycopg.errors.UndefinedTable:
        return 0


def _end_sessions(stores: PostgresStores) -> None:
    with stores.connected() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _project(stores: PostgresStores, folder: Path, limit: int, patience: float = 10.0, again: bool = False) -> None:
    """What a process of its own does: project in batches of ``limit``; ``again``: as a service does, after a failure."""
    from hub.projector import project

    project.BATCH = limit
    with closing(Partitioned(folder, PARTITIONS)) as journal, closing(stores.open(patience=patience)) as store:
        journal.most = limit
        while True:
            try:
                project_once(journal, store, ledger(), folder / "locks")
            except StoreUnavailable:
                if not again:
                    raise
            else:
                return
