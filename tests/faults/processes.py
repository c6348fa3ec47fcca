"""Real processes that can be killed at any moment.

Starting ``wastehub`` takes most of a second, in which a kill hits nothing. So a worker imports everything once and
forks for every command: the child is a process of its own, runs the real command line, and dies by SIGKILL. The
worker itself never opens a hub: no lock, no connection and no thread is carried through a fork.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

# What the commands import when they need it, so that a child does not.
import duckdb  # noqa: F401 - imported before the forks
import numpy.ma  # noqa: F401 - imported before the forks
import pyarrow.acero  # noqa: F401 - imported before the forks
import pyruhvro  # noqa: F401 - imported before the forks
import sqlalchemy.dialects.sqlite  # noqa: F401 - imported before the forks

import hub.cli.project
import hub.cli.pull
import hub.cli.run
import hub.cli.tables
import hub.journal.embedded
import hub.journal.kafka
import hub.journal.kafka_confluent
import hub.projector.postgres
import hub.projector.sqlite
import hub.run.loop
import hub.run.setting_aside
import hub.wiring  # noqa: F401 - imported before the forks
from hub.cli.main import run

_PAUSE = 0.005
T = TypeVar("T")


@dataclass
class Child:
    """A command at work in the hub ``folder``. ``code``: its exit code, or the signal that it died of as a negative
    number; None while it runs."""

    folder: Path
    command: tuple[str, ...]
    pid: int
    code: int | None = None

    @property
    def name(self) -> str:
        """The command as one would type it."""
        return " ".join(self.command)

    def kill(self) -> bool:
        """kill -9 and wait; whether it died of that."""
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)
        return self.code == -signal.SIGKILL

    def send(self, number: signal.Signals) -> None:
        """Any other signal."""
        if not self.has_ended():
            os.kill(self.pid, number)

    def has_ended(self) -> bool:
        """Whether it did, by now."""
        return self.code is not None or self._reap(os.WNOHANG)

    def wait(self, patience: float) -> bool:
        """Wait for its end, for ``patience`` seconds at most; whether it came."""
        until = time.monotonic() + patience
        while not self.has_ended():
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE)
        return True

    def _reap(self, how: int) -> bool:
        done, status = os.waitpid(self.pid, how)
        if done:
            self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None


def start(folder: Path, *command: str, room: int | None = None) -> Child:
    """Run ``wastehub -C folder command``; its output goes to ``folder``/out.

    ``room``: the disk is full for it where a file would be longer than so many bytes.
    """
    child = os.fork()
    if child == 0:
        _become(folder, command, room)
    return Child(folder, command, child)


def _become(folder: Path, command: tuple[str, ...], room: int | None) -> NoReturn:
    _leave_to_the_parent()
    try:
        out = os.open(folder / "out", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.write(out, f"--- {os.getpid()} {time.time():.3f} {' '.join(command)}\n".encode())
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        os._exit(run(["-C", str(folder), *command]))
    finally:
        os._exit(102)


def _leave_to_the_parent() -> None:
    """What the parent has, and had not yet collected, is never destroyed here: librdkafka's handles would crash, for
    their threads are not here."""
    gc.freeze()


def apart(work: Callable[[], T]) -> T:
    """What ``work`` returns, done in a process of its own: whatever it opens and starts is gone afterwards.
    RuntimeError where it raised."""
    with tempfile.TemporaryFile() as answer:
        child = os.fork()
        if child == 0:
            code = 1
            _leave_to_the_parent()
            try:
                pickle.dump(work(), answer)
                answer.flush()
                code = 0
            except BaseException:  # noqa: BLE001 - the child must never come back into the caller's code
                import traceback

                traceback.print_exc()
            finally:
                os._exit(code)
        if os.waitpid(child, 0)[1]:
            raise RuntimeError(f"{work} failed, see above")
        answer.seek(0)
        found: T = pickle.load(answer)  # noqa: S301 - written by ourselves a moment ago
        return found
