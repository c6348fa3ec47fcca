"""Messages as a Kafka client gives them → runs: framing taken off, parted where partition or schema change."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np

from hub.journal.kafka_client import Taken
from hub.journal.port import Int64s, Run, Topic

FRAME: Final = 5  # Confluent's framing: a zero, the schema's id in 4 bytes, big endian
_HEAD, _BODY = itemgetter(slice(0, FRAME)), itemgetter(slice(FRAME, None))
BYTES: Final = 256 << 20  # a read stops here whatever its limit: a batch must fit in memory
_BITE: Final = 500  # the most a client gives at once: of more objects Python looks for rings, a third of all time
_GUESS: Final = 64 << 10  # bytes of a message, until some were seen: a first bite must not be gigabytes


def frame(schema_id: int) -> bytes:
    """What stands before a message's body."""
    return struct.pack(">xI", schema_id)


def _schema_id(head: bytes) -> int | None:
    return struct.unpack(">xI", head)[0] if len(head) == FRAME and head[0] == 0 else None


def _alike(heads: list[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each head and how often it comes in a row; as a rule there is but one."""
    if heads and heads.count(heads[0]) == len(heads):
        yield heads[0], len(heads)
    else:
        for head, those in groupby(heads):
            yield head, len(list(those))


class Collected:
    """Gathers messages until there are ``limit`` of them, or many bytes, or every partition got to its ``end``."""

    def __init__(
        self, topic: Topic, start: Mapping[int, int], end: Mapping[int, int], limit: int, limit_bytes: int = BYTES
    ) -> None:
        self.next = dict(start)
        self._topic, self._start, self._end = topic, start, end
        self._left, self._limit_bytes = max(limit, 1), limit_bytes
        self._bytes, self._count = 0, 0
        self._taken: dict[int, list[Taken]] = defaultdict(list)

    @property
    def complete(self) -> bool:
        """Whether to stop here."""
        full = self._left <= 0 or self._bytes >= self._limit_bytes
        return full or all(self.next[partition] >= end for partition, end in self._end.items())

    @property
    def bite(self) -> int:
        """How many messages to ask for next."""
        usual = max(self._bytes // self._count, 1) if self._count else _GUESS
        return max(1, min(self._left, _BITE, (self._limit_bytes - self._bytes) // usual))

    def add(self, taken: Iterable[Taken]) -> bool:
        """Take these; whether anything moved."""
        before = sum(self.next.values())
        for some in taken:
            self.next[some.partition] = max(self.next[some.partition], some.next)
            if some.offsets:
                self._taken[some.partition].append(some)
                self._left -= len(some.offsets)
                self._count += len(some.offsets)
                self._bytes += sum(map(len, some.values))
        return sum(self.next.values()) > before

    def runs(self) -> Iterator[Run]:
        """Partition by partition; where one holds nothing but was passed over, an empty run."""
        for partition, start in sorted(self._start.items()):
            runs = list(self._runs_of(partition))
            yield from runs[:-1]
            reached = self.next[partition]
            if runs:
                last = runs[-1]
                yield Run(self._topic, partition, last.schema_id, last.positions, last.appended_us, last.values, reached)
            elif reached > start:
                yield self._run(partition, None, [], [], [], reached)

    def _runs_of(self, partition: int) -> Iterator[Run]:
        taken = self._taken.pop(partition, [])  # what was taken is not kept beside what becomes of it
        offsets = [offset for some in taken for offset in some.offsets]
        times = [time for some in taken for time in some.times_ms]
        values = [value for some in taken for value in some.values]
        first = 0
        for head, count in _alike(list(map(_HEAD, values))):
            after = first + count
            schema_id = _schema_id(head)
            bodies = values[first:after] if schema_id is None else list(map(_BODY, values[first:after]))
            yield self._run(partition, schema_id, offsets[first:after], times[first:after], bodies, offsets[after - 1] + 1)
            first = after

    def _run(
        self, partition: int, schema_id: int | None, offsets: list[int], times: list[int], values: list[bytes], next_: int
    ) -> Run:
        appended: Int64s = np.array(times, np.int64) * 1_000
        return Run(self._topic, partition, schema_id, np.array(offsets, np.int64), appended, values, next_)
