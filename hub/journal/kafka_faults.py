"""What can go wrong with a journal on Kafka, said in one way whatever client it was that noticed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.errors import Fenced, JournalCorrupt, JournalUnavailable, NoMessage, Refused
from hub.texts import N_, Word

FOREIGN: Final = N_("the topic was deleted and made anew, or this is another cluster")
GONE: Final = N_("the topic is gone, while the others of this journal have messages")
SHORT: Final = N_("it ends before this place: it lost messages, or is another journal")
FORGOT: Final = N_("the messages before this place are gone: the topic has a retention, or somebody deleted them")
NO_PLACE: Final = N_("there is no such place")
UNCERTAIN: Final = N_("an append was broken off; whether it went through is known once the journal was read again")
TOO_LONG: Final = N_("it took too long")
NOT_ALL: Final = N_("not all messages were acknowledged in time")
NOTHING: Final = N_("no message came in time, though there are some")
SLOW: Final = N_("the append took longer than a transaction may, and was undone")
TOO_LATE: Final = N_("another process is writing for longer than it may")


def unavailable(reason: str) -> JournalUnavailable:
    """Try again later."""
    return JournalUnavailable(
        "the journal does not answer: {reason}",
        remedy="Look whether Kafka runs and can be reached from here; what was not done is done at the next try.",
        reason=reason,
    )


def not_made(topics: Sequence[str]) -> JournalUnavailable:
    """The cluster took the order, and does not show them."""
    return JournalUnavailable(
        "Kafka does not show the topics that it was told to make: {topics}",
        remedy="Look whether its brokers run, all of them; what is there is used at the next try.",
        topics=", ".join(topics),
    )


def lost(topic: str, partition: int, position: int, reason: Word) -> JournalCorrupt:
    """Messages that there were, or must be, are not there. ``topic`` with or without its prefix."""
    return JournalCorrupt(
        "the journal is damaged at {topic} {partition}:{position}: {reason}",
        remedy="Stop the hub's processes; restore the topics from a mirror or archive, or point the hub to the cluster "
        "that has them. Nothing after this place was read.",
        topic=topic.rpartition(".")[2], partition=partition, position=position, reason=reason,
    )  # fmt: skip


def no_message(topic: str, partition: int, position: int) -> NoMessage:
    """What stands there is the marker of a transaction, or was undone; or a message was there and is lost."""
    return NoMessage(
        "there is no message at {topic}/{partition}/{position}",
        remedy="Where the hub itself knows this place, a message was lost: stop its processes and restore the topics from "
        "a mirror or archive.",
        topic=topic, partition=partition, position=position,
    )  # fmt: skip


def fenced(identity: str) -> Fenced:
    """Another one writes now."""
    return Fenced("a later process took over {identity}; this one stops", identity=identity)


def refused(reason: str) -> Refused:
    """The cluster says no, and will say so again."""
    return Refused(
        "Kafka refuses: {reason}",
        remedy="Look at the user, its rights (topics, transactional ids, cluster: describe and create) and the URL in "
        "hub.toml.",
        reason=reason,
    )


def no_option(name: str) -> Refused:
    """What librdkafka can be told, but not the other client."""
    return Refused(
        "the client kafka-python cannot use the option {name}; write client=confluent",
        remedy="Look at the URL of the journal in hub.toml.",
        name=name,
    )


def not_installed() -> Refused:
    """The default client is an extra."""
    return Refused(
        "the client confluent is not installed here",
        remedy="pip install wastehub[kafka], or write client=kafka-python into the URL.",
    )


def no_registry_client() -> Refused:
    """It is an extra."""
    return Refused(
        "the client of schema registries is not installed here",
        remedy="pip install wastehub[registry], or leave registry= out of the URL.",
    )


def wrong_partitions(topic: str, found: int, wanted: int) -> Refused:
    """A journal's partitions are never changed: a key would be in two of them, and readers stand in the old ones."""
    return Refused(
        "the topic {topic} has {found} partitions, not {wanted}",
        remedy="A journal keeps the partitions it was made with. Where it was made with {found}, write "
        "partitions={found} into its URL; where somebody changed them, copy the topics into new ones with {wanted}.",
        topic=topic, found=found, wanted=wanted,
    )  # fmt: skip


def wrong_setting(topic: str, name: str, found: str, wanted: str) -> Refused:
    """A topic that would forget, or tell wrong times."""
    return Refused(
        "the topic {topic} has {name}={found}; a journal needs {wanted}",
        remedy="kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {name}={wanted}",
        topic=topic, name=name, found=found, wanted=wanted,
    )  # fmt: skip
