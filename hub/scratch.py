"""Folders for what need not last: gone with who made them, and those of the killed gone with the next one.

The system frees a lock when its holder dies, however it dies; it is held on the folder itself, so that it also counts
between containers that share a volume, where one's process numbers mean nothing to the other. A folder gets the name
that others look for only once it is locked: who has just made one is in nobody's way. Where the file system knows no
such locks it keeps its first name, and is left alone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_PREFIX, _LOCKED = "wastehub-", ".locked"


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A new folder ``wastehub-<purpose>-….locked`` in the system's temporary one, for as long. Raises OSError.

    The first one of a process removes those of the dead, whatever their purpose.
    """
    remove_the_dead(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-"))
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            folder = folder.rename(f"{folder}{_LOCKED}")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


@cache
def remove_the_dead(parent: Path) -> None:
    """Remove our folders in ``parent`` whose makers are dead; once a process, for there may be much to look through."""
    with suppress(OSError):
        for folder in parent.glob(f"{_PREFIX}*{_LOCKED}"):
            with suppress(OSError):
                _remove_if_dead(folder)


def _remove_if_dead(folder: Path) -> None:
    """OSError where somebody holds it, or has just removed it."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(held)
        if found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077:  # ours, and closed to all others
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(held)
