"""The journal's Kafka client by kafka-python: slower, but all of it is Python."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any, Final, TypeVar
from uuid import UUID

import numpy as np
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.protocol.consumer import IsolationLevel, OffsetSpec

from hub.errors import HubError
from hub.journal.kafka_client import (
    MESSAGE_BYTES,
    SETTINGS,
    TRANSACTION_MS,
    Cluster,
    Reader,
    Sending,
    Taken,
    TopicState,
    Wanted,
    Writer,
)
from hub.journal.kafka_faults import FOREIGN, FORGOT, SLOW, fenced, lost, no_option, refused, unavailable
from hub.journal.port import Int64s

logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it would log is in our errors' reasons

_MOMENT_MS: Final = 20  # what a reader waits for what was asked for
_PAUSE: Final = 0.05  # seconds before what failed for a moment is asked again
_OPTIONS: Final[Mapping[str, str]] = {
    "security.protocol": "security_protocol",
    "ssl.ca.location": "ssl_cafile",
    "ssl.certificate.location": "ssl_certfile",
    "ssl.key.location": "ssl_keyfile",
    "ssl.key.password": "ssl_password",
    "ssl.crl.location": "ssl_crlfile",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.mechanisms": "sasl_mechanism",
    "sasl.username": "sasl_plain_username",
    "sasl.password": "sasl_plain_password",
    "sasl.kerberos.service.name": "sasl_kerberos_service_name",
    "client.id": "client_id",
}
_FENCED: Final = (errors.ProducerFencedError, errors.InvalidProducerEpochError, errors.TransactionCoordinatorFencedError)
_DENIED: Final = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.PolicyViolationError,
    errors.InvalidReplicationFactorError,
    errors.KafkaConfigurationError,
)
_LOST: Final = (errors.OffsetOutOfRangeError, errors.NoOffsetForPartitionError, errors.LogTruncationError)
_GONE: Final = (errors.UnknownTopicOrPartitionError, errors.UnknownTopicIdError, errors.InconsistentTopicIdError)

T = TypeVar("T")


class PythonClient:
    """:class:`hub.journal.kafka_client.Client`. ``options`` in librdkafka's names; ``patience`` is in seconds."""

    def __init__(self, servers: str, options: Mapping[str, str], patience: float) -> None:
        for name in options:
            if name not in _OPTIONS:
                raise no_option(name)
        milliseconds = int(patience * 1_000)
        self._patience = patience
        self._base = {_OPTIONS[name]: value for name, value in options.items()} | {
            "bootstrap_servers": servers.split(","),
            "bootstrap_timeout_ms": milliseconds,
            "request_timeout_ms": milliseconds,
            "reconnect_backoff_max_ms": 1_000,
        }
        with _translated():
            self._admin = KafkaAdminClient(**self._base)

    def describe(self, topics: Sequence[str]) -> Cluster:
        """What there is of these topics."""
        cluster = self._asked(self._admin.describe_cluster)
        told = self._asked(lambda: self._admin.describe_topics(list(topics)))
        found = {}
        for topic in told:
            error = errors.for_code(topic["error_code"])
            if error is errors.NoError:
                found[topic["name"]] = TopicState(_as_kafka_writes(UUID(topic["topic_id"])), len(topic["partitions"]))
            elif not issubclass(error, (*_GONE, errors.LeaderNotAvailableError)):
                with _translated():
                    raise error(topic["name"])
        return Cluster(str(cluster["cluster_id"]), found)

    def create(self, topics: Sequence[str], partitions: int) -> None:
        """Make these topics."""
        wanted = {"num_partitions": partitions, "configs": dict(SETTINGS)}
        for name in topics:
            try:
                self._asked(partial(self._admin.create_topics, {name: wanted}))
            except HubError as error:
                if not isinstance(error.__cause__, errors.TopicAlreadyExistsError):
                    raise

    def settings(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Topic → what each of SETTINGS is."""
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
        told = self._asked(lambda: self._admin.describe_configs(asked, config_filter="all"))["topic"]
        return {name: {key: str(found[key]["value"]) for key in SETTINGS} for name, found in told.items()}

    def offsets(self, topic: str, partitions: Sequence[int], wanted: Wanted) -> dict[int, int]:
        """Partition → the offset ``wanted``."""
        spec = OffsetSpec.EARLIEST if wanted == "first" else OffsetSpec.LATEST
        return self._listed(topic, partitions, spec, committed=wanted == "last stable")

    def offsets_from(self, topic: str, partitions: Sequence[int], time_ms: int) -> dict[int, int]:
        """Partition → the first offset appended at ``time_ms`` or later; those that have none are left out."""
        found = self._listed(topic, partitions, time_ms, committed=True)
        return {partition: offset for partition, offset in found.items() if offset >= 0}

    def _listed(self, topic: str, partitions: Sequence[int], spec: int, *, committed: bool) -> dict[int, int]:
        isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        asked = {TopicPartition(topic, partition): spec for partition in partitions}
        told = self._asked(lambda: self._admin.list_partition_offsets(asked, isolation))
        return {place.partition: int(found.offset) for place, found in told.items()}

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What it answers; asked again while leaders move and connections come back."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                with _translated():
                    return ask()
            except HubError as error:
                if not getattr(error.__cause__, "retriable", False) or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)

    def reader(self, topic: str, *, ahead: bool) -> Reader:
        """A reader."""
        with _translated():
            consumer = KafkaConsumer(
                **self._base,
                isolation_level="read_committed",
                auto_offset_reset="none",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                fetch_max_wait_ms=_MOMENT_MS,
                max_partition_fetch_bytes=1 << 20 if ahead else 1,
                metrics_enabled=False,
            )
        return _Reader(consumer, topic)

    def writer(self, transactional_id: str) -> Writer:
        """Take the id from whoever has it."""
        with _translated(transactional_id):
            producer = KafkaProducer(
                **self._base,
                transactional_id=transactional_id,
                transaction_timeout_ms=TRANSACTION_MS,
                acks="all",
                compression_type="lz4",
                linger_ms=5,
                batch_size=1 << 20,
                max_request_size=2 * MESSAGE_BYTES,
                max_block_ms=int(self._patience * 1_000),
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        return _Writer(producer, transactional_id, self._patience)

    def close(self) -> None:
        """End its thread."""
        self._admin.close()


class _Reader:
    def __init__(self, consumer: KafkaConsumer, topic: str) -> None:
        self._consumer, self._topic = consumer, topic
        self._places: list[TopicPartition] = []

    def seek(self, positions: Mapping[int, int]) -> None:
        self._places = [TopicPartition(self._topic, partition) for partition in positions]
        with _translated():
            self._consumer.assign(self._places)
            for place in self._places:
                self._consumer.seek(place, positions[place.partition])

    def take(self, limit: int) -> list[Taken]:
        try:
            with _translated():
                found = self._consumer.poll(_MOMENT_MS, limit)
                return [self._taken(place, found.get(place, [])) for place in self._places]
        except HubError as error:
            if isinstance(error.__cause__, _LOST):
                place = next(iter(error.__cause__.args[0]), TopicPartition(self._topic, 0))
                raise lost(self._topic, place.partition, 0, FORGOT) from error
            if isinstance(error.__cause__, _GONE):
                raise lost(self._topic, 0, 0, FOREIGN) from error
            raise

    def _taken(self, place: TopicPartition, records: list[Any]) -> Taken:
        return Taken(
            place.partition,
            [record.offset for record in records],
            [record.timestamp for record in records],
            [record.value or b"" for record in records],
            self._consumer.position(place),  # which moves past markers and aborted messages too
        )

    def close(self) -> None:
        self._consumer.close(autocommit=False, timeout_ms=0)


class _Writer:
    def __init__(self, producer: KafkaProducer, transactional_id: str, patience: float) -> None:
        self._producer, self._id, self._patience = producer, transactional_id, patience
        with _translated(transactional_id):
            producer.init_transactions()

    def write(self, sending: Sequence[Sending]) -> list[Int64s]:
        with _translated(self._id):
            self._producer.begin_transaction()
            try:
                promised = [self._send(item) for item in sending]
                self._producer.flush(min(self._patience, TRANSACTION_MS / 1_000))
                offsets = [np.array([each.get(0).offset for each in item], np.int64) for item in promised]
                if any((found < 0).any() for found in offsets):
                    raise unavailable("not all messages were acknowledged in time")
            except (errors.KafkaError, HubError) as error:
                self._undo(error)
                raise
            _within(self._patience, self._producer.commit_transaction)
        return offsets

    def _undo(self, failed: Exception) -> None:
        """Which also tells one that was too slow, and may go on, from one that was fenced."""
        try:
            _within(self._patience, self._producer.abort_transaction)
        except errors.KafkaError as error:
            raise fenced(self._id) if _is_fenced(failed) or _is_fenced(error) else error from failed
        if _is_fenced(failed):
            raise unavailable(SLOW) from failed

    def _send(self, item: Sending) -> list[Any]:
        return [
            self._producer.send(item.topic, value=value, key=key, partition=partition)
            for key, value, partition in zip(item.keys, item.values, item.partitions.tolist(), strict=True)
        ]

    def close(self) -> None:
        self._producer.close(0)


def _within(seconds: float, work: Callable[[], T]) -> T:
    """What ``work`` gives; KafkaTimeoutError where it takes longer, for it has no limit of its own. It ends when the
    producer is closed."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError as error:
        raise errors.KafkaTimeoutError("it took too long") from error


def _as_kafka_writes(topic_id: UUID) -> str:
    return base64.urlsafe_b64encode(topic_id.bytes).decode().rstrip("=")


def _is_fenced(error: Exception) -> bool:
    return any(isinstance(each, _FENCED) for each in (error, *error.args))


@contextmanager
def _translated(identity: str = "") -> Iterator[None]:
    """kafka-python's errors as the hub's."""
    try:
        yield
    except errors.KafkaError as error:
        if _is_fenced(error):
            raise fenced(identity) from error
        if isinstance(error, _DENIED):
            raise refused(str(error)) from error
        raise unavailable(str(error)) from error
    except (OSError, ValueError, AssertionError) as error:  # it lets these out of its depths
        raise unavailable(str(error)) from error
