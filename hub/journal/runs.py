"""Chunks, in order, joined to the runs that a reader gets."""

from __future__ import annotations

import numpy as np

from hub.journal.chunk import Chunk, messages
from hub.journal.port import Int64s, Run, Topic

_NOTHING: Int64s = np.empty(0, np.int64)


class Runs:
    """Collects messages from position ``start`` until there are ``limit`` of them or about ``limit_bytes``."""

    def __init__(self, topic: Topic, start: int, limit: int, limit_bytes: int) -> None:
        self.next = start
        self._topic, self._start = topic, start
        self._left, self._bytes_left = limit, limit_bytes
        self._runs: list[Run] = []
        self._schema_id: int | None = None
        self._values: list[bytes] = []
        self._positions: list[Int64s] = []
        self._times: list[Int64s] = []

    @property
    def full(self) -> bool:
        """Whether to stop here."""
        return self._left <= 0 or self._bytes_left <= 0

    def add(self, chunk: Chunk) -> None:
        """Take the chunk's messages, as far as they are wanted. Raises JournalCorrupt."""
        offsets, bodies = chunk.unpacked()
        low = max(self._start - chunk.first, 0)
        high = min(low + self._left, chunk.count)
        if chunk.schema_id != self._schema_id:
            self._flush()
            self._schema_id = chunk.schema_id
        self._values += messages(offsets, bodies, low, high)
        self._positions.append(np.arange(chunk.first + low, chunk.first + high, dtype=np.int64))
        self._times.append(np.full(high - low, chunk.appended_us, dtype=np.int64))
        self._left -= high - low
        self._bytes_left -= int(offsets[high] - offsets[low])
        self.next = chunk.first + high

    def skip(self, chunk: Chunk) -> None:
        """Pass over the chunk."""
        self.next = chunk.next

    def finished(self) -> list[Run]:
        """The runs; an empty one where all was passed over; none where nothing was there."""
        self._flush()
        if not self._runs and self.next > self._start:
            return [Run(self._topic, 0, None, _NOTHING, _NOTHING, [], self.next)]
        return self._runs

    def _flush(self) -> None:
        if self._values:
            positions, times = np.concatenate(self._positions), np.concatenate(self._times)
            self._runs.append(Run(self._topic, 0, self._schema_id, positions, times, self._values, self.next))
        self._values, self._positions, self._times = [], [], []
