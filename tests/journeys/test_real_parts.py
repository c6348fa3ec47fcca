"""The same hub with two addresses changed: its journal on Kafka, its store in PostgreSQL, its ledger the same to the gram."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.broker import Broker
from tests.cli.run import Outcome, wastehub

VIEWS = ("entries_v1", "flows_v1", "accounts_v1", "quarantine_v1")
OF_THE_JOURNAL = {"partition", "position", "batch", "observed_at", "first_seen", "last_seen", "updated_at"}
"""What says where and when a journal got to know something: another journal gives other answers."""
Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Hub:
    """A folder, and the environment that names its parts."""

    folder: Path
    environ: dict[str, str]
    select: Callable[[str], tuple[list[str], Rows]]

    def __call__(self, *args: str) -> Outcome:
        """Run a command in it."""
        return wastehub("-C", self.folder, *args, **self.environ)

    def view(self, name: str) -> Rows:
        """The rows of a view but for what belongs to the journal, sorted."""
        columns, rows = self.select(f"SELECT * FROM {name}")
        kept = [number for number, column in enumerate(columns) if column not in OF_THE_JOURNAL]
        return sorted((tuple(row[number] for number in kept) for row in rows), key=repr)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """Two months of a small city on the embedded parts."""
    folder = tmp_path_factory.mktemp("real") / "city"
    made = wastehub("demo", folder, "--months", "2", "--scale", "0.02", "--no-serve")
    assert made.code == 0, made.err

    def select(statement: str) -> tuple[list[str], Rows]:
        with closing(sqlite3.connect(folder / "data" / "store.db")) as db:
            found = db.execute(statement)
            return [column[0] for column in found.description], found.fetchall()

    return Hub(folder, {}, select)


@pytest.fixture(scope="module")
def real(embedded: Hub, broker: Broker, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """The same systems, read into Kafka and folded into PostgreSQL."""
    folder = tmp_path_factory.mktemp("real-parts") / "city"
    shutil.copytree(embedded.folder, folder, ignore=shutil.ignore_patterns("data"))
    database = f"city_{uuid4().hex[:8]}"
    plain = postgres.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database}")
    user, password = plain.removeprefix("postgresql://").split("@")[0].split(":")
    place = plain.split("@")[1].rpartition("/")[0]
    environ = {
        "WASTEHUB_HUB_JOURNAL": f"kafka://{broker.address}/{database}",
        "WASTEHUB_HUB_STORE": f"postgresql://{user}@{place}/{database}",
        "PGPASSWORD": password,
    }

    def select(statement: str) -> tuple[list[str], Rows]:
        with psycopg.connect(f"{plain.rpartition('/')[0]}/{database}", options="-c search_path=hub") as db:
            found = db.execute(statement)  # type: ignore[call-overload]  # one of VIEWS
            return [column.name for column in found.description or ()], found.fetchall()

    hub = Hub(folder, environ, select)
    pulled = hub("pull", "--once", "--json")
    assert pulled.code == 0, pulled.err
    projected = hub("project", "--once", "--json")
    assert projected.code == 0, projected.err
    return hub


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_the_same(embedded: Hub, real: Hub, view: str) -> None:
    """Row by row, but for where and when the journal was told."""
    assert real.view(view) == embedded.view(view)


def test_the_commands_answer_the_same(embedded: Hub, real: Hub) -> None:
    """The ledger, what waits, and what stands behind a line."""
    asked = ("ledger", "--json", "--by", "period,stream,kind,department")
    ledgers = [hub(*asked).json["rows"] for hub in (embedded, real)]
    assert ledgers[0] == ledgers[1] != []
    waiting = [hub("quarantine", "list", "--json", "--limit", "1000").json for hub in (embedded, real)]
    ids = [sorted(row["id"] for row in listed["rows"]) for listed in waiting]
    assert ids[0] == ids[1] != []
    line = ledgers[0][0]["id"]
    explained = [hub("explain", line, "--json") for hub in (embedded, real)]
    assert [found.code for found in explained] == [0, 0], explained[1].err


def test_the_order_of_a_connectors_acts_is_certain(real: Hub) -> None:
    """All of them are in one partition, or nobody could say which is the last."""
    _, places = real.select("SELECT DISTINCT identity, partition FROM acts")
    assert len({identity for identity, _ in places}) == len(places) > 1


def test_a_second_pull_says_nothing(real: Hub) -> None:
    """Also where the cache of what is known was lost: Kafka has it all."""
    shutil.rmtree(real.folder / "data" / "seen")
    again = real("pull", "--once", "--json")
    assert again.code == 0, again.err
    assert [(row["events"], row["quarantined"]) for row in again.json["connectors"]] == [(0, 0)] * 8


def test_rebuilt_it_is_the_same(embedded: Hub, real: Hub) -> None:
    """From Kafka through DuckDB into PostgreSQL."""
    rebuilt = real("project", "--rebuild", "ledger", "--json")
    assert rebuilt.code == 0, rebuilt.err
    for view in VIEWS:
        assert real.view(view) == embedded.view(view), view


def test_the_doctor_is_content(real: Hub) -> None:
    """Every part answers."""
    seen = real("doctor", "--json").json["checks"]
    assert [check for check in seen if not check["ok"]] == []
