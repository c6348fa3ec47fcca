"""A file system so small that a database on it can be full. For root on Linux; elsewhere only the hub's own disk is."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
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


def small_disk(folder: Path) -> SmallDisk | None:
    """Make one that belongs to the database server's user; None where that is not allowed."""
    if os.geteuid() or ctypes.CDLL(None).unshare(_OWN_MOUNTS):
        return None
    for command in (["mount", "--make-rprivate", "/"], ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]):
        if subprocess.run(command, check=False, capture_output=True).returncode:
            return None
    shutil.chown(folder, "nobody", "nogroup")
    folder.chmod(0o700)
    return SmallDisk(folder)
