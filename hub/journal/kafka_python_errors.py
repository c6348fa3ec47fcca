"""kafka-python's errors as the hub's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kafka import errors

from hub.journal.kafka_faults import fenced, refused, unavailable

FENCED: Final = (errors.ProducerFencedError, errors.InvalidProducerEpochError, errors.TransactionCoordinatorFencedError)
DENIED: Final = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.PolicyViolationError,
    errors.InvalidReplicationFactorError,
    errors.KafkaConfigurationError,
)
LOST: Final = (errors.OffsetOutOfRangeError, errors.NoOffsetForPartitionError, errors.LogTruncationError)
GONE: Final = (errors.UnknownTopicOrPartitionError, errors.UnknownTopicIdError, errors.InconsistentTopicIdError)


def is_fenced(error: Exception) -> bool:
    """Whether it says so, or carries one that does."""
    return any(isinstance(each, FENCED) for each in (error, *error.args))


@contextmanager
def translated(identity: str = "") -> Iterator[None]:
    """kafka-python's errors as the hub's."""
    try:
        yield
    except errors.KafkaError as error:
        if is_fenced(error):
            raise fenced(identity) from error
        if isinstance(error, DENIED):
            raise refused(str(error)) from error
        raise unavailable(str(error)) from error
    except (OSError, ValueError, AssertionError) as error:  # it lets these out of its depths
        raise unavailable(str(error)) from error
