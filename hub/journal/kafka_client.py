"""The seam between the journal and a Kafka client: what is asked of confluent-kafka and of kafka-python alike.

Names of topics are whole (``waste.events``); partitions are named by their numbers. Everything here raises
JournalUnavailable where the broker does not answer within the client's patience, and Refused where it says no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from hub.journal.port import Int64s

Wanted = Literal["first", "last stable", "high watermark"]
"""Which offset of a partition: the first one kept, the one after the last that a reader may see, the one after the
last that is there."""

MESSAGE_BYTES: Final = 8 << 20  # max.message.bytes of the topics
TRANSACTION_MS: Final = 10_000  # an open transaction holds up every reader: the broker ends it after this time
SETTINGS: Final[Mapping[str, str]] = {
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": str(MESSAGE_BYTES),
}
"""What a journal's topics must be set to; a topic that may forget is no journal."""


@dataclass(frozen=True)
class TopicState:
    """A topic as the cluster tells of it; ``id`` as Kafka writes it, another one after it was deleted and made anew."""

    id: str
    partitions: int


@dataclass(frozen=True)
class Cluster:
    """The cluster, and those of the topics asked for that it has."""

    id: str
    topics: Mapping[str, TopicState]


@dataclass(frozen=True)
class Taken:
    """Messages of one partition, in order: offsets, times of appending (ms since the epoch), values (a tombstone is
    empty). ``next`` is the offset to go on from; none below it that is not here holds a message."""

    partition: int
    offsets: list[int]
    times_ms: list[int]
    values: list[bytes]
    next: int


@dataclass(frozen=True)
class Sending:
    """Messages for one topic, each with its partition."""

    topic: str
    partitions: Int64s
    keys: list[bytes]
    values: list[bytes]


class Reader(Protocol):
    """Reads committed messages of one topic. For one thread at a time."""

    def seek(self, positions: Mapping[int, int]) -> None:
        """Read these partitions from these offsets, and no others."""

    def take(self, limit: int) -> list[Taken]:
        """What comes within a moment, ``limit`` messages at most. Raises JournalCorrupt where an offset is not there."""

    def close(self) -> None:
        """Free what it holds."""


class Writer(Protocol):
    """The right to write under a transactional id. For one thread at a time."""

    def write(self, sending: Sequence[Sending]) -> list[Int64s]:
        """All in one transaction; the offsets of each one's messages, in order.

        Raises Fenced where another one took the id, JournalUnavailable where it is not known to have gone through.
        After either it is of no use any more: whether the messages stand is known to the next holder of the id,
        once it has read on.
        """

    def close(self) -> None:
        """Free what it holds."""


class Client(Protocol):
    """A way to a cluster. May be shared by threads."""

    def describe(self, topics: Sequence[str]) -> Cluster:
        """What there is of these topics."""

    def create(self, topics: Sequence[str], partitions: int) -> None:
        """Make these topics, with SETTINGS; one that another process just made stays."""

    def settings(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Topic → what each of SETTINGS is."""

    def offsets(self, topic: str, partitions: Sequence[int], wanted: Wanted) -> dict[int, int]:
        """Partition → the offset ``wanted``."""

    def offsets_from(self, topic: str, partitions: Sequence[int], time_ms: int) -> dict[int, int]:
        """Partition → the first offset appended at ``time_ms`` or later; those that have none are left out."""

    def reader(self, topic: str, *, ahead: bool) -> Reader:
        """A reader; ``ahead`` where it is to read on and on, else it fetches little more than is asked for."""

    def writer(self, transactional_id: str) -> Writer:
        """Take the id from whoever has it; what that one has not committed is undone."""

    def close(self) -> None:
        """Free what it holds."""
