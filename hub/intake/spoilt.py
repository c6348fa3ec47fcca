"""A cache that turns out to be damaged while it is used is thrown away: the journal has everything that was in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import JournalUnavailable

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NOT_NOW = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
}  # fmt: skip


class CacheSpoilt(JournalUnavailable):
    """The cache was damaged and is gone; the same call makes it anew."""


class Contradiction(Exception):
    """The cache does not have what it named a moment ago: damage that SQLite did not notice."""


@contextmanager
def thrown_away_if_spoilt(path: Path) -> Iterator[None]:
    """Around every use of the cache at ``path``. Raises CacheSpoilt, and JournalUnavailable where the disk is full.

    A source's and the journal's own trouble never comes here as SQLite's error: both are translated where they arise.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_damage(error) and _code(error) not in _NOT_NOW:
            raise
        if is_damage(error):
            throw_away(path)
        kind = CacheSpoilt if is_damage(error) else JournalUnavailable
        raise kind("the cache {path} cannot be used: {reason}", path=str(path), reason=str(error)) from error
    except Contradiction as error:
        throw_away(path)
        raise CacheSpoilt("the cache {path} cannot be used: {reason}", path=str(path), reason=str(error)) from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file is damaged."""
    return _code(error) in _DAMAGED


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def throw_away(path: Path) -> None:
    """Remove a cache, and what SQLite keeps beside it."""
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)
