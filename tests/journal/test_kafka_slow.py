"""An append that takes longer than a transaction may: the broker waits no longer, for it holds up every reader."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from hub.errors import JournalUnavailable
from hub.journal import kafka, kafka_confluent_writer, kafka_python_writer
from hub.journal.kafka import KafkaJournal
from hub.journal.kafka_client import TRANSACTION_MS
from tests.broker import Broker
from tests.contracts.journal_processes import batch, whole_batches
from tests.waiting import until

PATIENCE = 20.0
MILLISECONDS = 1_000
WRITERS = {
    "confluent": (kafka_confluent_writer, "Producer", "produce_batch"),
    "kafka-python": (kafka_python_writer, "KafkaProducer", "send"),
}


@pytest.mark.parametrize("client", WRITERS)
@pytest.mark.parametrize("moment", ["amid its messages", "at its commit"])
def test_it_is_undone(
    broker: Broker, prefix: str, client: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker ends it, so that readers go on; whoever appended is told to try again (both clients say that a later
    process took over, as no broker tells them apart); nothing of it is there, and who fences anew goes on."""
    url = f"kafka://{broker.address}/{prefix}?client={client}"
    with closing(KafkaJournal(url)) as journal, closing(KafkaJournal(url)) as other:
        journal.append(journal.fence("a"), batch("a", 0))
        ended: list[None] = []
        with monkeypatch.context() as patched:
            _hesitate(patched, client, moment, lambda: ended.append(until(lambda: _is_over(other))))
            fence = journal.fence("a")
            with pytest.raises(JournalUnavailable, match="longer than a transaction may"):
                journal.append(fence, batch("a", 7))
        assert ended == [None]  # it waited, once
        journal.append(journal.fence("a"), batch("a", 1))
        assert whole_batches(journal, "a") == [0, 1]


def _hesitate(patched: pytest.MonkeyPatch, client: str, moment: str, wait: Callable[[], None]) -> None:
    """A producer with little time, that waits when it has sent something."""
    module, name, sends = WRITERS[client]
    told = {key: MILLISECONDS if value == TRANSACTION_MS else value for key, value in module.WRITING.items()}
    patched.setattr(module, "WRITING", told)
    patched.setattr(kafka, "TRANSACTION_MS", MILLISECONDS)
    sent: list[int] = []

    class Slow(getattr(module, name)):
        def commit_transaction(self, *some: Any) -> Any:
            if moment == "at its commit":
                wait()
            return super().commit_transaction(*some)

    def sending(self: Any, *some: Any, **more: Any) -> Any:
        sent.append(1)
        if moment == "amid its messages" and len(sent) == 2:
            self.flush(PATIENCE)
            wait()
        return getattr(super(Slow, self), sends)(*some, **more)

    setattr(Slow, sends, sending)
    patched.setattr(module, name, Slow)


def _is_over(journal: KafkaJournal) -> bool:
    """Whether no transaction is open any more."""
    ask, every = journal._client.offsets, journal._partitions
    return all(ask(x, every, "last stable") == ask(x, every, "high watermark") for x in journal._names.values())
