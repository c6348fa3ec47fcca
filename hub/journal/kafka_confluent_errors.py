"""librdkafka's errors as the hub's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from hub.errors import HubError
from hub.journal.kafka_faults import TOO_LONG, fenced, refused, unavailable

FENCED: Final = (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED)
DENIED: Final = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,
    KafkaError.POLICY_VIOLATION,
    KafkaError.INVALID_REPLICATION_FACTOR,
)
LOST: Final = (KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET, KafkaError._LOG_TRUNCATION)
MOVING: Final = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.FENCED_LEADER_EPOCH,
                  KafkaError.UNKNOWN_LEADER_EPOCH, KafkaError.REPLICA_NOT_AVAILABLE, KafkaError._TRANSPORT)  # fmt: skip
GONE: Final = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)


@contextmanager
def translated(identity: str = "") -> Iterator[None]:
    """librdkafka's errors as the hub's."""
    try:
        yield
    except KafkaException as error:
        told: KafkaError = error.args[0]
        if told.code() in FENCED:
            raise fenced(identity) from error
        if told.code() in DENIED:
            raise refused(told.str()) from error
        raise unavailable(told.str()) from error
    except TimeoutError as error:
        raise unavailable(TOO_LONG) from error


@contextmanager
def but_for(codes: tuple[int, ...]) -> Iterator[None]:
    """Let what has one of these codes pass."""
    try:
        yield
    except HubError as error:
        if not has_code(error, codes):
            raise


def has_code(error: HubError, codes: tuple[int, ...]) -> bool:
    """Whether the error comes from one of librdkafka's with one of these codes."""
    cause = error.__cause__
    return isinstance(cause, KafkaException) and cause.args[0].code() in codes
