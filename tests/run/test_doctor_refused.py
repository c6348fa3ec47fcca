"""The cases that ``doctor`` exists for: a part is there, and cannot be used as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.journal.embedded import EmbeddedJournal
from hub.journal.kafka import KafkaJournal
from hub.run.checks import Check
from hub.run.doctor import doctor
from hub.run.projecting import project
from hub.wiring import Hub
from tests.broker import Broker, prefix
from tests.journal.kafka_admin import Admin
from tests.projector.histories import append, event

__all__ = ["prefix"]


def ailing(folder: Path, part: str) -> Check:
    """What is wrong with a part of the hub in ``folder``: one thing."""
    with Hub.open(folder) as hub:
        found: list[Check] = [check for check in doctor(hub)["checks"] if check["part"] == part and not check["ok"]]
    (check,) = found
    return check


@pytest.fixture
def projected(tmp_path: Path) -> Path:
    """A hub on embedded parts, its store folded from its journal."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    with Hub.open(tmp_path) as hub:
        hub.journal()
        with closing(EmbeddedJournal(tmp_path / "data" / "journal.db")) as journal:
            append(journal, [event("A")])
        project(hub, [], True, False, lambda _what, _done, _total: None)
    return tmp_path


def test_a_store_of_another_journal(projected: Path) -> None:
    """Both journals are named, and what to put right in hub.toml."""
    (projected / "data" / "journal.db").unlink()
    check = ailing(projected, "store")
    with closing(EmbeddedJournal(projected / "data" / "journal.db")) as journal:
        assert journal.identity in check["found"]
    assert "hub.toml" in check["remedy"]


def test_a_store_of_another_layout(projected: Path) -> None:
    """One that another version of wastehub made: it is made anew from the journal."""
    with closing(sqlite3.connect(projected / "data" / "store.db")) as store, store:
        store.execute("UPDATE meta SET value = '0' WHERE name = 'schema'")
    check = ailing(projected, "store")
    assert "0" in check["found"]
    assert check["remedy"].startswith("删除它再重新入账")


@pytest.fixture
def on_kafka(tmp_path: Path, broker: Broker, prefix: str) -> Path:
    """A hub whose journal is on Kafka."""
    url = f"kafka://{broker.address}/{prefix}?partitions=2"
    (tmp_path / "hub.toml").write_text(f'[hub]\njournal = "{url}"\n', encoding="utf-8")
    KafkaJournal(url).close()
    return tmp_path


def test_a_topic_that_would_forget(on_kafka: Path, broker: Broker, prefix: str) -> None:
    """The setting, what it is, and the command that sets it right."""
    Admin(broker).set(f"{prefix}.events", "retention.ms", "86400000")
    check = ailing(on_kafka, "journal")
    assert "retention.ms=86400000" in check["found"]
    assert f"--entity-name {prefix}.events --add-config retention.ms=-1" in check["remedy"]


def test_a_topic_that_was_given_more_partitions(on_kafka: Path, broker: Broker, prefix: str) -> None:
    """How many there are, and how many the URL says."""
    Admin(broker).widen(f"{prefix}.acts", 5)
    check = ailing(on_kafka, "journal")
    assert "5" in check["found"]
    assert "partitions=5" in check["remedy"]
