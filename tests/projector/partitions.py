"""A journal in several partitions, whose positions have gaps: what Kafka gives, made of embedded journals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from hub.journal.embedded import EmbeddedJournal
from hub.journal.port import TOPICS, Appended, Fence, Outgoing, Run, Stored, Topic


class Partitioned:
    """:class:`hub.journal.port.Journal` in a folder. A message goes to the partition that its key names.

    In partition p a position is p + 1 times the number of the message, so that all but the first have positions
    without a message. ``most`` messages of a partition are read at a time, whatever is asked for.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self._parts = [EmbeddedJournal(folder / f"journal-{number}.db") for number in range(count)]
        self.most = 50_000

    @property
    def identity(self) -> str:
        """That of its first part."""
        return self._parts[0].identity

    @property
    def place(self) -> str:
        """That of its first part."""
        return self._parts[0].place

    @property
    def partitions(self) -> Mapping[Topic, Sequence[int]]:
        """As many for every topic."""
        return dict.fromkeys(TOPICS, range(len(self._parts)))

    def schema(self, schema_id: int) -> str:
        """The parts were made by the same code, and number their schemas alike."""
        return self._parts[0].schema(schema_id)

    def fence(self, identity: str) -> Fence:
        """In all parts at once, so that their epochs are the same."""
        fences = [part.fence(identity) for part in self._parts]
        return fences[0]

    def append(self, fence: Fence, outgoing: Sequence[Outgoing]) -> list[Appended]:
        """One transaction in each part, not over all of them."""
        return [self._append(fence, item) for item in outgoing]

    def _append(self, fence: Fence, item: Outgoing) -> Appended:
        partitions = np.array([int(key) for key in item.keys.to_pylist()], np.int64)
        positions = np.zeros(len(partitions), np.int64)
        for partition in np.unique(partitions).tolist():
            own = np.flatnonzero(partitions == partition)
            mine = Outgoing(item.topic, item.keys.take(pa.array(own)), item.values.take(pa.array(own)))
            (appended,) = self._parts[partition].append(fence, [mine])
            positions[own] = appended.positions * (partition + 1)
        return Appended(partitions, positions)

    def read(self, topic: Topic, start: Mapping[int, int], limit: int, identity: str | None = None) -> list[Run]:
        """One partition after the other, the last one first: nobody promises an order."""
        found: list[Run] = []
        for partition, part in reversed(list(enumerate(self._parts))):
            step = partition + 1
            begin = {0: -(-start.get(partition, 0) // step)}
            runs = part.read(topic, begin, min(limit, self.most), identity)
            found += [replace(x, partition=partition, positions=x.positions * step, next=x.next * step) for x in runs]
        return found

    def read_at(self, topic: Topic, places: Sequence[tuple[int, int]]) -> list[Stored]:
        """One by one."""
        found = []
        for partition, position in places:
            (stored,) = self._parts[partition].read_at(topic, [(0, position // (partition + 1))])
            found.append(replace(stored, partition=partition, position=position))
        return found

    def end(self, topic: Topic) -> dict[int, int]:
        """Of each part."""
        return {number: part.end(topic)[0] * (number + 1) for number, part in enumerate(self._parts)}

    def at(self, topic: Topic, time: datetime) -> dict[int, int]:
        """Of each part."""
        return {number: part.at(topic, time)[0] * (number + 1) for number, part in enumerate(self._parts)}

    def close(self) -> None:
        """All parts."""
        for part in self._parts:
            part.close()
