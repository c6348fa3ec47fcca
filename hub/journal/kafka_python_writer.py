"""A transaction at a time by kafka-python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any, Final, TypeVar

import numpy as np
from kafka import KafkaProducer, errors

from hub.errors import HubError
from hub.journal.kafka_client import MESSAGE_BYTES, TRANSACTION_MS, Sending
from hub.journal.kafka_faults import NOT_ALL, TOO_LONG, fenced, unavailable
from hub.journal.kafka_python_errors import is_fenced, translated
from hub.journal.port import Int64s

WRITING: Final[Mapping[str, Any]] = {
    "transaction_timeout_ms": TRANSACTION_MS,
    "acks": "all",
    "compression_type": "lz4",
    "linger_ms": 5,
    "batch_size": 1 << 20,
    "max_request_size": 2 * MESSAGE_BYTES,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
}

T = TypeVar("T")


class PythonWriter:
    """:class:`hub.journal.kafka_client.Writer`. Takes ``transactional_id``; ``base`` is kafka-python's configuration."""

    def __init__(self, base: Mapping[str, Any], transactional_id: str, patience: float) -> None:
        self._id, self._patience = transactional_id, patience
        with translated(transactional_id):
            self._producer = KafkaProducer(
                **base, **WRITING, transactional_id=transactional_id, max_block_ms=int(patience * 1_000)
            )
            self._producer.init_transactions()

    def write(self, sending: Sequence[Sending]) -> list[Int64s]:
        """All in one transaction."""
        with translated(self._id):
            self._producer.begin_transaction()
            try:
                promised = [self._send(item) for item in sending]
                self._producer.flush(min(self._patience, TRANSACTION_MS / 1_000))
                offsets = [np.array([each.get(0).offset for each in item], np.int64) for item in promised]
                if any((found < 0).any() for found in offsets):
                    raise unavailable(NOT_ALL)
            except (errors.KafkaError, HubError) as error:
                self._undo(error)
                raise
            _within(self._patience, self._producer.commit_transaction)
        return offsets

    def _undo(self, failed: Exception) -> None:
        try:
            _within(self._patience, self._producer.abort_transaction)
        except errors.KafkaError as error:
            raise fenced(self._id) if is_fenced(failed) or is_fenced(error) else error from failed

    def _send(self, item: Sending) -> list[Any]:
        return [
            self._producer.send(item.topic, value=value, key=key, partition=partition)
            for key, value, partition in zip(item.keys, item.values, item.partitions.tolist(), strict=True)
        ]

    def close(self) -> None:
        """End its thread."""
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
        raise errors.KafkaTimeoutError(TOO_LONG) from error
