"""The journal: an ordered, append-only store of messages in three topics. What every implementation promises.

- ``append`` is one transaction over the three topics: all of it is there for ever, or nothing is.
- An identity has one writer: ``fence`` makes the caller the newest; an ``append`` under an older fence raises
  :class:`hub.errors.Fenced` and writes nothing.
- Positions grow within a partition and are never assumed contiguous; a message once read at a position is always
  read there.
- A reader sees only what was committed, of each partition a beginning of what will stand there for ever, and is not
  held up by a writer. On one machine a transaction comes into sight at once; on Kafka it may come part by part while
  others write.

``tests/contracts/journal.py`` is the suite that every implementation passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Topic = Literal["events", "quarantine", "acts"]
TOPICS: tuple[Topic, ...] = ("events", "quarantine", "acts")
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fence:
    """The right to append for ``identity``; a later fence of the same identity ends it."""

    identity: str
    epoch: int


@dataclass(frozen=True)
class Outgoing:
    """Messages for one topic: ``keys`` (string) and Avro bodies ``values`` (binary), same length, in order."""

    topic: Topic
    keys: pa.StringArray
    values: pa.BinaryArray


@dataclass(frozen=True)
class Appended:
    """Where the messages of one :class:`Outgoing` now stand, in its order."""

    partitions: Int64s
    positions: Int64s


@dataclass(frozen=True)
class Run:
    """Consecutive messages of one partition, written with one schema.

    ``schema_id`` is None where a message has no framing that can be read: ``values`` then holds it as it stands.
    ``appended_us`` is µs since the epoch, never decreasing within a partition. ``next`` is the position to read
    from afterwards (positions between the last message and ``next`` hold no message).
    """

    topic: Topic
    partition: int
    schema_id: int | None
    positions: Int64s
    appended_us: Int64s
    values: list[bytes]
    next: int


@dataclass(frozen=True)
class Stored:
    """One message, read by its position."""

    partition: int
    position: int
    schema_id: int | None
    appended_us: int
    value: bytes


class Journal(Protocol):
    """The port. Raises JournalUnavailable (try again), JournalCorrupt (stop), Fenced (stop)."""

    @property
    def identity(self) -> str:
        """Names this very journal: another one behind the same address has another identity."""

    @property
    def place(self) -> str:
        """Its address, fit to be shown. Another identity at the same place: somebody made it anew."""

    @property
    def partitions(self) -> Mapping[Topic, Sequence[int]]:
        """The partitions of every topic."""

    def schema(self, schema_id: int) -> str:
        """The Avro schema (JSON text) that messages with ``schema_id`` were written with."""

    def fence(self, identity: str) -> Fence:
        """Become the only writer for ``identity``."""

    def append(self, fence: Fence, outgoing: Sequence[Outgoing]) -> list[Appended]:
        """Append all in one transaction; returns one :class:`Appended` per item. Empty items are allowed."""

    def read(self, topic: Topic, start: Mapping[int, int], limit: int, identity: str | None = None) -> list[Run]:
        """Up to about ``limit`` messages from ``start`` (partition → position; missing = 0), in order within each
        partition; [] at the end. With ``identity`` an implementation may leave out what other identities wrote
        (a hint: readers still filter); it then still moves ``next`` past them, with an empty run if need be."""

    def read_at(self, topic: Topic, places: Sequence[tuple[int, int]]) -> list[Stored]:
        """The messages at these (partition, position), in the order asked; JournalCorrupt where one is missing,
        NoMessage where that may be because there never was one."""

    def end(self, topic: Topic) -> dict[int, int]:
        """Partition → a position: all that can be read now stands below it, what comes next at it or after it."""

    def at(self, topic: Topic, time: datetime) -> dict[int, int]:
        """Partition → first position appended after ``time`` (aware); the topic as known at ``time`` lies below."""

    def close(self) -> None:
        """Free what it holds."""
