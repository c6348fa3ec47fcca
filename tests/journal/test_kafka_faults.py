"""The journal on a Kafka that is killed, frozen and cut off; each test leaves it running."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from hub.errors import Fenced, JournalUnavailable
from hub.journal.kafka import KafkaJournal
from hub.journal.port import Fence
from tests.broker import Broker, running_broker
from tests.contracts.journal_processes import batch, messages, whole_batches
from tests.proxy import END_TXN, Moment, Proxy
from tests.servers import free_port

PATIENCE = 2.0
AT_MOST = 30.0  # seconds for anything that is to fail: some things it tries, one after the other, have the patience each
CLIENTS = ("confluent", "kafka-python")


@dataclass
class Outage:
    """A broker that things happen to, and a port through which a proxy can let clients in."""

    broker: Broker
    proxied: int
    behind: int

    @contextmanager
    def proxy(self) -> Iterator[Proxy]:
        """A door that can be shut."""
        with Proxy(self.proxied, self.behind) as found:
            yield found


@pytest.fixture(scope="module")
def outage() -> Iterator[Outage]:
    """A broker of this module's own."""
    proxied, behind = free_port(), free_port()
    with running_broker(
        f"listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller}},BEHIND://127.0.0.1:{behind}",
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},BEHIND://127.0.0.1:{proxied}",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,BEHIND:PLAINTEXT",
    ) as broker:
        yield Outage(broker, proxied, behind)


def opened(address: str, prefix: str, client: str, patience: float = PATIENCE) -> KafkaJournal:
    """A handle that does not wait for long."""
    return KafkaJournal(f"kafka://{address}/{prefix}?client={client}", patience=patience)


@contextmanager
def unavailable() -> Iterator[None]:
    """What is done here is refused as "try again", in time."""
    begun = time.monotonic()
    with pytest.raises(JournalUnavailable):
        yield
    assert time.monotonic() - begun < AT_MOST


@pytest.mark.parametrize("client", CLIENTS)
def test_nobody_listens(prefix: str, client: str) -> None:
    """Where no broker is, opening is refused as "try again" within bounded time."""
    with unavailable():
        opened(f"127.0.0.1:{free_port()}", prefix, client)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_the_broker_is_away(outage: Outage, prefix: str, client: str, how: str) -> None:
    """While the broker is killed or frozen everything is refused as "try again" within bounded time; afterwards the same
    handle goes on, all that was acknowledged is there, and of what was not, all or nothing."""
    broker = outage.broker
    with closing(opened(broker.address, prefix, client)) as journal:
        journal.append(journal.fence("a"), batch("a", 0))
        fence = journal.fence("a")
        known = messages(journal, "events")
        broker.kill() if how == "killed" else broker.freeze()
        try:
            with unavailable():
                journal.append(fence, batch("a", 1))
            with unavailable():
                journal.end("events")
            with unavailable():
                journal.fence("b")
            with unavailable():
                journal.read_at("events", [(known[0].partition, known[0].position)])
        finally:
            broker.start() if how == "killed" else broker.thaw()
        _goes_on(journal, 0)


def _goes_on(journal: KafkaJournal, acknowledged: int) -> None:
    """A retry: fence anew, read on, append what is not there."""
    fence = _patiently(journal)
    found = whole_batches(journal, "a")
    assert found in (list(range(acknowledged + 1)), list(range(acknowledged + 2)))
    journal.append(fence, batch("a", len(found)))
    assert whole_batches(journal, "a") == list(range(len(found) + 1))


def _patiently(journal: KafkaJournal) -> Fence:
    """A fence, tried for as long as a broker that was just started or thawed may need for its coordinators."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return journal.fence("a")
        except JournalUnavailable:
            if time.monotonic() > deadline:
                raise


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("moment", ["request", "answer"])
def test_cut_at_the_commit(outage: Outage, prefix: str, client: str, moment: Moment) -> None:
    """When the connection is cut at the commit and comes back, the append goes through once, whether the broker had
    heard of the commit or not."""
    with outage.proxy() as proxy, closing(opened(f"127.0.0.1:{outage.proxied}", prefix, client, 15.0)) as journal:
        fence = journal.fence("a")
        journal.append(fence, batch("a", 0))
        proxy.cut(END_TXN, moment, dark=False)
        journal.append(fence, batch("a", 1))
        assert proxy.cuts == 1
        assert whole_batches(journal, "a") == [0, 1]
        journal.append(fence, batch("a", 2))
        assert whole_batches(journal, "a") == [0, 1, 2]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("moment", ["request", "answer"])
def test_cut_off_at_the_commit(outage: Outage, prefix: str, client: str, moment: Moment) -> None:
    """When nobody can tell whether a commit went through, the append is refused as "try again" and so is every other
    under that fence; who fences anew and reads on finds out, and nothing is there twice."""
    with outage.proxy() as proxy, closing(opened(f"127.0.0.1:{outage.proxied}", prefix, client)) as journal:
        fence = journal.fence("a")
        journal.append(fence, batch("a", 0))
        proxy.cut(END_TXN, moment, dark=True)
        with unavailable():
            journal.append(fence, batch("a", 1))
        assert proxy.cuts == 1
        proxy.light()
        with unavailable():
            journal.append(fence, batch("a", 1))
        fence = _patiently(journal)
        assert whole_batches(journal, "a") == ([0, 1] if moment == "answer" else [0])
        journal.append(fence, batch("a", 2))
        assert whole_batches(journal, "a") == ([0, 1, 2] if moment == "answer" else [0, 2])


@pytest.mark.parametrize("client", CLIENTS)
def test_a_zombie_wakes_up(outage: Outage, prefix: str, client: str) -> None:
    """One who was cut off at his commit while another took over is told that he is fenced, and leaves nothing."""
    with (
        outage.proxy() as proxy,
        closing(opened(f"127.0.0.1:{outage.proxied}", prefix, client, 15.0)) as zombie,
        closing(opened(outage.broker.address, prefix, client)) as other,
    ):
        old = zombie.fence("a")
        zombie.append(old, batch("a", 0))
        new = other.fence("a")
        proxy.cut(END_TXN, "request", dark=False)
        with pytest.raises(Fenced):
            zombie.append(old, batch("a", 7))
        other.append(new, batch("a", 1))
        assert whole_batches(other, "a") == [0, 1]
