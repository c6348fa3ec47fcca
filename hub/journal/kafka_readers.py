"""Readers of a topic, kept where they stand: who reads on loses nothing of what was fetched ahead for him."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from hub.journal.kafka_client import Reader
from hub.journal.kafka_faults import NOTHING, unavailable
from hub.journal.kafka_runs import Collected

_KEPT: Final = 2  # each holds what it fetched ahead, and a thread per broker


class Readers:
    """Lends a reader to one thread at a time; ``patience`` is how many seconds one waits for the next message."""

    def __init__(self, make: Callable[[], Reader], patience: float) -> None:
        self._make, self._patience = make, patience
        self._lock = threading.Lock()
        self._idle: deque[tuple[dict[int, int], Reader]] = deque()

    def collect(self, collected: Collected) -> None:
        """Read until it is complete, from where it stands. Raises JournalUnavailable where nothing more comes."""
        with self._lent(collected.next) as reader:
            deadline = time.monotonic() + self._patience
            while not collected.complete:
                if collected.add(reader.take(collected.bite)):
                    deadline = time.monotonic() + self._patience
                elif time.monotonic() > deadline:
                    raise unavailable(NOTHING)

    def close(self) -> None:
        """Close those that are not lent; nothing can be lent afterwards."""
        with self._lock:
            while self._idle:
                self._idle.pop()[1].close()

    @contextmanager
    def _lent(self, positions: Mapping[int, int]) -> Iterator[Reader]:
        """A reader that stands at ``positions``; afterwards it is taken to stand where they then are."""
        reader = self._standing(dict(positions))
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        with self._lock:
            self._idle.append((dict(positions), reader))

    def _standing(self, wanted: dict[int, int]) -> Reader:
        with self._lock:
            for place, (positions, reader) in enumerate(self._idle):
                if positions == wanted:
                    del self._idle[place]
                    return reader
            found = self._idle.popleft()[1] if len(self._idle) >= _KEPT else None
        reader = found or self._make()
        reader.seek(wanted)
        return reader
