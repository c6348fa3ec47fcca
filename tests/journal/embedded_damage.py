"""A file with something in it, and changes to what it holds behind its back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from hub.journal.embedded import EmbeddedJournal
from tests.contracts.journal_processes import outgoing


def change(path: Path, assignment: str, topic: str, position: int) -> None:
    """Set columns of the chunk that holds a position."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        changed = connection.execute(
            f"UPDATE chunks SET {assignment} WHERE topic = ? AND first <= ? AND ? < first + count",
            (topic, position, position),
        )
        assert changed.rowcount == 1


def filled(path: Path) -> None:
    """Three chunks of 100 events each."""
    with closing(EmbeddedJournal(path)) as journal:
        fence = journal.fence("a")
        for number in range(3):
            journal.append(fence, [outgoing("events", [b"%d %d" % (number, i) for i in range(100)])])
