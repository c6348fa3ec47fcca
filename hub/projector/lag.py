"""How far the store is behind the journal: in messages, and in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.journal.port import Journal, Topic


@dataclass(frozen=True)
class Lag:
    """``events``: places of the journal that were not looked at (on Kafka, markers of transactions are among them).
    ``oldest_us``: when the first message among them was appended, µs since the epoch; None where there is none."""

    events: int
    oldest_us: int | None

    def seconds(self, now_us: int) -> float:
        """How long the oldest message has been waiting; 0 where none does."""
        return 0.0 if self.oldest_us is None else max(now_us - self.oldest_us, 0) / 1_000_000


def lag(journal: Journal, topic: Topic, standing: Mapping[int, int]) -> Lag:
    """``standing``: partition → next position that will be applied (missing = 0). Reads one message a partition."""
    ends = journal.end(topic)
    behind = [partition for partition, end in ends.items() if standing.get(partition, 0) < end]
    events = sum(ends[partition] - standing.get(partition, 0) for partition in behind)
    oldest = [
        int(run.appended_us[0])
        for partition in behind
        for run in journal.read(topic, {**ends, partition: standing.get(partition, 0)}, 1)
        if run.partition == partition and len(run.values)
    ]
    return Lag(events, min(oldest, default=None))
