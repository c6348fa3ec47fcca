"""A rebuild: beside what stands, swapped at once, and never over a newer projector."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from hub.errors import Fenced, NotInOrder, Refused, RequestWrong, StoreUnavailable
from hub.events import columns
from hub.journal.embedded import EmbeddedJournal
from hub.journal.port import Outgoing
from hub.projector.port import Rebuilt, Store
from hub.projector.project import project_once
from hub.projector.rebuild import rebuild
from hub.projector.sqlite import SqliteStore
from tests.projector.histories import append, event, ledger, table
from tests.projector.partitions import Partitioned
from tests.projector.stores import PostgresStores, SqliteStores, Stores, rows, shown

Hub = tuple[EmbeddedJournal, Store, Stores]


@pytest.fixture
def hub(tmp_path: Path, stores: Stores) -> Iterator[Hub]:
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as journal, closing(stores.open()) as store:
        append(journal, [event("A"), event("A", 2, mass_g=5), event("B", retracted=True)], junk=1)
        project_once(journal, store, ledger(), tmp_path / "locks")
        yield journal, store, stores


def test_readers_keep_reading(tmp_path: Path) -> None:
    """Who began to read before the swap reads on as it was; who begins after it sees the new."""
    journal, store = EmbeddedJournal(tmp_path / "journal.db"), SqliteStore(tmp_path / "store.db")
    with closing(journal), closing(store), closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
        append(journal, [event("A", mass_g=5)])
        project_once(journal, store, ledger(), tmp_path / "locks")
        reader.execute("BEGIN")
        before = reader.execute("SELECT mass_g FROM flows_v1").fetchall()
        append(journal, [event("C", mass_g=7)])
        rebuild(journal, store, ledger(), tmp_path / "locks")
        assert reader.execute("SELECT mass_g FROM flows_v1").fetchall() == before == [(5,)]
        reader.execute("COMMIT")
        assert reader.execute("SELECT mass_g FROM flows_v1").fetchall() == [(12,)]


LOST: dict[type[Stores], list[str]] = {
    SqliteStores: ["DELETE FROM entries"],
    PostgresStores: ["DELETE FROM entry_facts", "DELETE FROM dimensions"],
}
HARM: dict[type[Stores], list[str]] = {
    SqliteStores: ["UPDATE entries SET code = 'other'"], PostgresStores: ["UPDATE dimensions SET code = 'other'"],
}  # fmt: skip


def test_a_damaged_ledger_is_mended(tmp_path: Path, hub: Hub) -> None:
    """Whatever was done to the store's tables, a rebuild gives what the journal says; live work goes on from there."""
    journal, store, stores = hub
    right = shown(stores)
    harms = ("UPDATE lines SET mass_g = 99", *LOST[type(stores)], *HARM[type(stores)], "DELETE FROM undecodable")
    for number, harm in enumerate(harms):
        stores.change(harm)
        assert shown(stores) != right
        stores.change(f"CREATE TABLE entries_new_{number} (left_behind INTEGER)")
        rebuild(journal, store, ledger(), tmp_path / "locks")
        assert shown(stores) == right
    append(journal, [event("A", 3, mass_g=1)])
    project_once(journal, store, ledger(), tmp_path / "locks")
    assert [row[8] for row in shown(stores)["flows_v1"]] == [1]


def test_nothing_is_folded_onto_what_is_lost(tmp_path: Path, hub: Hub) -> None:
    """Where a key has no entry, its entity would be counted twice: the fold stops, says so, and goes on after a rebuild."""
    journal, store, stores = hub
    append(journal, [event("A", 3, mass_g=1), event("A", 4, mass_g=2)])
    for lost in LOST[type(stores)]:
        stores.change(lost)
        with pytest.raises(NotInOrder, match=r"has lost 1 entries.*--rebuild"):
            project_once(journal, store, ledger(), tmp_path / "locks")
        rebuild(journal, store, ledger(), tmp_path / "locks")
        append(journal, [event("A", 5, mass_g=3), event("A", 6, mass_g=4)])
    project_once(journal, store, ledger(), tmp_path / "locks")
    assert [row[8] for row in shown(stores)["flows_v1"]] == [4]


def test_what_stands_is_not_lost_to_a_rebuild(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where messages that the store was folded from cannot be read any more, it stays as it is; what never could be
    read, or only came since, stops nothing."""
    journal, store, stores = hub
    right = shown(stores)

    def unknown(number: int) -> str:
        raise RequestWrong("this journal knows no schema {schema_id}", schema_id=number)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "schema", unknown)
        with pytest.raises(Refused, match=r"events/0/[0-9]: the schema 1 is not known"):
            rebuild(journal, store, ledger(), tmp_path / "locks")
        assert shown(stores) == right
    append(journal, [], junk=3)
    rebuild(journal, store, ledger(), tmp_path / "locks")
    assert shown(stores)["entries_v1"] == right["entries_v1"]
    assert sum(row["quarantined"] for row in store.positions()) == 4


def test_progress_counts_up_to_its_end(tmp_path: Path, hub: Hub) -> None:
    """What progress is told never falls and ends where it said that it would."""
    journal, store, _ = hub
    told: list[tuple[int, int]] = []
    rebuild(journal, store, ledger(), tmp_path / "locks", lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[0][0] <= told[0][1]
    assert told[-1][0] <= told[-1][1]


@pytest.mark.parametrize("everywhere", [False, True])
def test_partitions_one_by_one_or_together(tmp_path: Path, stores: Stores, everywhere: bool) -> None:
    """An entity's newest event counts, wherever it stands; progress never falls, also where a second go is needed."""
    told: list[tuple[int, int]] = []
    said = [("A", 1), ("B", 1), ("A", 3), ("A", 2), ("C", 1)]
    events = columns.encode(table([event(name, revision) for name, revision in said]), "waste_event")
    keys = [str(number % 3 if everywhere else "ABC".index(name)) for number, (name, _) in enumerate(said)]
    with closing(Partitioned(tmp_path, 3)) as journal, closing(stores.open()) as store:
        journal.append(journal.fence("test"), [Outgoing("events", pa.array(keys), events)])
        project_once(journal, store, ledger(), tmp_path / "locks")
        right = shown(stores)
        rebuild(journal, store, ledger(), tmp_path / "locks", lambda done, total: told.append((done, total)))
    assert shown(stores) == right
    assert sorted(rows(stores, "SELECT revision FROM entries_v1")) == [(1,), (1,), (3,)]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(done <= total for done, total in told)


def test_what_comes_while_it_reads_is_folded_afterwards(tmp_path: Path, stores: Stores) -> None:
    """Also what comes into a partition that was not yet read."""
    with closing(Partitioned(tmp_path, 2)) as journal, closing(stores.open()) as store:

        def say(name: str, partition: int) -> None:
            body = columns.encode(table([event(name)]), "waste_event")
            journal.append(journal.fence("test"), [Outgoing("events", pa.array([str(partition)]), body)])

        def interrupt(_done: int, _total: int) -> None:
            if not late:
                late.append("C")
                say("C", 1)

        late: list[str] = []
        say("A", 0)
        say("B", 1)
        report = rebuild(journal, store, ledger(), tmp_path / "locks", interrupt)
    assert (report["projections"][0]["applied"], report["projections"][0]["lag_events"]) == (3, 0)
    assert len(rows(stores, "SELECT entity_id FROM entries_v1")) == 3


def test_a_later_claim_fences_the_swap(tmp_path: Path, hub: Hub) -> None:
    """If somebody claims the partition while a rebuild is made, it does not come in, and what stands stays."""
    journal, store, stores = hub
    before = shown(stores)
    with closing(store.rebuilding(ledger(), journal.identity)) as making:
        (mine,) = store.claim("events", [0])
        keys = {name: ["0"] if kind == "text" else [0] for name, kind in ledger().lines.keys.items()}
        making.lines(pa.table({**keys, "mass_g": [1], "count": [0], "entries": [1]}))
        store.claim("events", [0])
        with pytest.raises(Fenced):
            making.swap([Rebuilt(mine, 4, 0, 0, 0, (), "")], [])
    assert shown(stores) == before
    rebuild(journal, store, ledger(), tmp_path / "locks")
    assert shown(stores) == before


def test_an_empty_journal_rebuilds_to_an_empty_ledger(tmp_path: Path, stores: Stores) -> None:
    """Nothing said, nothing shown, and the positions are there."""
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as journal, closing(stores.open()) as store:
        answer = rebuild(journal, store, ledger(), tmp_path / "locks")
    assert [row["applied"] for row in answer["projections"]] == [0, 0, 0]
    assert shown(stores)["flows_v1"] == []


INDEXES: dict[type[Stores], list[str]] = {
    SqliteStores: ["SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'entries'"],
    PostgresStores: [  # the keys are indexes, too
        "SELECT COUNT(*) - 1 FROM pg_indexes WHERE tablename = 'dimensions'",
        "SELECT COUNT(*) - 1 FROM pg_indexes WHERE tablename = 'entry_facts'",
    ],
}


def test_entries_are_indexed_after_every_rebuild(tmp_path: Path, hub: Hub) -> None:
    """However often it is rebuilt, and even where no entity is left, there is one index from lines to entries."""
    journal, store, stores = hub
    for _ in range(3):
        rebuild(journal, store, ledger(), tmp_path / "locks")
        for select in INDEXES[type(stores)]:
            assert rows(stores, select) == [(1,)]
    with closing(EmbeddedJournal(tmp_path / "empty.db")) as empty, closing(stores.open("empty")) as other:
        rebuild(empty, other, ledger(), tmp_path / "locks")
        assert other.positions()[0]["applied"] == 0


def test_no_room_for_what_a_rebuild_keeps_aside(
    tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or missing temporary folder is said, and what stands goes on standing."""
    journal, store, stores = hub
    right = shown(stores)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
        with pytest.raises(StoreUnavailable, match="nowhere"):
            rebuild(journal, store, ledger(), tmp_path / "locks")
    assert shown(stores) == right
    rebuild(journal, store, ledger(), tmp_path / "locks")
    assert shown(stores) == right
