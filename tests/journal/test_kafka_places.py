"""Messages of Kafka by their places: what is read for them, and how much of it is held at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest

from hub.journal.kafka import KafkaJournal
from hub.journal.kafka_client import Taken
from hub.journal.kafka_places import Picked, strides
from hub.journal.port import Outgoing
from tests.broker import Broker

BITE = 500


class Value(bytes):
    """A message's value; how many of them are held, and how many were at most."""

    held = most = 0

    def __init__(self, _: bytes) -> None:
        Value.held += 1
        Value.most = max(Value.most, Value.held)

    def __del__(self) -> None:
        Value.held -= 1


def stretches(*places: int) -> list[tuple[int, int]]:
    """What is read of partition 0 for these places, one after the other."""
    return [(start[0], end[0]) for start, end in strides({0: set(places)})]


def test_near_and_far() -> None:
    """Places near to each other are read in one go, and what lies between far ones is skipped."""
    assert stretches(7) == [(7, 8)]
    assert stretches(9, 7, 1_000) == [(7, 1_001)]
    assert stretches(7, 1_000_000, 1_000_002) == [(7, 8), (1_000_000, 1_000_003)]


def test_partitions_are_read_together() -> None:
    """A stride takes a stretch of every partition that has any left."""
    assert list(strides({1: {5, 90_000}, 3: {6}})) == [({1: 5, 3: 6}, {1: 6, 3: 7}), ({1: 90_000}, {1: 90_001})]


def taken(start: Mapping[int, int], end: Mapping[int, int]) -> Iterator[Taken]:
    """A stride as a client gives it: in bites, each message's value made as it comes."""
    for partition, first in start.items():
        for low in range(first, end[partition], BITE):
            high = min(low + BITE, end[partition])
            offsets = list(range(low, high))
            yield Taken(partition, offsets, offsets, list(map(Value, map(b"\0\0\0\0\x0b%d".__mod__, offsets))), high)


def test_what_is_held() -> None:
    """Of places 1,600 apart in eight partitions only what is wanted is held, and the bite that just came."""
    wanted: dict[int, Set[int]] = {p: set(range(p, 200_000, 1_600)) for p in range(8)}
    found = {}
    for start, end in strides(wanted):
        picked = Picked("events", start, end, wanted)
        for some in taken(start, end):
            assert picked.add([some])
        assert picked.complete
        found |= dict(picked.stored())
    assert {place: int(stored.value) for place, stored in found.items()} == {(p, n): n for p in wanted for n in wanted[p]}
    assert {stored.schema_id for stored in found.values()} == {11}
    assert Value.most <= len(found) + 2 * BITE


@pytest.mark.parametrize("client", ["confluent", "kafka-python"])
def test_memory(broker: Broker, prefix: str, client: str) -> None:
    """Places spread over 40 MB of a topic are read with a tenth of that."""
    large = np.random.default_rng(1).bytes(1 << 10)
    with closing(KafkaJournal(f"kafka://{broker.address}/{prefix}?client={client}")) as journal:
        fence, places = journal.fence("a"), list[tuple[int, int]]()
        for _ in range(10):
            item = Outgoing("events", pa.array(["k"] * 4_000), pa.array([large] * 4_000))
            (answer,) = journal.append(fence, [item])
            places += zip(answer.partitions.tolist(), answer.positions.tolist(), strict=True)
        held = memory(journal, places[::500])
    assert held < len(places) * len(large) / 10


def memory(journal: KafkaJournal, places: Sequence[tuple[int, int]]) -> int:
    """The most bytes of Python's that reading these places takes at a time."""
    tracemalloc.start()
    try:
        assert [(x.partition, x.position) for x in journal.read_at("events", places)] == places
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
