"""Messages by their places: which stretches of a topic to read for them, and what of these is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from itertools import zip_longest
from typing import Final

from hub.journal.kafka_runs import Collected
from hub.journal.port import Stored

_NEAR: Final = 2_000  # messages between two wanted ones that are read over rather than skipped

Stretch = tuple[int, int]


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


def picked(collected: Collected, wanted: Mapping[int, Set[int]]) -> Iterator[tuple[tuple[int, int], Stored]]:
    """Those of the collected messages that are wanted, by (partition, position)."""
    for run in collected.runs():
        of_this = wanted[run.partition]
        for position, time, value in zip(run.positions.tolist(), run.appended_us.tolist(), run.values, strict=True):
            if position in of_this:
                yield (run.partition, position), Stored(run.partition, position, run.schema_id, time, value)
