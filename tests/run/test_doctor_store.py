"""What ``doctor`` finds of the store: what became of every message, and whether anybody projects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.journal.embedded import EmbeddedJournal
from hub.projector.postgres_server import Server
from hub.projector.postgres_shares import PostgresShares
from hub.run.checks import Check
from hub.run.doctor import doctor
from hub.run.projecting import project
from hub.wiring import Hub
from tests.projector.histories import Event, append, event
from tests.projector.stores import PostgresStores, postgres_stores


@pytest.fixture
def stores(postgres: str) -> Iterator[PostgresStores]:
    with postgres_stores(postgres) as made:
        yield made


def tell(folder: Path, events: Sequence[Event], junk: int = 0, ago: timedelta = timedelta()) -> None:
    """Append to the hub's journal, as if it had been some time ago."""
    (folder / "data").mkdir(exist_ok=True)
    then = int((datetime.now(UTC) - ago).timestamp() * 1_000_000)
    with closing(EmbeddedJournal(folder / "data" / "journal.db", clock=lambda: then)) as journal:
        append(journal, events, junk=junk)


def fold(hub: Hub) -> None:
    """Project to the journal's end."""
    project(hub, [], True, False, lambda _what, _done, _total: None)


def checked(hub: Hub, part: str) -> list[Check]:
    """What doctor finds of a part."""
    return [check for check in doctor(hub)["checks"] if check["part"] == part]


def test_every_message_has_become_something(tmp_path: Path) -> None:
    """Applied, superseded or not decodable: told in figures for scripts, and in words."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    tell(tmp_path, [event("A"), event("A", 2), event("B")], junk=1)
    with Hub.open(tmp_path) as hub:
        fold(hub)
        ledger = checked(hub, "store")[0]
    figures = {"name": "ledger", "applied": 2, "superseded": 1, "quarantined": 1, "not_a_record": 0, "lag_events": 0}
    assert ledger["projection"].items() >= figures.items()
    assert ledger["found"].endswith("生效 2 条，被取代 1 条，无法解码 1 条，非记录 0 条")


def test_what_cannot_be_decoded_is_not_in_order(tmp_path: Path) -> None:
    """How many, the first of them by their places, and what may be the cause."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    tell(tmp_path, [event("A")])
    with Hub.open(tmp_path) as hub:
        fold(hub)
        assert [check["undecodable"] for check in checked(hub, "store") if "undecodable" in check] == [0]
        tell(tmp_path, [], junk=12)
        fold(hub)
        (ill,) = [check for check in checked(hub, "store") if not check["ok"]]
    assert ill["undecodable"] == 12
    assert "events/0/1, " in ill["found"]
    assert ill["found"].endswith("…")
    assert "project --rebuild ledger" in ill["remedy"]


def test_nobody_projects_while_messages_wait(tmp_path: Path, stores: PostgresStores) -> None:
    """That is told apart from a projector that is behind, and from one that has nothing to do."""
    (tmp_path / "hub.toml").write_text(f'[hub]\nstore = "{stores.url()}"\n', encoding="utf-8")
    tell(tmp_path, [event("A")], ago=timedelta(minutes=1))
    with Hub.open(tmp_path) as hub:
        (nobody,) = checked(hub, "projectors")
        with PostgresShares(Server(stores.url())):
            (somebody,) = checked(hub, "projectors")
        fold(hub)
        (done,) = checked(hub, "projectors")
        tell(tmp_path, [event("B")])
        (just_now,) = checked(hub, "projectors")
    assert [check["ok"] for check in (nobody, somebody, done, just_now)] == [False, True, True, True]
    assert nobody["remedy"]
    assert [check["found"][:1] for check in (nobody, somebody, done)] == ["0", "1", "0"]


def test_an_embedded_store_says_when_it_moved(tmp_path: Path) -> None:
    """Who projects into it cannot be seen."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    tell(tmp_path, [event("A")])
    with Hub.open(tmp_path) as hub:
        (before,) = checked(hub, "projectors")
        fold(hub)
        (after,) = checked(hub, "projectors")
    assert before["ok"]
    assert before["found"].endswith("–")
    assert after["found"].endswith("+08:00")


def test_a_journal_that_ends_before_the_store(tmp_path: Path) -> None:
    """One that was restored from an old backup has lost what the store was folded from."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    tell(tmp_path, [event("A")])
    old = (tmp_path / "data" / "journal.db").read_bytes()
    tell(tmp_path, [event("B")])
    with Hub.open(tmp_path) as hub:
        fold(hub)
    for name in ("journal.db-wal", "journal.db-shm"):
        (tmp_path / "data" / name).unlink(missing_ok=True)
    (tmp_path / "data" / "journal.db").write_bytes(old)
    with Hub.open(tmp_path) as hub:
        (ill,) = [check for check in checked(hub, "store") if not check["ok"]]
    assert ill["remedy"]


def test_the_database_and_its_version_are_named(tmp_path: Path, stores: PostgresStores) -> None:
    """As its server says it."""
    (tmp_path / "hub.toml").write_text(f'[hub]\nstore = "{stores.url()}"\n', encoding="utf-8")
    (told,) = stores.table("SHOW server_version")[1]
    with Hub.open(tmp_path) as hub:
        assert checked(hub, "store")[-1]["found"] == f"PostgreSQL {told[0]}"
