"""A damaged file of the embedded journal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import JournalCorrupt
from hub.journal.embedded import EmbeddedJournal
from tests.contracts.journal_processes import messages
from tests.journal.embedded_damage import change, filled


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.mark.parametrize(
    "assignment",
    [
        "payload = x''", "payload = zeroblob(length(payload))", "payload = CAST(payload || x'00' AS BLOB)",
        "seal = x'00'", "raw_size = 1 << 40", "raw_size = -1", "appended_us = appended_us - 1", "schema_id = 2",
        "writer = 'b'", "count = 99", "count = 101", "first = first + 1", "count = -1",
    ],
)  # fmt: skip
def test_damaged_chunk(path: Path, assignment: str) -> None:
    """Whatever is changed in a chunk's row, reading it is refused with the place, and nothing of it is handed out."""
    filled(path)
    change(path, assignment, "events", 150)
    with closing(EmbeddedJournal(path)) as journal:
        with pytest.raises(JournalCorrupt) as raised:
            journal.read("events", {}, 1_000)
        assert raised.value.facts["topic"] == "events"
        assert raised.value.facts["partition"] == 0
        assert 100 <= raised.value.facts["position"] <= 200
        with pytest.raises(JournalCorrupt):
            journal.read_at("events", [(0, 100)])


@pytest.mark.parametrize("first", [0, 100, 200])
def test_missing_chunk(path: Path, first: int) -> None:
    """A chunk that is gone, be it the first, a middle or the last one, is noticed where it was."""
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM chunks WHERE topic = 'events' AND first = ?", (first,))
    with closing(EmbeddedJournal(path)) as journal:
        with pytest.raises(JournalCorrupt) as raised:
            journal.read("events", {}, 1_000)
        assert raised.value.facts["position"] == first


def test_damaged_pages(path: Path) -> None:
    """A file with overwritten pages is reported as damaged, whatever SQLite trips over, and never read in part."""
    filled(path)
    whole = bytearray(path.read_bytes())
    page = int.from_bytes(whole[16:18], "big")
    outcomes = set()
    for number in range(1, len(whole) // page):
        broken = bytearray(whole)
        broken[number * page : number * page + page // 2] = b"\xa5" * (page // 2)
        path.write_bytes(broken)
        try:
            with closing(EmbeddedJournal(path)) as journal:
                outcomes.add("whole" if len(messages(journal, "events")) == 300 else "part")
        except JournalCorrupt:
            outcomes.add("corrupt")
    assert "corrupt" in outcomes
    assert "part" not in outcomes
