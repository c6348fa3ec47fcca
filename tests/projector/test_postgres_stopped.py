"""A projector that is stopped (SIGSTOP) between two statements of its transaction: whatever it holds, others get on."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hub.errors import StoreUnavailable
from hub.events import columns
from hub.journal.port import Outgoing
from hub.projector import postgres
from hub.projector.clock import now
from hub.projector.messages import batch
from hub.projector.port import Bundle, Store
from tests.projector.histories import event, ledger, table
from tests.projector.partitions import Partitioned
from tests.projector.stores import PostgresStores, rows

PATIENCE = 30.0
SHORT, LONG = 0.5, 600.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Partitioned]:
    """In each of two partitions an event; both are of one line."""
    with closing(Partitioned(tmp_path, 2)) as made:
        told = columns.encode(table([event("A", mass_g=1), event("B", mass_g=2)]), "waste_event")
        made.append(made.fence("test"), [Outgoing("events", pa.array(["0", "1"]), told)])
        yield made


def test_the_server_ends_a_transaction_in_which_nothing_is_said(
    tmp_path: Path, journal: Partitioned, in_postgres: PostgresStores
) -> None:
    """Stopped with lines that others add to, it is ended by the server alone, and leaves nothing; awake again it is told
    to try again."""
    with _stopped(in_postgres, tmp_path, "add_lines", SHORT), closing(in_postgres.open()) as other:
        assert _in_time(lambda: _applied(other, journal, 1))
    assert rows(in_postgres, "SELECT mass_g, entries FROM flows_v1") == [(2, 1)]


def test_who_takes_a_partition_over_ends_who_writes_in_it(
    tmp_path: Path, journal: Partitioned, in_postgres: PostgresStores
) -> None:
    """Stopped when it knew where its partition stands, and in no haste by its own settings: the next owner waits for as
    long as he has patience, and ends it."""
    with _stopped(in_postgres, tmp_path, "write_sources", LONG), closing(in_postgres.open(patience=SHORT)) as other:
        assert _in_time(lambda: _applied(other, journal, 0))
    assert rows(in_postgres, "SELECT mass_g, entries FROM flows_v1") == [(1, 1)]


@contextmanager
def _stopped(stores: PostgresStores, folder: Path, where: str, patience: float) -> Iterator[None]:
    """A process that stands still in the midst of applying partition 0. It goes on afterwards, and must have lost it."""
    stores.url()
    process = multiprocessing.get_context("spawn").Process(target=_stop, args=(stores, folder, where, patience))
    process.start()
    assert process.pid is not None
    try:
        found = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert found is not None
        assert found.si_code == os.CLD_STOPPED
        yield
        os.kill(process.pid, signal.SIGCONT)
        process.join(PATIENCE)
        assert process.exitcode == 0
    finally:
        process.kill()
        process.join()


def _in_time(work: Callable[[], bool]) -> bool:
    """Whatever ``work`` waits for, it has PATIENCE; then who holds it up is let go by ``_stopped``."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work).result(PATIENCE)
    finally:
        pool.shutdown(wait=False)


def _applied(store: Store, journal: Partitioned, partition: int) -> bool:
    store.prepare(ledger(), journal.identity)
    (claim,) = store.claim("events", [partition])
    (run,) = (run for run in journal.read("events", {}, 10) if run.partition == partition)
    return store.apply(Bundle((batch(run, 0, claim, journal.schema, now()),)))


def _stop(stores: PostgresStores, folder: Path, where: str, patience: float) -> None:
    """In a process of its own: stop when a step of ``apply`` is done."""

    def stopping(*told: Any) -> None:
        step(*told)
        os.kill(os.getpid(), signal.SIGSTOP)

    step = getattr(postgres, where)
    setattr(postgres, where, stopping)
    with (
        closing(Partitioned(folder, 2)) as journal, closing(stores.open(patience=patience)) as store,
        pytest.raises(StoreUnavailable),
    ):  # fmt: skip
        _applied(store, journal, 0)
