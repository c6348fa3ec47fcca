"""What an administrator may do to a journal's topics, and what strangers may write into them."""

from __future__ import annotations

import time
from collections.abc import Iterable

from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic

from tests.broker import Broker

PATIENCE = 30.0


class Admin:
    """Of one broker."""

    def __init__(self, broker: Broker) -> None:
        self._address = broker.address
        self._client = AdminClient({"bootstrap.servers": broker.address})

    def make(self, topic: str, partitions: int, **config: str) -> None:
        """A topic; underscores in the names of its settings stand for dots."""
        settings = {name.replace("_", "."): value for name, value in config.items()}
        for future in self._client.create_topics([NewTopic(topic, partitions, config=settings)]).values():
            future.result(PATIENCE)

    def set(self, topic: str, name: str, value: str) -> None:
        """Change one of its settings."""
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        for future in self._client.incremental_alter_configs([resource]).values():
            future.result(PATIENCE)

    def widen(self, topic: str, partitions: int) -> None:
        """Give it more partitions."""
        for future in self._client.create_partitions([NewPartitions(topic, partitions)]).values():
            future.result(PATIENCE)

    def forget(self, topic: str, partition: int, before: int) -> None:
        """Delete the messages before this offset."""
        for future in self._client.delete_records([TopicPartition(topic, partition, before)]).values():
            future.result(PATIENCE)

    def delete(self, topic: str) -> None:
        """Delete it, and wait until it is gone."""
        for future in self._client.delete_topics([topic]).values():
            future.result(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while topic in self._client.list_topics(timeout=PATIENCE).topics:
            assert time.monotonic() < deadline

    def remake(self, topic: str, partitions: int) -> None:
        """Delete it and make it anew, as it was."""
        config = {name: entry.value for name, entry in self._settings(topic).items() if not entry.is_default}
        self.delete(topic)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.make(topic, partitions, **{name.replace(".", "_"): value for name, value in config.items()})
            except KafkaException:  # it is still being deleted
                if time.monotonic() > deadline:
                    raise

    def _settings(self, topic: str) -> dict[str, ConfigEntry]:
        (future,) = self._client.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
        found: dict[str, ConfigEntry] = future.result(PATIENCE)
        return found

    def write(self, topic: str, partition: int, values: Iterable[bytes | None]) -> list[int]:
        """Write what no hub writes, outside of any transaction; the offsets."""
        offsets: list[int] = []
        producer = Producer({"bootstrap.servers": self._address, "message.max.bytes": 16 << 20})
        for value in values:
            producer.produce(topic, value, partition=partition, on_delivery=lambda _, m: offsets.append(m.offset()))
        assert producer.flush(PATIENCE) == 0
        return offsets

    def open_transaction(self, transactional_id: str, topic: str, partition: int, values: Iterable[bytes]) -> Producer:
        """Begin a transaction under this id and leave it open, its messages written."""
        producer = Producer({"bootstrap.servers": self._address, "transactional.id": transactional_id})
        producer.init_transactions(PATIENCE)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, partition=partition)
        assert producer.flush(PATIENCE) == 0
        return producer
