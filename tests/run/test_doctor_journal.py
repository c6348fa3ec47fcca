"""What ``doctor`` finds of a journal on Kafka, whose transactions leave markers between the messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hub.events import columns
from hub.intake.session import Surroundings
from hub.journal.embedded import EmbeddedJournal
from hub.journal.kafka import KafkaJournal
from hub.journal.port import Journal, Outgoing
from hub.run.checks import Check
from hub.run.doctor import doctor
from hub.run.doctor_journal import newest_us
from hub.run.projecting import project
from hub.wiring import Hub
from tests.broker import Broker, prefix
from tests.projector.histories import append, event, table
from tests.projector.partitions import Partitioned

__all__ = ["prefix"]


@pytest.fixture
def hub(tmp_path: Path, broker: Broker, prefix: str) -> Iterator[Hub]:
    """A hub whose journal is on Kafka, three transactions of ten events each in it."""
    url = f"kafka://{broker.address}/{prefix}?partitions=2"
    (tmp_path / "hub.toml").write_text(f'[hub]\njournal = "{url}"\n', encoding="utf-8")
    with closing(KafkaJournal(url)) as journal:
        for first in (0, 10, 20):
            tell(journal, range(first, first + 10))
    with Hub.open(tmp_path) as opened:
        yield opened


def tell(journal: Journal, numbers: range) -> None:
    """An event about each of these entities, in one transaction."""
    values = columns.encode(table([event(str(number)) for number in numbers]), "waste_event")
    keys = pa.array([str(number) for number in numbers], pa.string())
    journal.append(journal.fence("test"), [Outgoing("events", keys, values)])


def checked(hub: Hub, part: str) -> list[Check]:
    """What doctor finds of a part."""
    return [check for check in doctor(hub)["checks"] if check["part"] == part]


def test_messages_are_counted_and_markers_are_not(hub: Hub) -> None:
    """Before anything was folded, after, and with more behind it: the figures are those of what was appended."""
    assert checked(hub, "journal")[0]["found"].startswith("事件 30 个")
    assert checked(hub, "store")[0]["found"].startswith("ledger：比事件流水落后 30 条")
    project(hub, [], True, False, lambda _what, _done, _total: None)
    tell(hub.journal(), range(30, 37))
    assert checked(hub, "journal")[0]["found"].startswith("事件 37 个")
    assert checked(hub, "store")[0]["found"].startswith("ledger：比事件流水落后 7 条")


def test_the_newest_message_stands_before_the_marker(hub: Hub) -> None:
    """Its time is found though the last place holds no message."""
    times = [int(run.appended_us[-1]) for run in hub.journal().read("events", {}, 1_000)]
    assert newest_us(hub.journal(), "events") == max(times)
    assert newest_us(hub.journal(), "acts") is None


def test_a_clock_that_is_behind_the_journals(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is an hour behind the broker is told to set its clock."""
    around = hub.around

    def behind(progress: Any = None) -> Surroundings:
        true = around(progress)
        return replace(true, now=lambda: true.now() - timedelta(hours=1))

    assert [check["ok"] for check in checked(hub, "clock")] == [True]
    monkeypatch.setattr(hub, "around", behind)
    (check,) = checked(hub, "clock")
    assert not check["ok"]
    assert check["remedy"]


def test_the_newest_of_all_partitions_counts(tmp_path: Path) -> None:
    """However far from the end of its own partition it stands, within what is looked at."""
    with closing(Partitioned(tmp_path, 200)) as journal:
        for key in ("0", "199"):
            keys = pa.array([key], pa.string())
            journal.append(journal.fence("a"), [Outgoing("events", keys, pa.array([b"x"], pa.binary()))])
        ((last,),) = (run.appended_us for run in journal.read("events", {}, 10) if run.partition == 199)
        assert newest_us(journal, "events") == last


def test_an_embedded_journal_from_the_future(tmp_path: Path) -> None:
    """What another machine's clock wrote a day ahead is found there too."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    with Hub.open(tmp_path) as hub:
        tomorrow = int((hub.around().now() + timedelta(days=1)).timestamp() * 1_000_000)
        (tmp_path / "data").mkdir()
        with closing(EmbeddedJournal(tmp_path / "data" / "journal.db", clock=lambda: tomorrow)) as journal:
            append(journal, [event("A")])
        assert [check["ok"] for check in checked(hub, "clock")] == [False]
