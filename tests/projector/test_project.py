"""The loop: every message accounted for, rows and position together, one projector, and nothing silently wrong."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from hub.errors import Fenced, JournalCorrupt, NotInOrder, Refused, Stop
from hub.journal.embedded import EmbeddedJournal
from hub.projector.clock import now
from hub.projector.messages import batch
from hub.projector.port import Bundle, Store
from hub.projector.project import project_once
from hub.projector.rebuild import rebuild
from tests.projector.histories import append, event, history, ledger, rules
from tests.projector.oracle import Oracle
from tests.projector.stores import SqliteStores, Stores, rows, shown
from tests.projector.test_ledger import compare


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as opened:
        yield opened


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    with closing(stores.open()) as opened:
        yield opened


def test_every_message_is_accounted_for(tmp_path: Path, journal: EmbeddedJournal, stores: Stores, store: Store) -> None:
    """Applied, superseded and quarantined add up to what was appended, and a second call reads nothing."""
    told = [event("A"), event("A", 2), event("B", retracted=True), event("A")]
    append(journal, told, junk=2)
    seen: list[tuple[int, int]] = []
    first = project_once(journal, store, ledger(), tmp_path / "locks", lambda done, total: seen.append((done, total)))
    second = project_once(journal, store, ledger(), tmp_path / "locks")
    answer = {"name": "ledger", "version": 1, "applied": 2, "superseded": 2, "quarantined": 2, "not_a_record": 0,
              "lag_events": 0, "lag_seconds": 0.0}  # fmt: skip
    assert first["projections"][0].items() >= (answer | {"read": 6}).items()
    assert second["projections"][0].items() >= (answer | {"read": 0}).items()
    assert second["projections"][0]["moved_at"] == first["projections"][0]["moved_at"]
    assert [row["name"] for row in first["projections"]] == ["ledger", "quarantine", "acts"]
    assert seen[-1] == (6, 6)


def test_a_message_that_cannot_be_used_is_a_row_of_quarantine(
    tmp_path: Path, journal: EmbeddedJournal, stores: Stores, store: Store
) -> None:
    """Junk and an event whose id is no UUID wait in quarantine_v1 by their position; the others are applied."""
    append(journal, [event("A"), event("B", entity_id="no uuid")], junk=1)
    project_once(journal, store, ledger(), tmp_path / "locks")
    found = rows(stores, "SELECT id, state, errors FROM quarantine_v1 ORDER BY id")
    assert [row[:2] for row in found] == [("events/0/1", "open"), ("events/0/2", "open")]
    assert [json.loads(str(row[2]))[0]["error"] for row in found] == ["UNDECODABLE"] * 2
    assert rows(stores, "SELECT COUNT(*) FROM entries_v1") == [(1,)]


def test_other_rules_are_refused_until_a_rebuild(
    tmp_path: Path, journal: EmbeddedJournal, stores: Stores, store: Store
) -> None:
    """A changed authority table stops the projector with exit 2; a rebuild applies it."""
    append(journal, [event("A")])
    project_once(journal, store, ledger(), tmp_path / "locks")
    other = ledger(rules(tmp_path / "own", authority=[("construction", "RECEIVED", "commerce")]))
    with pytest.raises(Refused, match="--rebuild ledger") as refused:
        project_once(journal, store, other, tmp_path / "locks")
    assert refused.value.exit_code == 2
    assert rows(stores, "SELECT booked FROM flows_v1") == [(1,)]
    rebuild(journal, store, other, tmp_path / "locks")
    project_once(journal, store, other, tmp_path / "locks")
    assert rows(stores, "SELECT booked FROM flows_v1") == [(0,)]
    assert rows(stores, "SELECT booked FROM entries_v1") == [(0,)]
    assert rows(stores, "SELECT * FROM accounts_v1") == []


def test_another_journal_stops(tmp_path: Path, journal: EmbeddedJournal, stores: Stores, store: Store) -> None:
    """A store is never moved on by a journal that it was not built from."""
    project_once(journal, store, ledger(), tmp_path / "locks")
    with closing(EmbeddedJournal(tmp_path / "other.db")) as other, pytest.raises(Stop, match="another journal"):
        project_once(other, store, ledger(), tmp_path / "locks")


def test_a_store_of_another_version_is_refused(tmp_path: Path, journal: EmbeddedJournal, stores: Stores, store: Store) -> None:
    """A store that a newer wastehub made is left alone."""
    project_once(journal, store, ledger(), tmp_path / "locks")
    stores.change("UPDATE meta SET value = '99' WHERE name = 'schema'")
    with pytest.raises(Refused, match="another version"):
        project_once(journal, store, ledger(), tmp_path / "locks")


def test_an_older_projector_is_fenced(tmp_path: Path, journal: EmbeddedJournal, stores: Stores, store: Store) -> None:
    """After another one claimed the partition, a batch of the first changes nothing."""
    append(journal, [event("A")])
    store.prepare(ledger(), journal.identity)
    (old,) = store.claim("events", [0])
    with closing(stores.open()) as later:
        later.prepare(ledger(), journal.identity)
        (new,) = later.claim("events", [0])
        (run,) = journal.read("events", {0: 0}, 10)
        with pytest.raises(Fenced):
            store.apply(Bundle((batch(run, 0, old, journal.schema, now()),)))
        assert rows(stores, "SELECT COUNT(*) FROM entries") == [(0,)]
        assert later.apply(Bundle((batch(run, 0, new, journal.schema, now()),)))
        assert not later.apply(Bundle((batch(run, 0, new, journal.schema, now()),)))
    assert rows(stores, "SELECT entries FROM flows_v1") == [(1,)]


def test_a_sum_beyond_64_bits_stops_and_changes_nothing(
    tmp_path: Path, journal: EmbeddedJournal, stores: Stores, store: Store
) -> None:
    """A line that would overflow is an error, in a batch and across batches; the ledger before it stands."""
    append(journal, [event("A", mass_g=2**63 - 1)])
    project_once(journal, store, ledger(), tmp_path / "locks")
    before = shown(stores)
    append(journal, [event("B", mass_g=1)])
    with pytest.raises(NotInOrder):
        project_once(journal, store, ledger(), tmp_path / "locks")
    assert shown(stores) == before
    append(journal, [event("C", mass_g=2**63 - 1), event("D", mass_g=2**63 - 1)])
    with pytest.raises(NotInOrder), closing(stores.open("fresh")) as fresh:
        rebuild(journal, fresh, ledger(), tmp_path / "locks")


def test_a_journal_that_lost_its_end_stops_the_projector(tmp_path: Path, stores: Stores, store: Store) -> None:
    """A store that was folded further than its journal reaches is a restore that lost messages: loud, before any row."""
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as journal:
        append(journal, [event("A")])
        shutil.copy(tmp_path / "journal.db", tmp_path / "backup.db")
        append(journal, [event("B")])
        project_once(journal, store, ledger(), tmp_path / "locks")
    before = shown(stores)
    with closing(EmbeddedJournal(tmp_path / "backup.db")) as journal, pytest.raises(JournalCorrupt, match="events"):
        project_once(journal, store, ledger(), tmp_path / "locks")
    assert shown(stores) == before


def test_a_second_projector_waits_for_the_first_ones_lock(tmp_path: Path, journal: EmbeddedJournal) -> None:
    """While somebody holds the lock of the partition, another process does not move it; then it does."""
    append(journal, [event("A")])
    stores = SqliteStores(tmp_path)
    with closing(stores.open()) as store:
        store.prepare(ledger(), journal.identity)
    with FileLock(tmp_path / "locks" / "project-ledger-0.lock"):
        other = multiprocessing.get_context("spawn").Process(target=_project, args=(stores, tmp_path))
        other.start()
        other.join(2)
        assert other.is_alive()
        assert rows(stores, "SELECT COUNT(*) FROM entries") == [(0,)]
    other.join(60)
    assert other.exitcode == 0
    assert rows(stores, "SELECT COUNT(*) FROM entries") == [(1,)]


def test_killed_projectors_lose_and_double_nothing(tmp_path: Path, journal: EmbeddedJournal, stores: Stores) -> None:
    """Projectors and rebuilds killed at seeded moments leave a store from which the next one gives the oracle."""
    told = history(7, entities=400)
    append(journal, told)
    dice, context = random.Random(7), multiprocessing.get_context("spawn")
    killed = 0
    for _ in range(6):
        fuse, limit, anew = dice.random() * 0.3, dice.choice([3, 40]), dice.random() < 0.3
        started = context.Process(target=_project, args=(stores, tmp_path, limit, anew, fuse))
        started.start()
        started.join(60)
        killed += started.exitcode == -signal.SIGKILL
    assert killed
    _project(stores, tmp_path)
    compare(stores, Oracle(list(enumerate(told))))


def _project(
    stores: Stores, folder: Path, limit: int = 50_000, anew: bool = False, fuse: float | None = None
) -> None:
    """What a process of its own does: project (or rebuild) in batches of ``limit``, killed after ``fuse`` seconds."""
    from hub.projector import project

    project.BATCH = limit
    if fuse is not None:
        threading.Timer(fuse, os.kill, (os.getpid(), signal.SIGKILL)).start()
    with closing(EmbeddedJournal(folder / "journal.db")) as journal, closing(stores.open()) as store:
        (rebuild if anew else project_once)(journal, store, ledger(), folder / "locks")
