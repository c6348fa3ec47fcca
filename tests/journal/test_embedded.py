"""The embedded journal: the contract, and what is its own (the file, its clock, its locks)."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hub.errors import Fenced, JournalCorrupt, JournalUnavailable, Refused, RequestWrong
from hub.journal.embedded import EmbeddedJournal
from hub.journal.embedded_file import FORMAT
from hub.journal.port import Fence, Outgoing
from tests.contracts.journal import JournalContract
from tests.contracts.journal_processes import OpenJournal, batch, messages, outgoing, runs, start, whole_batches
from tests.journal.embedded_damage import change, filled


def _small_disk() -> None:
    size = 300_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class TestEmbedded(JournalContract):
    """The contract over a file."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "data" / "journal.db"

    @pytest.fixture
    def open_journal(self) -> OpenJournal:
        """The journal under test."""
        return partial(EmbeddedJournal, self.path)

    @pytest.fixture
    def open_other(self) -> OpenJournal:
        """Another one."""
        return partial(EmbeddedJournal, self.path.with_name("other.db"))

    def damage(self, topic: str, position: int) -> None:
        """One byte of the chunk's payload."""
        one_byte = "CAST(substr(payload, 1, 30) || x'00' || substr(payload, 32) AS BLOB)"
        change(self.path, f"payload = {one_byte}", topic, position)

    def fill(self) -> Callable[[], None]:
        """No file may grow beyond a few hundred kilobytes."""
        return _small_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_a_position_beyond_the_end(path: Path) -> None:
    """Reading from beyond the end is refused: the file lost messages or is another one than before."""
    filled(path)
    with closing(EmbeddedJournal(path)) as journal:
        assert journal.read("events", {0: 300}, 10) == []
        with pytest.raises(JournalCorrupt, match="301"):
            journal.read("events", {0: 301}, 10)


def test_a_clock_set_back(path: Path) -> None:
    """When the system's clock is set back, the journal's time stands still and never falls."""
    times = iter([5_000, 9_000, 3_000, 10_000])
    with closing(EmbeddedJournal(path, clock=lambda: next(times))) as journal:
        fence = journal.fence("a")
        for number in range(4):
            journal.append(fence, [outgoing("events", [b"%d" % number])])
        assert [m.appended_us for m in messages(journal, "events")] == [5_000, 9_000, 9_000, 10_000]


def test_a_fence_that_nobody_gave(path: Path) -> None:
    """An append under a fence that this journal never gave is refused."""
    with closing(EmbeddedJournal(path)) as journal:
        for made_up in (Fence("a", 1), Fence("a", 0)):
            with pytest.raises(Fenced):
                journal.append(made_up, batch("a", 0))


def test_keys_and_values_belong_together(path: Path) -> None:
    """An append with a key too many, or a null for a value, is refused before anything is written."""
    with closing(EmbeddedJournal(path)) as journal:
        fence = journal.fence("a")
        for keys, values in ((["k", "l"], [b"v"]), (["k"], [None])):
            with pytest.raises(RequestWrong):
                journal.append(fence, [Outgoing("events", pa.array(keys, pa.string()), pa.array(values, pa.binary()))])
        assert messages(journal, "events") == []


def test_slices_are_appended_as_they_are(path: Path) -> None:
    """Values that are a slice of a longer array are stored as that slice."""
    whole = outgoing("events", [b"%d" % i for i in range(5_000)])
    with closing(EmbeddedJournal(path)) as journal:
        part = Outgoing("events", whole.keys.slice(1_234, 2_345), whole.values.slice(1_234, 2_345))
        journal.append(journal.fence("a"), [part])
        assert [m.value for m in messages(journal, "events")] == [b"%d" % i for i in range(1_234, 3_579)]


def test_runs_are_long(path: Path) -> None:
    """Small appends come back joined to one run per read, so that decoding works on large batches."""
    with closing(EmbeddedJournal(path)) as journal:
        fence = journal.fence("a")
        for number in range(50):
            journal.append(fence, [outgoing("events", [b"%d" % number])])
        assert [len(run.values) for run in runs(journal, "events", 30)] == [30, 20]


def test_runs_are_cut_where_the_schema_changes(path: Path) -> None:
    """Messages written with different schemas are never in one run."""
    filled(path)
    with closing(EmbeddedJournal(path)) as journal:
        older = journal.read("events", {}, 1)[0].schema_id
        journal._schema_ids = {**journal._schema_ids, "waste_event": journal._schema_ids["act"]}
        journal.append(journal.fence("a"), [outgoing("events", [b"newer"] * 5)])
        found = journal.read("events", {}, 1_000)
        assert [(len(run.values), run.next) for run in found] == [(300, 300), (5, 305)]
        assert found[0].schema_id == older != found[1].schema_id


def test_busy(path: Path) -> None:
    """While another process holds the write lock for too long, an append is refused as "try again"; reading goes on."""
    filled(path)
    with (
        closing(EmbeddedJournal(path, busy_seconds=0.05)) as journal,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        fence = journal.fence("a")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnavailable):
            journal.append(fence, batch("a", 0))
        assert len(messages(journal, "events")) == 300
        other.execute("ROLLBACK")
        journal.append(fence, batch("a", 0))
        assert len(messages(journal, "acts")) == 1


def test_no_room_in_the_file(path: Path) -> None:
    """An append for which there is no room leaves nothing, and the same handle goes on once there is."""
    with closing(EmbeddedJournal(path)) as journal:
        fence = journal.fence("a")
        journal.append(fence, batch("a", 0))
        connection = journal._connection()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        noise = outgoing("events", [bytes([i % 251]) * 50_000 for i in range(2_000)])
        with pytest.raises(JournalUnavailable, match="full"):
            journal.append(fence, [noise, noise, *batch("a", 1)])
        assert whole_batches(journal, "a") == [0]
        connection.execute(f"PRAGMA max_page_count = {pages + 10_000}")
        journal.append(fence, batch("a", 1))
        assert whole_batches(journal, "a") == [0, 1]


def _identity(connection: Any, path: Path) -> None:
    with closing(EmbeddedJournal(path)) as journal:
        connection.send(journal.identity)


def test_made_once(path: Path) -> None:
    """Processes that open a journal which is not there yet all get the same one, and no half-made file stays."""
    workers = [start(_identity, path) for _ in range(3)]
    identities = set()
    for process, connection in workers:
        assert connection.poll(60)
        identities.add(connection.recv())
        process.join(60)
    assert len(identities) == 1
    assert [x.name for x in path.parent.iterdir() if not x.name.startswith(path.name)] == []


def _other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE chunks (x)")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes("联单号,重量\n".encode() * 500),
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000),
        _other_database,
    ],
    ids=["empty", "a CSV", "noise", "another database"],
)
def test_what_is_no_journal(path: Path, make: Callable[[Path], None]) -> None:
    """A file that is no journal is refused and left as it is."""
    make(path)
    before = path.read_bytes()
    with pytest.raises(Refused, match=path.name):
        EmbeddedJournal(path)
    assert path.read_bytes() == before


def test_a_newer_format(path: Path) -> None:
    """A journal of a newer wastehub is refused, saying which format it has."""
    filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(Refused, match=str(FORMAT + 1)):
        EmbeddedJournal(path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where no file can be made, the journal is unavailable, and why is said."""
    (tmp_path / "data").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(JournalUnavailable):
        EmbeddedJournal(tmp_path / "data" / "journal.db")
