"""What runs in other processes while a journal is under test, and how its messages are made and read back."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import pyarrow as pa

from hub.errors import JournalUnavailable
from hub.journal.port import TOPICS, Fence, Journal, Outgoing, Run, Topic

OpenJournal = Callable[[], Journal]
LIMIT = 5_000
PER_BATCH = {"events": 2_500, "quarantine": 700, "acts": 1}  # several chunks, one chunk, one message
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Message:
    """One message as it was read."""

    partition: int
    position: int
    appended_us: int
    value: bytes


def outgoing(topic: Topic, values: list[bytes]) -> Outgoing:
    """These values, each with a key of its own."""
    keys = [f"{topic}-{number}" for number in range(len(values))]
    return Outgoing(topic, pa.array(keys, pa.string()), pa.array(values, pa.binary()))


def batch(writer: str, number: int) -> list[Outgoing]:
    """A transaction over the three topics, its messages saying whose and which it is."""
    return [outgoing(t, [f"{writer} {number} {i} {'x' * 90}".encode() for i in range(PER_BATCH[t])]) for t in TOPICS]


def runs(journal: Journal, topic: Topic, limit: int = LIMIT, identity: str | None = None) -> list[Run]:
    """Everything there is at the moment, read ``limit`` at a time."""
    found: list[Run] = []
    start: dict[int, int] = {}
    while some := journal.read(topic, start, limit, identity):
        for run in some:
            assert run.next > start.get(run.partition, 0), "a read must move on"
            start[run.partition] = run.next
        found += some
    return found


def messages(journal: Journal, topic: Topic, limit: int = LIMIT, identity: str | None = None) -> list[Message]:
    """The messages of :func:`runs`."""
    return [
        Message(run.partition, int(position), int(time), value)
        for run in runs(journal, topic, limit, identity)
        for position, time, value in zip(run.positions, run.appended_us, run.values, strict=True)
    ]


def seen(journal: Journal, topic: Topic) -> dict[int, list[bytes]]:
    """Partition → the messages that it has at the moment, in order."""
    found: dict[int, list[bytes]] = {partition: [] for partition in journal.partitions[topic]}
    for run in runs(journal, topic):
        found[run.partition] += run.values
    return found


def batches(values: list[bytes]) -> Counter[bytes]:
    """How many of these messages are of each batch, named by writer and number."""
    return Counter(b" ".join(value.split()[:2]) for value in values)


def whole_batches(journal: Journal, writer: str) -> list[int]:
    """The numbers of the writer's batches, in order; each must be there in all topics, complete and once."""
    numbers: dict[Topic, Counter[int]] = {topic: Counter() for topic in TOPICS}
    for topic in TOPICS:
        for message in messages(journal, topic):
            who, number, _ = message.value.split(maxsplit=2)
            if who.decode() == writer:
                numbers[topic][int(number)] += 1
    for topic in TOPICS:
        assert set(numbers[topic].values()) <= {PER_BATCH[topic]}
        assert numbers[topic].keys() == numbers["acts"].keys()
    return sorted(numbers["acts"])


def start(work: Callable[..., None], *given: Any) -> tuple[BaseProcess, Connection]:
    """A process doing ``work(connection, *given)``, and the other end of its connection."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=work, args=(theirs, *given), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def append_batches(connection: Connection, open_journal: OpenJournal, writer: str, count: int) -> None:
    """Append ``count`` batches, naming each once it is acknowledged."""
    journal = open_journal()
    fence = journal.fence(writer)
    connection.send("ready")
    connection.recv()
    for number in range(count):
        journal.append(fence, batch(writer, number))
        connection.send(number)
    journal.close()


def append_until_full(connection: Connection, open_journal: OpenJournal, fill: Callable[[], None], most: int) -> None:
    """Append batches until the disk that ``fill`` makes small is full; tell how many were acknowledged before, and
    which the same process can read afterwards."""
    journal = open_journal()
    fence: Fence = journal.fence("filler")
    fill()
    acknowledged = 0
    try:
        while acknowledged < most:
            journal.append(fence, batch("filler", acknowledged))
            acknowledged += 1
    except JournalUnavailable as error:
        connection.send((acknowledged, str(error), whole_batches(journal, "filler")))
    else:
        connection.send((acknowledged, "never full", []))
