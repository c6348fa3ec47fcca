"""How far the store is behind the journal: in messages, and in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.journal.port import Journal, Topic

COUNTED = 100_000
"""So many messages are counted one by one; a store that is farther behind is far behind."""
_AT_ONCE = 20_000


@dataclass(frozen=True)
class Lag:
    """``events``: messages that were not looked at, or at most so many where they were not all ``counted``: then
    places without a message are among them (on Kafka each transaction leaves one in every partition that it wrote to).
    ``oldest_us``: when the first of them was appended, µs since the epoch; None where there is none."""

    events: int
    oldest_us: int | None
    counted: bool = True

    def seconds(self, now_us: int) -> float:
        """How long the oldest message has been waiting; 0 where none does."""
        return 0.0 if self.oldest_us is None else max(now_us - self.oldest_us, 0) / 1_000_000


def lag(journal: Journal, topic: Topic, standing: Mapping[int, int], most: int = COUNTED) -> Lag:
    """``standing``: partition → next position that will be applied (missing = 0). Reads one message a partition, and
    about ``most`` to count them."""
    ends = journal.end(topic)
    behind = {partition: standing.get(partition, 0) for partition, end in ends.items()}
    behind = {partition: position for partition, position in behind.items() if position < ends[partition]}
    messages, places = _counted(journal, topic, behind, ends, most)
    oldest = [
        int(run.appended_us[0])
        for partition, position in behind.items()
        for run in journal.read(topic, {**ends, partition: position}, 1)
        if run.partition == partition and len(run.values)
    ]
    return Lag(messages + places, min(oldest, default=None), counted=not places)


def _counted(
    journal: Journal, topic: Topic, behind: Mapping[int, int], ends: Mapping[int, int], most: int
) -> tuple[int, int]:
    """How many messages there are before ``ends``, and how many places in which nobody has looked for one."""
    at, messages = {**ends, **behind}, 0
    while messages < most and any(at[partition] < ends[partition] for partition in behind):
        runs = journal.read(topic, at, _AT_ONCE)
        if not runs:
            break
        for run in runs:
            messages += int((run.positions < ends[run.partition]).sum())
            at[run.partition] = run.next
    return messages, sum(max(ends[partition] - at[partition], 0) for partition in behind)
