"""How far behind: in messages and in time, apart from whether somebody is at work."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from hub.journal.embedded import EmbeddedJournal
from hub.journal.kafka import KafkaJournal
from hub.journal.port import Outgoing
from hub.projector.lag import Lag, lag
from tests.broker import Broker, prefix
from tests.projector.histories import append, event
from tests.projector.partitions import Partitioned

__all__ = ["prefix"]


def test_the_oldest_message_that_waits_says_since_when(tmp_path: Path) -> None:
    """Not the newest, and none where all was looked at."""
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as journal:
        before = _now_us()
        append(journal, [event("A")])
        between = _now_us()
        append(journal, [event("B"), event("C")])
        end = journal.end("events")[0]
        whole, rest, none = (lag(journal, "events", {0: position}) for position in (0, end - 2, end))
    assert (whole.events, rest.events, none) == (3, 2, Lag(0, None))
    assert whole.oldest_us is not None
    assert rest.oldest_us is not None
    assert before <= whole.oldest_us <= between <= rest.oldest_us <= _now_us()


def test_places_without_a_message_are_not_counted(tmp_path: Path) -> None:
    """In a journal of which half the places hold none; where fewer are counted than there are, it says at most."""
    with closing(Partitioned(tmp_path, 2)) as journal:
        keys = pa.array(["1"] * 30, pa.string())
        journal.append(journal.fence("a"), [Outgoing("events", keys, pa.array([b"x"] * 30, pa.binary()))])
        journal.most = 10
        found = [lag(journal, "events", {1: 20}, most) for most in (100_000, 10, 0)]
    assert [(one.events, one.counted) for one in found] == [(20, True), (30, False), (40, False)]


@pytest.mark.parametrize("client", ["confluent", "kafka-python"])
def test_markers_of_transactions_are_no_messages(broker: Broker, prefix: str, client: str) -> None:
    """On Kafka each transaction takes a place more in every partition that it wrote to; what the store has applied it
    has counted, what it has not is counted now, and where only markers are left nothing is behind."""
    with closing(KafkaJournal(f"kafka://{broker.address}/{prefix}?client={client}&partitions=2")) as journal:
        fence = journal.fence("a")
        for _ in range(3):
            keys = pa.array([str(number) for number in range(10)], pa.string())
            (appended,) = journal.append(fence, [Outgoing("events", keys, pa.array([b"x"] * 10, pa.binary()))])
        last = {int(p): int(appended.positions[appended.partitions == p].max()) for p in (0, 1)}
        assert sum(journal.end("events").values()) > 30
        assert lag(journal, "events", {}).events == 30
        assert lag(journal, "events", last).events == 2
        assert lag(journal, "events", {p: place + 1 for p, place in last.items()}) == Lag(0, None)


def test_lag_in_seconds_is_never_negative() -> None:
    """A clock that is behind the journal's makes no lag of less than nothing."""
    assert Lag(1, 2_000_000).seconds(5_500_000) == 3.5
    assert Lag(1, 2_000_000).seconds(1_000_000) == 0
    assert Lag(0, None).seconds(5_000_000) == 0


def _now_us() -> int:
    return int(datetime.now(UTC).timestamp() * 1_000_000)
