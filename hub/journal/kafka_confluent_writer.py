"""A transaction at a time by librdkafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from hub.errors import HubError
from hub.journal.kafka_client import TRANSACTION_MS, Sending
from hub.journal.kafka_confluent_errors import FENCED, translated
from hub.journal.kafka_faults import NOT_ALL, SLOW, unavailable
from hub.journal.port import Int64s

_WRITING: Final[Mapping[str, Any]] = {
    "acks": "all",
    "enable.idempotence": True,
    "transaction.timeout.ms": TRANSACTION_MS,
    "compression.type": "lz4",
    "linger.ms": 5,
    "batch.size": 1 << 20,
    "batch.num.messages": 100_000,
    "queue.buffering.max.messages": 0,
    "queue.buffering.max.kbytes": 1 << 21,
    "message.max.bytes": 16 << 20,  # a batch before compression; what one message may have is checked before
}


class ConfluentWriter:
    """:class:`hub.journal.kafka_client.Writer`. Takes ``transactional_id``; ``base`` is librdkafka's configuration."""

    def __init__(self, base: Mapping[str, Any], transactional_id: str, patience: float) -> None:
        self._id, self._patience = transactional_id, patience
        self._producer = Producer({**base, **_WRITING, "transactional.id": transactional_id})
        with translated(transactional_id):
            self._producer.list_topics(timeout=patience)  # once connected, the next step takes 5 ms instead of 500
            self._producer.init_transactions(patience)

    def write(self, sending: Sequence[Sending]) -> list[Int64s]:
        """All in one transaction."""
        with translated(self._id):
            self._producer.begin_transaction()
            try:
                reports = [self._produce(item) for item in sending]
                self._flush()
                offsets = [_placed(*pair) for pair in zip(sending, reports, strict=True)]
            except (KafkaException, HubError) as error:
                self._undo(error)
                raise
            self._commit()
        return offsets

    def _flush(self) -> None:
        try:
            self._producer.flush(min(self._patience, TRANSACTION_MS / 1_000))
        except SystemError as error:  # told that it is fenced amid its reports, the extension makes this of it
            if isinstance(error.__cause__, KafkaException):
                raise error.__cause__ from None
            raise

    def _produce(self, item: Sending) -> dict[int, list[Message]]:
        """Partition → what will have been reported of each of its messages, in order, once all is flushed."""
        reports: dict[int, list[Message]] = {}
        for partition in np.unique(item.partitions).tolist():
            heard = reports[partition] = []
            given = [
                {"key": item.keys[at], "value": item.values[at]}
                for at in np.flatnonzero(item.partitions == partition).tolist()
            ]  # a partition given with each message, as the documentation has it, is not looked at
            if self._producer.produce_batch(item.topic, given, partition, on_delivery=_into(heard)) < len(given):
                raise KafkaException(next(message["_error"] for message in given if "_error" in message))
        return reports

    def _commit(self) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._producer.commit_transaction(self._patience)
                return
            except KafkaException as error:
                told = error.args[0]
                if told.txn_requires_abort():
                    self._undo(error)
                    raise
                if not told.retriable() or time.monotonic() > deadline:
                    raise

    def _undo(self, failed: Exception) -> None:
        """Which also tells one that was too slow, and may go on, from one that was fenced."""
        self._producer.abort_transaction(self._patience)
        if isinstance(failed, KafkaException) and failed.args[0].code() in FENCED:
            raise unavailable(SLOW) from failed

    def close(self) -> None:
        """Let go of the producer: its own ``close`` waits for ever on a broker that does not answer."""
        del self._producer


def _into(heard: list[Message]) -> Callable[[KafkaError | None, Message], None]:
    def report(_: KafkaError | None, message: Message) -> None:
        heard.append(message)

    return report


def _placed(item: Sending, reports: Mapping[int, list[Message]]) -> Int64s:
    """The offset of each message: within a partition they are reported, and stand, in the order they were sent in."""
    offsets = np.full(len(item.keys), -1, np.int64)
    for partition, heard in reports.items():
        failed = next((message.error() for message in heard if message.error() is not None), None)
        if failed is not None:
            raise KafkaException(failed)
        which = np.flatnonzero(item.partitions == partition)
        offsets[which[: len(heard)]] = [message.offset() for message in heard]
    if (offsets < 0).any():
        raise unavailable(NOT_ALL)
    return offsets
