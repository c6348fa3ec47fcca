"""A cache that turns out to be damaged while it is used is thrown away: the journal has everything that was in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import JournalUnavailable

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class CacheSpoilt(JournalUnavailable):
    """The cache was damaged and is gone; the same call makes it anew."""


@contextmanager
def thrown_away_if_spoilt(path: Path) -> Iterator[None]:
    """Around every use of the cache at ``path``. Raises CacheSpoilt; what else SQLite says goes through.

    A source's and the journal's own damage never comes here as SQLite's error: both are translated where they arise.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
            raise
        for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            name.unlink(missing_ok=True)
        raise CacheSpoilt(
            "the cache {path} cannot be used: {reason}", path=str(path), reason=str(error)
        ) from error
