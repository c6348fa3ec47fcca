"""Three stages in three threads, joined by short queues: reading, stating, appending. The first failure ends all."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

_DEPTH = 2


class _End:
    """The stage before has no more."""


class _Link:
    """A queue that a failure anywhere unblocks."""

    def __init__(self, failed: threading.Event) -> None:
        self._queue: queue.Queue[object] = queue.Queue(_DEPTH)
        self._failed = failed

    def put(self, item: object) -> bool:
        """False once something failed."""
        while not self._failed.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def get(self) -> object:
        """The next item; the end once something failed."""
        while not self._failed.is_set():
            try:
                return self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
        return _End


class _Stages:
    """What the three threads share: the first failure, which ends them all."""

    def __init__(self) -> None:
        self.failed = threading.Event()
        self.errors: list[BaseException] = []

    def guard(self, stage: Callable[[], None]) -> None:
        """Run a stage; keep what it raises."""
        try:
            stage()
        except BaseException as error:  # noqa: BLE001 - carried to the caller, whatever it is
            self.errors.append(error)
            self.failed.set()


def run_stages(source: Iterable[A], middle: Callable[[A], B], sink: Callable[[B], None]) -> None:
    """``source`` → ``middle`` (in the calling thread) → ``sink``, in order. Raises what the first failing stage raised."""
    stages = _Stages()
    first, second = _Link(stages.failed), _Link(stages.failed)

    def read() -> None:
        for item in source:
            if not first.put(item):
                return
        first.put(_End)

    def state() -> None:
        while (item := first.get()) is not _End:
            if not second.put(middle(item)):  # type: ignore[arg-type] # the link carries what ``source`` gave
                return
        second.put(_End)

    def write() -> None:
        while (item := second.get()) is not _End:
            sink(item)  # type: ignore[arg-type] # the link carries what ``middle`` returned

    threads = [threading.Thread(target=stages.guard, args=(stage,), daemon=True) for stage in (read, write)]
    for thread in threads:
        thread.start()
    stages.guard(state)
    for thread in threads:
        thread.join()
    if stages.errors:
        raise stages.errors[0]
