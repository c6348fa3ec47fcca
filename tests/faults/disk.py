"""A file system so small that a database on it can be full. For root on Linux; elsewhere only the hub's own disk is."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = "32m"  # an empty database takes 8
_OWN_MOUNTS = 0x00020000  # CLONE_NEWNS: what is mounted is gone with the process


class SmallDisk:
    """In ``folder``, for this process and those that it starts from now on."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / "ballast"

    def fill(self, room: int) -> None:
        """Leave so many bytes."""
        found = os.statvfs(self.folder)
        with self._ballast.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(found.f_bavail * found.f_frsize - room, 1))

    def free(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """One that belongs to the database server's user; None where it may not be made."""
    if not _mounted(folder):
        yield None
        return
    shutil.chown(folder, "nobody", "nogroup")
    folder.chmod(0o700)
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


def _mounted(folder: Path) -> bool:
    if os.geteuid() or ctypes.CDLL(None).unshare(_OWN_MOUNTS):
        return False
    private = ["mount", "--make-rprivate", "/"]
    made = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
    return not any(subprocess.run(command, check=False, capture_output=True).returncode for command in (private, made))
