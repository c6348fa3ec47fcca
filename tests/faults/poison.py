"""Messages that no hub wrote: bytes that are none of ours, other schemas, bodies cut short, nothing at all, too much."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from hub.events import columns
from hub.journal.port import TOPICS, Outgoing, Topic
from tests.faults.parts import Parts
from tests.projector.histories import event, table

LARGE = 5_000_000
UNKNOWN_SCHEMA = 999
Poisoned = set[tuple[str, int, int]]
"""Topic, partition, position of what was written and cannot be used."""


def poison(parts: Parts, address: str, prefix: str, seed: int) -> Poisoned:
    """Write some; by a producer of Kafka's that knows nothing of hubs, or, where there is no Kafka, bodies that are
    none through the journal. For a process of its own."""
    chance = random.Random(seed)
    if parts.on_kafka:
        messages = poisonous(chance)
        return produced(address, prefix, {t: chance.sample(messages, chance.randint(1, 5)) for t in TOPICS}, chance)
    return _appended(parts.machines[0], chance)


def _body() -> bytes:
    (body,) = columns.encode(table([event("poison")]), "waste_event").to_pylist()
    return bytes(body)


def _bodies(chance: random.Random) -> list[bytes]:
    whole = _body()
    (nameless,) = columns.encode(table([event("", entity_id="no uuid")]), "waste_event").to_pylist()
    return [b"", b"\xff junk", whole[: chance.randrange(len(whole))], whole + b"\x00", chance.randbytes(200), nameless]


def poisonous(chance: random.Random) -> list[bytes | None]:
    """Of every kind one, for a topic on Kafka; none of them can be used in any of the three."""
    from hub.journal.kafka_runs import frame
    from hub.journal.kafka_schemas import BuiltIn

    numbers = BuiltIn().current()
    frames = {topic: frame(numbers[name]) for topic, name in zip(TOPICS, ("waste_event", "quarantine", "act"), strict=True)}
    framed: list[bytes | None] = [frames["events"] + body for body in _bodies(chance)]
    return [
        *framed, None, b"", b"\x00", b"\x00\x00\x00", b"plain text", chance.randbytes(chance.randint(1, 60)),
        frame(UNKNOWN_SCHEMA) + _body(), frame(UNKNOWN_SCHEMA), frames["quarantine"] + _body(), frames["acts"] + _body(),
        chance.randbytes(LARGE), frames["events"] + chance.randbytes(LARGE), frame(UNKNOWN_SCHEMA) + bytes(LARGE),
    ]  # fmt: skip


def produced(
    address: str, prefix: str, values: Mapping[Topic, Sequence[bytes | None]], chance: random.Random
) -> Poisoned:
    """Write these, by topic, in no transaction; where they then stand."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": address, "message.max.bytes": 2 * LARGE, "acks": "all"})
    found = Poisoned()

    def placed(error: object, message: Any) -> None:
        assert error is None, error
        found.add((message.topic().rpartition(".")[2], message.partition(), message.offset()))

    written = [(topic, value) for topic, some in values.items() for value in some]
    for topic, value in written:
        key = chance.choice([None, b"", chance.randbytes(20)])
        producer.produce(f"{prefix}.{topic}", key=key, value=value, on_delivery=placed)
    producer.flush(60)
    assert len(found) == len(written), "not all was acknowledged"
    return found


def _appended(folder: Path, chance: random.Random) -> Poisoned:
    from hub.wiring import Hub

    bodies = {topic: chance.sample(_bodies(chance), chance.randint(1, 4)) for topic in TOPICS}
    outgoing = [
        Outgoing(topic, pa.array([f"{n}" for n in range(len(some))], pa.string()), pa.array(some, pa.binary()))
        for topic, some in bodies.items()
    ]
    with Hub.open(folder) as hub:
        journal = hub.journal()
        placed = journal.append(journal.fence("stranger"), outgoing)
    return {
        (topic, int(partition), int(position))
        for topic, told in zip(bodies, placed, strict=True)
        for partition, position in zip(told.partitions, told.positions, strict=True)
    }
