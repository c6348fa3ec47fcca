"""Topics that are not, or no longer, the journal's: it stops, and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from hub.errors import HubError, JournalCorrupt, Refused
from hub.journal.kafka import KafkaJournal
from hub.journal.port import TOPICS, Journal
from tests.broker import Broker
from tests.contracts.journal_processes import batch, messages, outgoing
from tests.journal.kafka_admin import Admin

CLIENTS = ("confluent", "kafka-python")
LONG = 3_600.0
MEANWHILE: dict[str, tuple[Callable[[Admin, str], None], type[HubError], str]] = {
    "partitions added": (lambda admin, topic: admin.widen(topic, 9), Refused, "9 partitions"),
    "retention set": (lambda admin, topic: admin.set(topic, "retention.ms", "604800000"), Refused, "retention.ms=604800000"),
    "messages deleted": (lambda admin, topic: admin.forget(topic, 2, 5), JournalCorrupt, "2:5"),
    "made anew": (lambda admin, topic: admin.remake(topic, 8), JournalCorrupt, "made anew|is gone"),
    "gone": (lambda admin, topic: admin.delete(topic), JournalCorrupt, "is gone"),
}
"""What may become of a topic → how it is done, and what a handle that is open says of it."""
pytestmark = pytest.mark.parametrize("client", CLIENTS)


@pytest.fixture
def admin(broker: Broker) -> Admin:
    return Admin(broker)


@pytest.fixture
def url(broker: Broker, prefix: str, client: str) -> str:
    return f"kafka://{broker.address}/{prefix}?client={client}"


def filled(url: str) -> None:
    """A journal with something in it."""
    with closing(KafkaJournal(url)) as journal:
        journal.append(journal.fence("a"), batch("a", 0))


def test_made_as_a_journal_needs_them(url: str, prefix: str, admin: Admin) -> None:
    """Topics are made with 8 partitions and settings by which nothing is forgotten; a second handle finds them so."""
    with closing(KafkaJournal(url)) as journal, closing(KafkaJournal(url)) as again:
        assert journal.identity == again.identity
        assert {topic: len(found) for topic, found in journal.partitions.items()} == dict.fromkeys(TOPICS, 8)
        wanted = {"retention.ms": "-1", "cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime",
                  "max.message.bytes": str(8 << 20)}  # fmt: skip
        for topic in TOPICS:
            found = admin._settings(f"{prefix}.{topic}")
            assert {name: found[name].value for name in wanted} == wanted


def test_both_clients_name_it_alike(broker: Broker, url: str, prefix: str, client: str) -> None:
    """A journal has the same identity whichever client looks at it."""
    other = next(name for name in CLIENTS if name != client)
    with closing(KafkaJournal(url)) as one, closing(KafkaJournal(f"kafka://{broker.address}/{prefix}?client={other}")) as two:
        assert one.identity == two.identity


def test_other_partitions(url: str, prefix: str, admin: Admin) -> None:
    """Topics with another number of partitions are refused when opening, unless the URL says that they are meant."""
    for topic in TOPICS:
        admin.make(f"{prefix}.{topic}", 3, retention_ms="-1", message_timestamp_type="LogAppendTime",
                   max_message_bytes=str(8 << 20))  # fmt: skip
    with pytest.raises(Refused, match="3"):
        KafkaJournal(url)
    with closing(KafkaJournal(f"{url}&partitions=3")) as journal:
        journal.append(journal.fence("a"), batch("a", 0))
        assert {message.partition for message in messages(journal, "events")} == {0, 1, 2}


def ends(journal: Journal) -> object:
    """All that a projector asks who has come to the end."""
    return journal.end("acts")


def fences(journal: Journal) -> object:
    """What a puller begins with."""
    return journal.fence("a")


@pytest.mark.parametrize("asked", [ends, fences])
@pytest.mark.parametrize("what", MEANWHILE)
def test_what_became_of_a_topic(
    url: str, prefix: str, admin: Admin, what: str, asked: Callable[[Journal], object]
) -> None:
    """What is done to a topic while a handle is open, it says as soon as it looks again: whoever asks for the end hears
    of it, and so does whoever fences."""
    filled(url)
    do, error, said = MEANWHILE[what]
    with closing(KafkaJournal(url, believed=0)) as journal:
        do(admin, f"{prefix}.events")
        with pytest.raises(error, match=said):
            asked(journal)


def test_how_often_it_looks(url: str, prefix: str, admin: Admin) -> None:
    """Who asks for the end is told without a look at the topics where they were looked at not long ago; a fence always
    looks."""
    filled(url)
    with closing(KafkaJournal(url, believed=LONG)) as journal:
        admin.set(f"{prefix}.events", "retention.ms", "604800000")
        assert journal.end("events")
        with pytest.raises(Refused):
            journal.fence("a")


def test_partitions_added(url: str, prefix: str, admin: Admin) -> None:
    """Topics to which somebody added partitions cannot be opened."""
    filled(url)
    admin.widen(f"{prefix}.events", 9)
    with pytest.raises(Refused, match="9"):
        KafkaJournal(url)


@pytest.mark.parametrize(("name", "value"), [("retention.ms", "604800000"), ("retention.bytes", "1000000"),
                                             ("cleanup.policy", "compact"), ("message.timestamp.type", "CreateTime"),
                                             ("max.message.bytes", "1000000")])  # fmt: skip
def test_a_topic_that_would_forget(url: str, prefix: str, admin: Admin, name: str, value: str) -> None:
    """A topic that would forget, tell wrong times or take too little is refused; the remedy is the command."""
    filled(url)
    admin.set(f"{prefix}.quarantine", name, value)
    with pytest.raises(Refused, match=f"{prefix}.quarantine.*{name}={value}.*--add-config {name}="):
        KafkaJournal(url)


def test_retention_has_taken_something(url: str, prefix: str, admin: Admin) -> None:
    """Where messages were deleted from a topic's beginning, a reader from there stops, and so does opening."""
    filled(url)
    with closing(KafkaJournal(url)) as journal:
        assert journal.read("events", {}, 10)
        admin.forget(f"{prefix}.events", 2, 5)
        with pytest.raises(JournalCorrupt) as raised:
            journal.read("events", journal.end("events") | {2: 0}, 10)
        assert (raised.value.facts["topic"], raised.value.facts["partition"]) == ("events", 2)
        with pytest.raises(JournalCorrupt):
            journal.read_at("events", [(2, 1)])
    with pytest.raises(JournalCorrupt) as raised:
        KafkaJournal(url)
    assert (raised.value.facts["partition"], raised.value.facts["position"]) == (2, 5)


def test_a_topic_is_gone(url: str, prefix: str, admin: Admin) -> None:
    """Where one of a journal's topics was deleted, it is not made anew beside the others."""
    filled(url)
    admin.delete(f"{prefix}.acts")
    with pytest.raises(JournalCorrupt) as raised:
        KafkaJournal(url)
    assert raised.value.facts["topic"] == "acts"


def test_a_topic_is_another_one(url: str, prefix: str, admin: Admin) -> None:
    """With a topic deleted and made anew it is another journal: it has another identity."""
    filled(url)
    with closing(KafkaJournal(url)) as journal:
        before = journal.identity
    admin.remake(f"{prefix}.events", 8)
    with closing(KafkaJournal(url)) as journal:
        assert journal.identity != before


def test_a_position_beyond_the_end(url: str) -> None:
    """Reading from beyond the end is refused: the topic lost messages or is another one than before."""
    filled(url)
    with closing(KafkaJournal(url)) as journal:
        end = journal.end("events")
        assert journal.read("events", end, 10) == []
        with pytest.raises(JournalCorrupt) as raised:
            journal.read("events", end | {3: end[3] + 1}, 10)
        assert (raised.value.facts["partition"], raised.value.facts["position"]) == (3, end[3] + 1)


def test_a_message_that_is_too_large(url: str) -> None:
    """A message that the topics would not take is refused before anything is written; the fence stays good."""
    with closing(KafkaJournal(url)) as journal:
        fence = journal.fence("a")
        with pytest.raises(Exception, match=str((8 << 20) + 5)):
            journal.append(fence, [outgoing("acts", [b"small"]), outgoing("events", [b"x" * (8 << 20)])])
        journal.append(fence, batch("a", 0))
        assert len(messages(journal, "acts")) == 1
