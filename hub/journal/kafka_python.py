"""The journal's Kafka client by kafka-python: slower, but all of it is Python."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.protocol.consumer import IsolationLevel, OffsetSpec

from hub.errors import HubError
from hub.journal.kafka_client import SETTINGS, Cluster, Reader, Taken, TopicState, Wanted, Writer
from hub.journal.kafka_faults import FOREIGN, FORGOT, lost, no_option
from hub.journal.kafka_python_errors import GONE, LOST, translated
from hub.journal.kafka_python_writer import PythonWriter

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
        with translated():
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
            elif not issubclass(error, (*GONE, errors.LeaderNotAvailableError)):
                with translated():
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
                with translated():
                    return ask()
            except HubError as error:
                if not getattr(error.__cause__, "retriable", False) or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)

    def reader(self, topic: str, *, ahead: bool) -> Reader:
        """A reader."""
        with translated():
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
        return PythonWriter(self._base, transactional_id, self._patience)

    def close(self) -> None:
        """End its thread."""
        self._admin.close()


class _Reader:
    def __init__(self, consumer: KafkaConsumer, topic: str) -> None:
        self._consumer, self._topic = consumer, topic
        self._places: list[TopicPartition] = []

    def seek(self, positions: Mapping[int, int]) -> None:
        self._places = [TopicPartition(self._topic, partition) for partition in positions]
        with translated():
            self._consumer.assign(self._places)
            for place in self._places:
                self._consumer.seek(place, positions[place.partition])

    def take(self, limit: int) -> list[Taken]:
        try:
            with translated():
                found = self._consumer.poll(_MOMENT_MS, limit)
                return [self._taken(place, found.get(place, [])) for place in self._places]
        except HubError as error:
            if isinstance(error.__cause__, LOST):
                place = next(iter(error.__cause__.args[0]), TopicPartition(self._topic, 0))
                raise lost(self._topic, place.partition, 0, FORGOT) from error
            if isinstance(error.__cause__, GONE):
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


def _as_kafka_writes(topic_id: UUID) -> str:
    return base64.urlsafe_b64encode(topic_id.bytes).decode().rstrip("=")
