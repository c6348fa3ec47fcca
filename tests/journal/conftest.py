"""What tests of journals on Kafka share beside the broker."""

from tests.broker import prefix

__all__ = ["prefix"]
