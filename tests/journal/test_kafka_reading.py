"""What is peculiar to reading from Kafka: gaps, open transactions, strangers' messages, several partitions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest

from hub.errors import Fenced, JournalUnavailable, NoMessage, RequestWrong
from hub.journal.kafka import KafkaJournal
from hub.journal.kafka_partition import murmur2, partitions_of
from hub.journal.port import Fence, Outgoing
from tests.broker import Broker
from tests.contracts.journal_processes import batch, messages, outgoing, runs
from tests.journal.kafka_admin import Admin

CLIENTS = ("confluent", "kafka-python")
each_client = pytest.mark.parametrize("client", CLIENTS)
VECTORS = {
    "21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}  # fmt: skip
"""Kafka's own test of its hash (org.apache.kafka.common.utils.UtilsTest)."""


@pytest.fixture
def admin(broker: Broker) -> Admin:
    return Admin(broker)


@pytest.fixture
def journal(broker: Broker, prefix: str, client: str) -> Iterator[KafkaJournal]:
    with closing(KafkaJournal(f"kafka://{broker.address}/{prefix}?client={client}")) as opened:
        yield opened


def test_hash() -> None:
    """Keys are hashed as Kafka hashes them, whatever their length, also within a slice."""
    assert murmur2(pa.array(VECTORS)).astype(np.int32).tolist() == list(VECTORS.values())
    assert murmur2(pa.array(["x", *VECTORS, "y"]).slice(1, 6)).astype(np.int32).tolist() == list(VECTORS.values())
    assert partitions_of(pa.array([], pa.string()), 8).tolist() == []


@each_client
def test_keys_decide(journal: KafkaJournal) -> None:
    """A key is always in the same partition, the one that its hash says."""
    keys = [f"{number % 40}" for number in range(400)]
    item = Outgoing("events", pa.array(keys), pa.array([b"%d" % number for number in range(400)]))
    (answer,) = journal.append(journal.fence("a"), [item])
    expected = partitions_of(pa.array(keys), 8).tolist()
    assert answer.partitions.tolist() == expected
    for message in messages(journal, "events"):
        assert message.partition == expected[int(message.value)]


@each_client
def test_markers_and_aborted_messages(journal: KafkaJournal, prefix: str, admin: Admin) -> None:
    """Positions that hold markers or messages of aborted transactions are passed over, by empty runs where nothing else
    is there; no message is there for one who asks for such a place."""
    fence = journal.fence("a")
    journal.append(fence, [outgoing("events", [b"%d" % i for i in range(100)])])
    reached = {run.partition: run.next for run in runs(journal, "events")}
    assert reached == journal.end("events")
    admin.open_transaction(f"{prefix}/b", f"{prefix}.events", 5, [b"never"] * 10).abort_transaction(30)
    journal.fence("b")  # who fences sees all that was before
    end = journal.end("events")
    assert end[5] == reached[5] + 11
    (run,) = journal.read("events", reached, 100)
    assert (run.partition, run.values, run.next, run.schema_id) == (5, [], end[5], None)
    for place in (reached[5] - 1, reached[5], end[5] - 1):  # the marker of our commit, an aborted message, its marker
        with pytest.raises(NoMessage):
            journal.read_at("events", [(5, place)])


@each_client
def test_an_open_transaction(broker: Broker, journal: KafkaJournal, prefix: str, admin: Admin) -> None:
    """What another identity's open transaction hides is told to nobody as the end; a fence of its identity ends it, and
    whoever fenced then sees everything that was committed before."""
    stranger = admin.open_transaction(f"{prefix}/b", f"{prefix}.acts", 0, [b"open"])
    first = Outgoing("acts", pa.array([_key_for(0)]), pa.array([b"committed"]))
    with closing(KafkaJournal(f"kafka://{broker.address}/{prefix}")) as writer:
        writer.append(writer.fence("a"), [first])
        assert journal.read("acts", {}, 10) == []
        assert journal.end("acts")[0] == 0
        journal.fence("b")
        assert [message.value for message in messages(journal, "acts")] == [b"committed"]
    with pytest.raises(Exception, match="fenced"):
        stranger.commit_transaction(30)


def _key_for(partition: int) -> str:
    return next(f"k{n}" for n in range(1_000) if partitions_of(pa.array([f"k{n}"]), 8)[0] == partition)


@each_client
def test_strangers_messages(journal: KafkaJournal, prefix: str, admin: Admin) -> None:
    """Messages that no hub wrote are given as they stand, without a schema or with the number that they name; those
    around them come as ever, and none is left out."""
    fence = journal.fence("a")
    ours = Outgoing("events", pa.array([_key_for(3)] * 2), pa.array([b"ours 1", b"ours 2"]))
    journal.append(fence, [ours])
    large = b"\xff" * (5 << 20)
    foreign = [b"", None, b"\0", b"\0\0\0\1", b"hello, world", b"\1\0\0\0\1x", b"\0\0\0\x27\x0fbody", large]
    offsets = admin.write(f"{prefix}.events", 3, foreign)
    journal.append(fence, [ours])
    found = [run for run in runs(journal, "events") if run.partition == 3]
    told = [(run.schema_id, value) for run in found for value in run.values]
    number = told[0][0]
    assert number is not None
    assert told == [
        (number, b"ours 1"), (number, b"ours 2"), (None, b""), (None, b""), (None, b"\0"), (None, b"\0\0\0\1"),
        (None, b"hello, world"), (None, b"\1\0\0\0\1x"), (9_999, b"body"), (None, large),
        (number, b"ours 1"), (number, b"ours 2"),
    ]  # fmt: skip
    with pytest.raises(RequestWrong, match="9999"):
        journal.schema(9_999)
    assert [x.value for x in journal.read_at("events", [(3, offset) for offset in offsets])] == [
        b"body" if value and value.endswith(b"body") else value or b"" for value in foreign
    ]


@each_client
def test_fences_that_are_of_no_use(broker: Broker, prefix: str, journal: KafkaJournal, client: str) -> None:
    """A fence that was made up, or that another handle holds, is refused."""
    with closing(KafkaJournal(f"kafka://{broker.address}/{prefix}?client={client}")) as other:
        given = other.fence("b")
        for made_up in (Fence("a", 1), given):
            with pytest.raises(Fenced):
                journal.append(made_up, batch("a", 0))
        other.append(given, batch("b", 0))


@each_client
def test_keys_and_values_belong_together(journal: KafkaJournal) -> None:
    """An append with a key too many, or a null for a key or value, is refused before anything is written."""
    fence = journal.fence("a")
    for keys, values in ((["k", "l"], [b"v"]), (["k"], [None]), ([None], [b"v"])):
        with pytest.raises(RequestWrong):
            journal.append(fence, [Outgoing("events", pa.array(keys, pa.string()), pa.array(values, pa.binary()))])
    assert messages(journal, "events") == []


@each_client
def test_a_handle_that_is_closed(journal: KafkaJournal) -> None:
    """After closing, a handle's fences are of no use."""
    fence = journal.fence("a")
    journal.close()
    with pytest.raises((Fenced, JournalUnavailable)):
        journal.append(fence, batch("a", 0))
