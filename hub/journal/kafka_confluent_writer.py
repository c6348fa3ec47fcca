"""A transaction at a time by librdkafka."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from hub.errors import HubError
from hub.journal.kafka_client import TRANSACTION_MS, Sending
from hub.journal.kafka_confluent_errors import DENIED, translated
from hub.journal.kafka_faults import NOT_ALL, unavailable
from hub.journal.port import Int64s

WRITING: Final[Mapping[str, Any]] = {
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
_BITE: Final = 200  # so many are handed over at once: of more objects Python looks for rings, a third of all time


@dataclass
class _Reports:
    """What is reported of a partition's messages, in their order."""

    offsets: list[int] = field(default_factory=list)
    failed: list[KafkaError] = field(default_factory=list)

    def hear(self, error: KafkaError | None, message: Message) -> None:
        """The next message's."""
        if error is None:
            self.offsets.append(message.offset())
        else:
            self.failed.append(error)


class ConfluentWriter:
    """:class:`hub.journal.kafka_client.Writer`. Takes ``transactional_id``; ``base`` is librdkafka's configuration."""

    def __init__(self, base: Mapping[str, Any], transactional_id: str, patience: float) -> None:
        self._id, self._patience = transactional_id, patience
        self._producer = Producer({**base, **WRITING, "transactional.id": transactional_id})
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
                why = self._why(error)
                self._undo(why)
                if why is error:
                    raise
                raise why from error
            self._commit()
        return offsets

    def _flush(self) -> None:
        """Wait until all is reported. Not by ``flush``: told amid the reports that all is over, it goes on giving reports
        with that exception pending, which whoever traces Python code (coverage) waits on for ever; ``poll`` raises it.
        """
        deadline = time.monotonic() + min(self._patience, TRANSACTION_MS / 1_000)
        while len(self._producer) and (seconds := deadline - time.monotonic()) > 0:
            self._producer.poll(seconds)

    def _produce(self, item: Sending) -> dict[int, _Reports]:
        """Partition → what will have been reported of its messages once all is flushed."""
        reports: dict[int, _Reports] = {}
        for partition in np.unique(item.partitions).tolist():
            heard = reports[partition] = _Reports()
            own = np.flatnonzero(item.partitions == partition).tolist()
            for first in range(0, len(own), _BITE):
                given = [{"key": item.keys[at], "value": item.values[at]} for at in own[first : first + _BITE]]
                # A partition given with each message, as the documentation has it, is not looked at.
                if self._producer.produce_batch(item.topic, given, partition, on_delivery=heard.hear) < len(given):
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

    def _why(self, failed: Exception) -> Exception:
        """What ended the transaction: of its messages librdkafka only says that it dropped them."""
        try:
            self._producer.begin_transaction()  # refused in any case, with the reason where there is one
        except KafkaException as refused:
            told: Exception = refused
            if refused.args[0].code() != KafkaError._STATE:
                return told
        return failed

    def _undo(self, failed: Exception) -> None:
        try:
            self._producer.abort_transaction(self._patience)
        except KafkaException:
            if not isinstance(failed, KafkaException) or failed.args[0].code() not in DENIED:
                raise  # while what was denied from the first message on is no transaction that could be undone

    def close(self) -> None:
        """Let go of the producer: its own ``close`` waits for ever on a broker that does not answer."""
        del self._producer


def _placed(item: Sending, reports: Mapping[int, _Reports]) -> Int64s:
    """The offset of each message: within a partition they are reported, and stand, in the order they were sent in."""
    offsets = np.full(len(item.keys), -1, np.int64)
    for partition, heard in reports.items():
        if heard.failed:
            raise KafkaException(heard.failed[0])
        which = np.flatnonzero(item.partitions == partition)
        offsets[which[: len(heard.offsets)]] = heard.offsets
    if (offsets < 0).any():
        raise unavailable(NOT_ALL)
    return offsets
