"""Messages by their places: which stretches of a topic to read for them, and what of these is kept.

Places that lie near to each other are read in one go, thousands of messages for one that is wanted. What is not wanted
is let go at once, bite by bite: however far the places are spread, only what was asked for is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import compress, zip_longest
from typing import Final

from hub.journal.kafka_client import Taken
from hub.journal.kafka_runs import Collected
from hub.journal.port import Stored, Topic

_NEAR: Final = 2_000  # messages between two wanted ones that are read over rather than skipped

_NO_LIMIT: Final = 1 << 62

Stretch = tuple[int, int]
Place = tuple[int, int]


def strides(wanted: Mapping[int, Set[int]]) -> Iterator[tuple[dict[int, int], dict[int, int]]]:
    """Partition → first position and partition → position after the last, for one reading after the other: in each,
    one stretch of every partition that has any left."""
    stretches = {partition: _stretches(sorted(positions)) for partition, positions in wanted.items()}
    for together in zip_longest(*stretches.values()):
        these = {partition: some for partition, some in zip(stretches, together, strict=True) if some is not None}
        yield {p: first for p, (first, _) in these.items()}, {p: after for p, (_, after) in these.items()}


def _stretches(positions: list[int]) -> list[Stretch]:
    found: list[Stretch] = []
    for position in positions:
        if found and position < found[-1][1] + _NEAR:
            found[-1] = (found[-1][0], position + 1)
        else:
            found.append((position, position + 1))
    return found


class Picked(Collected):
    """Goes through one stride (from ``start`` to ``end``) and gathers what is ``wanted`` of it."""

    def __init__(
        self, topic: Topic, start: Mapping[int, int], end: Mapping[int, int], wanted: Mapping[int, Set[int]]
    ) -> None:
        super().__init__(topic, start, end, limit=_NO_LIMIT, limit_bytes=_NO_LIMIT)
        self._wanted = wanted

    def add(self, taken: Iterable[Taken]) -> bool:
        """Go past these; whether anything moved."""
        return super().add(map(self._sifted, taken))

    def _sifted(self, some: Taken) -> Taken:
        those = list(map(self._wanted[some.partition].__contains__, some.offsets))
        offsets, times = list(compress(some.offsets, those)), list(compress(some.times_ms, those))
        return Taken(some.partition, offsets, times, list(compress(some.values, those)), some.next)

    def stored(self) -> Iterator[tuple[Place, Stored]]:
        """What was found, by (partition, position)."""
        for run in self.runs():
            for position, time, value in zip(run.positions.tolist(), run.appended_us.tolist(), run.values, strict=True):
                yield (run.partition, position), Stored(run.partition, position, run.schema_id, time, value)
