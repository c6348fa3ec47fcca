"""What ``doctor`` finds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import metadata
from pathlib import Path

import pytest

from hub.errors import JournalUnavailable
from hub.journal.embedded import EmbeddedJournal
from hub.journal.port import Journal
from hub.run.doctor import doctor
from hub.run.projecting import project
from hub.run.pulling import pull
from hub.wiring import Hub
from tests.intake.plugging import connector_text
from tests.projector.histories import append, event


def test_two_statements_under_one_pair_are_reported(tmp_path: Path) -> None:
    """A hub whose journal says two things about an entity under one revision is not in order, and doctor names it."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    one = event("A")
    with Hub.open(tmp_path) as hub:
        for told, ok in (([one, event("B")], True), ([event("A", mass_g=7)], False)):
            hub.journal()
            with closing(EmbeddedJournal(tmp_path / "data" / "journal.db")) as journal:
                append(journal, told)
            project(hub, [], True, False, lambda _what, _done, _total: None)
            found = [check for check in doctor(hub)["checks"] if check["part"] == "store"]
            assert all(check["ok"] for check in found) is ok
    assert any(one["entity_id"] in check["found"] and check["remedy"] for check in found)


def test_the_lag_is_told_in_messages_and_time(tmp_path: Path) -> None:
    """What waits, since when, and when the ledger last moved; nothing behind once it was projected."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    with Hub.open(tmp_path) as hub:
        append(EmbeddedJournal(tmp_path / "data" / "journal.db"), [event("A"), event("B")])
        before = [check["found"] for check in doctor(hub)["checks"] if check["part"] == "store"]
        project(hub, [], True, False, lambda _what, _done, _total: None)
        after = [check["found"] for check in doctor(hub)["checks"] if check["part"] == "store"]
    assert before[0].startswith("ledger：比事件流水落后 2 条，最早的一条已等 ")
    assert after[0].startswith("ledger：与事件流水一致，没有落后")


def test_a_journal_that_is_away_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs the journal is not looked at where it does not answer: whoever asks has waited once already."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    asked = []

    def away(_: Hub) -> Journal:
        asked.append("once more")
        raise JournalUnavailable("the journal does not answer: {reason}", reason="away")

    monkeypatch.setattr(Hub, "_open_journal", away)
    with Hub.open(tmp_path) as hub:
        found = {check["part"]: check["ok"] for check in doctor(hub)["checks"]}
    assert asked == ["once more"]
    assert not any(found[part] for part in ("journal", "store", "quarantine"))


def test_the_versions_of_drivers_are_named(tmp_path: Path) -> None:
    """Those of Kafka and PostgreSQL too: what one asks first when another system is in the way."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    with Hub.open(tmp_path) as hub:
        told = doctor(hub)["checks"][0]["found"]
    for name in ("duckdb", "confluent-kafka", "kafka-python", "psycopg"):
        assert f"{name} {metadata.version(name)}" in told


def test_a_column_that_the_source_lacks_is_told_at_its_place(tmp_path: Path) -> None:
    """Pull and doctor name file, line and error where the file asks the database for what it does not have."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "source.db")) as connection:
        connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY, weight TEXT, day TEXT)")
    source = {"url": "sqlite:///source.db", "table": "t", "key": ["kk"]}
    place = tmp_path / "connectors" / "housing" / "scales" / "connector.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(connector_text(source=source), encoding="utf-8")
    with Hub.open(tmp_path) as hub:
        (pulled,) = pull(hub, [], True, False, lambda _what, _done, _total: None)["connectors"]
        check = next(check for check in doctor(hub)["checks"] if check["part"] == "housing.scales")
    assert pulled["exit_code"] == 2
    for told in (pulled["error"], check["found"]):
        assert told.startswith(f"{place}:")
        assert "UNKNOWN_COLUMN" in told
