"""Real processes that can be killed at any moment.

Starting ``wastehub`` takes most of a second, in which a kill hits nothing. So a worker imports everything once and
forks for every command: the child is a process of its own, runs the real command line, and dies by SIGKILL. The
worker itself never opens a hub: no lock, no connection and no thread is carried through a fork.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path
from typing import NoReturn

# What the commands import when they need it, so that a child does not.
import duckdb  # noqa: F401 - imported before the forks
import pyruhvro  # noqa: F401 - imported before the forks
import sqlalchemy  # noqa: F401 - imported before the forks

import hub.cli.tables
import hub.run.loop
import hub.run.setting_aside
import hub.wiring  # noqa: F401 - imported before the forks
from hub.cli.main import run


def start(folder: Path, *command: str, room: int | None = None) -> int:
    """Run ``wastehub -C folder command``; its output goes to ``folder``/out. Returns the process id.

    ``room``: the disk is full for it where a file would be longer than so many bytes.
    """
    child = os.fork()
    if child == 0:
        _become(folder, command, room)
    return child


def _become(folder: Path, command: tuple[str, ...], room: int | None) -> NoReturn:
    try:
        out = os.open(folder / "out", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        os._exit(run(["-C", str(folder), *command]))
    finally:
        os._exit(102)


def kill(child: int) -> int | None:
    """kill -9 and wait; its exit code where it had ended before, None where it still ran."""
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


def ended(child: int, patience: float) -> int:
    """Wait for the end; returns the exit code. TimeoutError (and the process is killed) after ``patience`` seconds."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    kill(child)
    raise TimeoutError(f"it did not end within {patience} s")
