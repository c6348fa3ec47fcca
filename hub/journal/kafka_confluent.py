"""The journal's Kafka client by confluent-kafka (librdkafka): the fast one."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka import TopicCollection as Topics
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec, ResourceType

from hub.errors import JournalUnavailable
from hub.journal.kafka_client import (
    SETTINGS,
    Cluster,
    Reader,
    Taken,
    TopicState,
    Wanted,
    Writer,
)
from hub.journal.kafka_confluent_errors import DENIED, GONE, LOST, MOVING, but_for, has_code, translated
from hub.journal.kafka_confluent_writer import ConfluentWriter
from hub.journal.kafka_faults import FOREIGN, FORGOT, TOO_LONG, lost, refused, unavailable

_MOMENT: Final = 0.05  # seconds that a reader waits for a message
# Seconds after which librdkafka itself gives up on a question; ours is the shorter patience. It must not be the first
# to lose it: an answer that comes to a question it gave up on has been seen to abort the process. (At 60 seconds, its
# socket.timeout.ms, the connection gives up, which does no harm.)
_GIVEN_UP: Final = 120.0
_PAUSE: Final = 0.05  # seconds before what failed for a moment is asked again

_error, _second = Message.error, itemgetter(1)

_SILENT = logging.getLogger(f"{__name__}.librdkafka")  # what it would print on stderr is in our errors' reasons
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_ALL: Final[Mapping[str, Any]] = {"reconnect.backoff.max.ms": 1_000, "logger": _SILENT}
READING: Final[Mapping[str, Any]] = {
    "group.id": "wastehub",  # never joined, nothing is committed: positions are in the database
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "isolation.level": "read_committed",
    "auto.offset.reset": "error",
    "enable.partition.eof": True,  # tells that markers and aborted messages lie behind
    "check.crcs": True,
    "fetch.message.max.bytes": 256 << 10,  # of each partition at a time, compressed: several times that in memory
    "fetch.wait.max.ms": 20,
    "fetch.error.backoff.ms": 50,
    "fetch.queue.backoff.ms": 5,
    "allow.auto.create.topics": False,
}
AHEAD: Final = {"queued.min.messages": 100_000, "queued.max.messages.kbytes": 16 << 10}  # of what was not yet asked for
BY_PLACE: Final = {"queued.min.messages": 1}


class ConfluentClient:
    """:class:`hub.journal.kafka_client.Client`. ``options`` are librdkafka's own; ``patience`` is in seconds."""

    def __init__(self, servers: str, options: Mapping[str, str], patience: float) -> None:
        self._base = {**_ALL, **options, "bootstrap.servers": servers}
        self._patience = patience
        try:
            self._admin = AdminClient(self._base)
        except KafkaException as error:  # an option that it does not know, or a value that cannot be
            raise refused(error.args[0].str()) from error

    def describe(self, topics: Sequence[str]) -> Cluster:
        """What there is of these topics."""
        with translated():
            # Only a broker that answers is asked further: an answer that comes after its time has been seen to abort
            # the process within librdkafka's admin client.
            self._admin.list_topics(timeout=self._patience)
        cluster = self._done(self._admin.describe_cluster(request_timeout=_GIVEN_UP))
        found = {}
        for name, future in self._admin.describe_topics(Topics(list(topics)), request_timeout=_GIVEN_UP).items():
            with but_for(GONE):
                told = self._done(future)
                found[name] = TopicState(_as_kafka_writes(str(told.topic_id)), len(told.partitions))
        return Cluster(cluster.cluster_id, found)

    def create(self, topics: Sequence[str], partitions: int) -> None:
        """Make these topics."""
        new = [NewTopic(name, partitions, config=dict(SETTINGS)) for name in topics]
        for future in self._admin.create_topics(new, request_timeout=_GIVEN_UP).values():
            with but_for((KafkaError.TOPIC_ALREADY_EXISTS,)):
                self._done(future)

    def settings(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Topic → what each of SETTINGS is."""
        asked = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
        futures = self._admin.describe_configs(asked, request_timeout=_GIVEN_UP)
        told = {resource.name: self._done(future) for resource, future in futures.items()}
        return {name: {key: str(found[key].value) for key in SETTINGS} for name, found in told.items()}

    def offsets(self, topic: str, partitions: Sequence[int], wanted: Wanted) -> dict[int, int]:
        """Partition → the offset ``wanted``."""
        spec = OffsetSpec.earliest() if wanted == "first" else OffsetSpec.latest()
        return self._listed(topic, partitions, spec, committed=wanted == "last stable")

    def offsets_from(self, topic: str, partitions: Sequence[int], time_ms: int) -> dict[int, int]:
        """Partition → the first offset appended at ``time_ms`` or later; those that have none are left out."""
        found = self._listed(topic, partitions, OffsetSpec.for_timestamp(time_ms), committed=True)
        return {partition: offset for partition, offset in found.items() if offset >= 0}

    def _listed(self, topic: str, partitions: Sequence[int], spec: OffsetSpec, *, committed: bool) -> dict[int, int]:
        isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        asked = {TopicPartition(topic, partition): spec for partition in partitions}
        deadline = time.monotonic() + self._patience
        while True:
            futures = self._admin.list_offsets(asked, isolation_level=isolation, request_timeout=_GIVEN_UP)
            try:
                return {place.partition: _known(self._done(future).offset) for place, future in futures.items()}
            except JournalUnavailable as error:  # a topic just made, a broker just started, a leader just moved
                if not has_code(error, MOVING) or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)

    def reader(self, topic: str, *, ahead: bool) -> Reader:
        """A reader."""
        return _Reader(Consumer({**self._base, **READING, **(AHEAD if ahead else BY_PLACE)}), topic)

    def writer(self, transactional_id: str) -> Writer:
        """Take the id from whoever has it."""
        return ConfluentWriter(self._base, transactional_id, self._patience)

    def close(self) -> None:
        """Nothing to be waited for."""

    def _done(self, future: Any) -> Any:
        with translated():
            return future.result(self._patience)


def _known(offset: int) -> int:
    """No error where the broker did not answer in time: instead of an offset, a number that says that there is none."""
    if offset == OFFSET_INVALID:
        raise unavailable(TOO_LONG)
    return offset


def _as_kafka_writes(topic_id: str) -> str:
    return topic_id.translate(str.maketrans("+/", "-_")).rstrip("=")


class _Reader:
    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer, self._topic = consumer, topic

    def seek(self, positions: Mapping[int, int]) -> None:
        with translated():
            self._consumer.assign([TopicPartition(self._topic, p, offset) for p, offset in positions.items()])

    def take(self, limit: int) -> list[Taken]:
        with translated():  # not more than one in a moment: it would wait for all of them, be they there or not
            messages = self._consumer.consume(1, _MOMENT)
            if messages and limit > 1:
                messages += self._consumer.consume(limit - 1, 0)
        told = [message for message in messages if message.error() is not None] if any(map(_error, messages)) else []
        if told:
            messages = [message for message in messages if message.error() is None]
        found = [_taken(partition, list(those)) for partition, those in groupby(messages, Message.partition)]
        return [*found, *self._told(told)] if told else found

    def _told(self, messages: Iterable[Message]) -> Iterator[Taken]:
        for message in messages:
            code = message.error().code()
            if code == KafkaError._PARTITION_EOF:
                yield Taken(message.partition(), [], [], [], message.offset())
            elif code in LOST:
                raise lost(self._topic, message.partition(), max(message.offset(), 0), FORGOT)
            elif code in GONE:
                raise lost(self._topic, max(message.partition(), 0), 0, FOREIGN)
            elif code in DENIED:
                raise refused(message.error().str())
            # anything else librdkafka tries again by itself; the caller's patience is limited

    def close(self) -> None:
        self._consumer.close()


def _taken(partition: int, messages: list[Message]) -> Taken:
    """By built-in functions over the whole list: this is done for each message of a rebuild."""
    offsets = list(map(Message.offset, messages))
    times = list(map(_second, map(Message.timestamp, messages)))
    values = list(map(Message.value, messages))
    return Taken(partition, offsets, times, [value or b"" for value in values] if None in values else values, offsets[-1] + 1)
