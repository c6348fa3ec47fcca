"""The journal on Apache Kafka: a topic each for events, quarantine and acts, written in transactions.

An identity is a transactional id: whoever takes it last is the only one who can write under it. Readers are
``read_committed``, and Kafka shows a commit a moment after it acknowledged it; an open transaction of anybody hides
what comes after it (for ``transaction.timeout.ms`` at most). So every handle remembers up to where it must see, namely
what it appended and what was there when it fenced, and waits for that before it says where the end is.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hub.errors import Fenced, RequestWrong
from hub.events.schema import FOR_TOPIC
from hub.journal.kafka_address import address
from hub.journal.kafka_client import MESSAGE_BYTES, TRANSACTION_MS, Client, Sending, Writer
from hub.journal.kafka_ends import Ends
from hub.journal.kafka_faults import (
    NO_PLACE,
    SLOW,
    UNCERTAIN,
    fenced,
    lost,
    no_message,
    no_registry_client,
    not_installed,
    unavailable,
)
from hub.journal.kafka_partition import partitions_of
from hub.journal.kafka_places import Picked, strides
from hub.journal.kafka_readers import Readers
from hub.journal.kafka_runs import Collected, frame
from hub.journal.kafka_schemas import BuiltIn, Registered, Schemas
from hub.journal.kafka_topics import Topics
from hub.journal.port import TOPICS, Appended, Fence, Int64s, Outgoing, Run, Stored, Topic

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST: Final = MESSAGE_BYTES - (4 << 10)  # room for the key and what a batch has around it
_FAREWELL_SECONDS: Final = 2.0
_NOTHING_BETWEEN: Final = pa.scalar(b"", pa.binary())


@dataclass
class _Held:
    """A fence's writer; None after an append of which nobody knows whether it went through."""

    fence: Fence
    writer: Writer | None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        """Let go of the writer."""
        writer, self.writer = self.writer, None
        if writer is not None:
            writer.close()


class KafkaJournal:
    """:class:`hub.journal.port.Journal` at ``url`` (see hub.journal.kafka_address); topics are made where there are
    none. May be shared by threads, not carried through a fork.

    ``secret`` gives what an ``env:NAME`` or ``file:PATH`` stands for; ``patience`` is how many seconds the broker may
    take for anything before JournalUnavailable; ``believed`` for how many seconds who asks for the end is not told of
    what became of the topics. Raises ConfigWrong where the URL is wrong, Refused or JournalCorrupt where the topics
    cannot be this journal's, or can no longer be.
    """

    def __init__(
        self, url: str, secret: Callable[[str], str] = str, *, patience: float = 30.0, believed: float = 10.0
    ) -> None:
        found = address(url, secret)
        self._names: dict[Topic, str] = {topic: f"{found.prefix}.{topic}" for topic in TOPICS}
        self._place = f"{','.join(sorted(found.servers.split(',')))}/{found.prefix}"
        self._prefix, self._partitions = found.prefix, range(found.partitions)
        self._client = _client(found.client, found.servers, found.options, patience)
        self._schemas = self._schemas_of(found.registry, patience)
        self._frames: dict[Topic, pa.Scalar] = {}
        self._topics = Topics(self._client, self._names, found.partitions, believed)
        self._ends = {topic: Ends(self._client, name, self._partitions) for topic, name in self._names.items()}
        self._readers = {topic: self._readers_of(topic, patience, ahead=True) for topic in TOPICS}
        self._pickers = {topic: self._readers_of(topic, patience, ahead=False) for topic in TOPICS}
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def _schemas_of(self, registry: str | None, patience: float) -> Schemas:
        if registry is None:
            return BuiltIn()
        try:
            from hub.journal.kafka_registry import Registry
        except ModuleNotFoundError as error:
            raise no_registry_client() from error
        return Registered(Registry(registry, {FOR_TOPIC[topic]: name for topic, name in self._names.items()}, patience))

    def _readers_of(self, topic: Topic, patience: float, *, ahead: bool) -> Readers:
        return Readers(lambda: self._client.reader(self._names[topic], ahead=ahead), patience)

    @property
    def identity(self) -> str:
        """The cluster's id and the topics' ids."""
        return self._topics.identity

    @property
    def place(self) -> str:
        """The servers and the topics' prefix."""
        return self._place

    @property
    def partitions(self) -> Mapping[Topic, Sequence[int]]:
        """The same for every topic."""
        return dict.fromkeys(TOPICS, self._partitions)

    def schema(self, schema_id: int) -> str:
        """The Avro schema that messages with ``schema_id`` were written with. RequestWrong where there is none."""
        return self._schemas.text(schema_id)

    # --- writing

    def fence(self, identity: str) -> Fence:
        """Become the only writer for ``identity``: what an earlier one has not committed is undone, and what it has
        will be seen by whoever reads through this handle from now on."""
        self._topics.check()
        held = _Held(Fence(identity, time.time_ns()), self._client.writer(f"{self._prefix}/{identity}"))
        with self._lock:
            former = self._held.get(identity)
            self._held[identity] = held
        if former is not None:
            with former.lock:
                former.close()
        for ends in self._ends.values():
            ends.owe_all()
        return held.fence

    def append(self, fence: Fence, outgoing: Sequence[Outgoing]) -> list[Appended]:
        """Append all in one transaction.

        After JournalUnavailable it may stand or not, and the fence is of no use any more: fence again and read on,
        then it is known. The same holds for Fenced.
        """
        with self._lock:
            held = self._held.get(fence.identity)
        if held is None or held.fence != fence:
            raise fenced(fence.identity)
        sending = [self._sending(item) for item in outgoing]
        with held.lock:
            offsets = self._written(held, [item for item in sending if item.keys])
        none = np.empty(0, np.int64)
        placed = [Appended(item.partitions, next(offsets) if item.keys else none) for item in sending]
        for item, places in zip(outgoing, placed, strict=True):
            self._ends[item.topic].owe(_after(places))
        return placed

    def _written(self, held: _Held, sending: Sequence[Sending]) -> Iterator[Int64s]:
        if held.writer is None:
            raise unavailable(UNCERTAIN)
        if not sending:
            return iter(())
        begun = time.monotonic()
        try:
            return iter(held.writer.write(sending))
        except Fenced:
            with self._lock:
                if self._held.get(held.fence.identity) is held:
                    del self._held[held.fence.identity]
            # Kafka says the same of both. Who was slow must try again: else nobody might go on.
            was_slow = time.monotonic() - begun > TRANSACTION_MS / 1_000
            raise (unavailable(SLOW) if was_slow else fenced(held.fence.identity)) from None
        except BaseException:
            held.close()
            raise

    def _sending(self, item: Outgoing) -> Sending:
        if len(item.keys) != len(item.values) or item.values.null_count or item.keys.null_count:
            raise RequestWrong("each message of {topic} needs a key and a value", topic=item.topic)
        framed = pc.binary_join_element_wise(self._frame(item.topic), item.values, _NOTHING_BETWEEN)
        largest = pc.max(pc.binary_length(framed)).as_py() or 0
        if largest > _LARGEST:
            raise RequestWrong(
                "a message of {size} bytes is too large for {topic}, which takes {most}",
                topic=item.topic, size=largest, most=_LARGEST,
            )  # fmt: skip
        keys = item.keys.cast(pa.binary()).to_pylist()
        return Sending(self._names[item.topic], partitions_of(item.keys, len(self._partitions)), keys, framed.to_pylist())

    def _frame(self, topic: Topic) -> pa.Scalar:
        if topic not in self._frames:
            frames = {name: frame(self._schemas.current()[FOR_TOPIC[name]]) for name in TOPICS}
            self._frames = {name: pa.scalar(said, pa.binary()) for name, said in frames.items()}
        return self._frames[topic]

    # --- reading

    def read(self, topic: Topic, start: Mapping[int, int], limit: int, identity: str | None = None) -> list[Run]:
        """Up to ``limit`` messages (fewer where they are large); ``identity`` changes nothing."""
        standing = {partition: start.get(partition, 0) for partition in self._partitions}
        ends = self._ends[topic].beyond(standing)
        if all(standing[partition] >= end for partition, end in ends.items()):
            return []
        collected = Collected(topic, standing, ends, limit)
        self._readers[topic].collect(collected)
        return list(collected.runs())

    def read_at(self, topic: Topic, places: Sequence[tuple[int, int]]) -> list[Stored]:
        """The messages at these places; those near to each other are read in one go."""
        ends = self._ends[topic].now() if places else {}
        wanted: dict[int, set[int]] = defaultdict(set)
        for partition, position in places:
            if not 0 <= position < ends.get(partition, 0):
                raise lost(topic, partition, position, NO_PLACE)
            wanted[partition].add(position)
        found: dict[tuple[int, int], Stored] = {}
        for start, end in strides(wanted):
            picked = Picked(topic, start, end, wanted)
            self._pickers[topic].collect(picked)
            found.update(picked.stored())
        for partition, position in places:
            if (partition, position) not in found:
                raise no_message(topic, partition, position)
        return [found[place] for place in places]

    def end(self, topic: Topic) -> dict[int, int]:
        """What comes next stands there or, since markers of transactions take places too, after it."""
        self._topics.check_in_time()
        return self._ends[topic].now()

    def at(self, topic: Topic, time: datetime) -> dict[int, int]:
        """First position appended after ``time``, by the broker's clock in milliseconds."""
        milliseconds = max((time - _EPOCH) // timedelta(milliseconds=1) + 1, 0)
        ends = self._ends[topic].now()
        later = self._client.offsets_from(self._names[topic], self._partitions, milliseconds)
        return {partition: min(later.get(partition, end), end) for partition, end in ends.items()}

    def close(self) -> None:
        """Free what it holds, once others can see what was appended (or after a moment: then they will)."""
        for ends in self._ends.values():
            ends.settle(_FAREWELL_SECONDS)
        with self._lock:
            holding = list(self._held.values())
        for held in holding:
            with held.lock:
                held.close()
        for readers in (*self._readers.values(), *self._pickers.values()):
            readers.close()
        self._client.close()


def _client(name: str, servers: str, options: Mapping[str, str], patience: float) -> Client:
    if name == "kafka-python":
        from hub.journal.kafka_python import PythonClient

        return PythonClient(servers, options, patience)
    try:
        from hub.journal.kafka_confluent import ConfluentClient
    except ModuleNotFoundError as error:
        raise not_installed() from error
    return ConfluentClient(servers, options, patience)


def _after(places: Appended) -> dict[int, int]:
    """Partition → the position after the last one there."""
    after: dict[int, int] = {}
    for partition in np.unique(places.partitions).tolist():
        after[partition] = int(places.positions[places.partitions == partition].max()) + 1
    return after
