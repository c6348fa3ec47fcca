"""The journal on a real Kafka: the contract, for each client."""

from __future__ import annotations

from functools import partial

import pytest

from hub.journal.kafka import KafkaJournal
from tests.broker import Broker
from tests.contracts.journal import JournalContract
from tests.contracts.journal_processes import OpenJournal

CLIENTS = ("confluent", "kafka-python")


def url(broker: Broker, prefix: str, **options: str) -> str:
    """Where the test's journal is."""
    return f"kafka://{broker.address}/{prefix}?" + "&".join(f"{key}={value}" for key, value in options.items())


@pytest.mark.parametrize("client", CLIENTS)
class TestKafka(JournalContract):
    """The contract over a broker."""

    whole_at_once = False  # what comes after the first message of an open transaction is hidden, a part of ours too

    @pytest.fixture
    def open_journal(self, broker: Broker, prefix: str, client: str) -> OpenJournal:
        """The journal under test."""
        return partial(KafkaJournal, url(broker, prefix, client=client))

    @pytest.fixture
    def open_other(self, broker: Broker, prefix: str, client: str) -> OpenJournal:
        """Another one."""
        return partial(KafkaJournal, url(broker, f"{prefix}-other", client=client))
