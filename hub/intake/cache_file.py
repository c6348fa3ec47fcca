"""Whether the file of a cache is as it was left. SQLite finds a torn page only where it looks at it, and some never.

Beside the cache stands what it was like when it was last opened (its size: it only ever grows) and closed (its size
and time). One that shrank is thrown away; one that is not as it was closed, or never was closed, is checked through
first. Both are folded from the journal again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from hub.intake.spoilt import is_damage, throw_away


@contextmanager
def as_left(path: Path) -> Iterator[None]:
    """Around all use of the cache at ``path`` by who holds its lock: it is there as it was left, or not at all."""
    beside = path.with_suffix(".left")
    left, found = _read(beside), _state(path)
    if found is not None and found != left:
        shrank = left is not None and found[0] < left[0]
        if shrank or not _is_sound(path):
            throw_away(path)
    _note(beside, (_state(path) or (0, None))[0], None)
    try:
        yield
    finally:
        if (now := _state(path)) is not None:
            _note(beside, *now)


def _is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        try:
            return db.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return False


def _state(path: Path) -> tuple[int, int | None] | None:
    """Its size and time; None where it is not there."""
    with suppress(FileNotFoundError):
        found = path.stat()
        return found.st_size, found.st_mtime_ns
    return None


def _read(beside: Path) -> tuple[int, int | None] | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        said = json.loads(beside.read_bytes())
        return int(said["size"]), said["modified_ns"]
    return None


def _note(beside: Path, size: int, modified_ns: int | None) -> None:
    with suppress(OSError):  # without it the cache is checked next time
        beside.write_text(json.dumps({"size": size, "modified_ns": modified_ns}))
