"""Messages on Kafka that no hub wrote: they are set aside by their place, and stop nobody."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.journal.port import TOPICS
from tests.broker import Broker
from tests.cli.run import wastehub
from tests.faults.parts import HUB
from tests.faults.poison import Poisoned, poisonous, produced
from tests.faults.source import Source


@dataclass(frozen=True)
class Hit:
    """A hub whose three topics were given one of every kind of foreign message between two pulls."""

    folder: Path
    source: Source
    poisoned: Poisoned
    before: list[tuple[Any, ...]]

    def json(self, *command: str) -> Any:
        """What a command answers; it must end well."""
        done = wastehub("-C", self.folder, *command, "--json")
        assert done.code == 0, done.err
        return done.json

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        """Of the store."""
        with closing(sqlite3.connect(self.folder / "data" / "store.db")) as db:
            return sorted(db.execute(select).fetchall(), key=repr)

    def aside(self) -> set[str]:
        """The ids of what was set aside by its place."""
        return {name for (name,) in self.rows("SELECT id FROM quarantine_v1 WHERE id LIKE '%/%' AND state = 'open'")}


@pytest.fixture(scope="module")
def hit(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Hit:
    """Pulled, projected, hit."""
    place = tmp_path_factory.mktemp("poisoned")
    folder, chance = place / "hub", random.Random(4)
    folder.mkdir()
    url = f"kafka://{broker.address}/{place.name}?partitions=3"
    (folder / "hub.toml").write_text(HUB.format(journal=url, store="sqlite:data/store.db"))
    source = Source(place, chance)
    source.make([folder])
    source.change(200)
    for command in ("pull", "project"):
        assert wastehub("-C", folder, command, "--once").code == 0
    found = Hit(folder, source, set(), [])
    before = found.rows("SELECT * FROM flows_v1")
    poisoned = produced(broker.address, place.name, {topic: poisonous(chance) for topic in TOPICS}, chance)
    return Hit(folder, source, poisoned, before)


def test_they_are_set_aside_by_their_place(hit: Hit) -> None:
    """Each becomes a row of quarantine_v1, live and in a rebuild, and the lines stay what they were."""
    wanted = {f"{topic}/{partition}/{position}" for topic, partition, position in hit.poisoned}
    for command in (["project", "--once"], ["project", "--rebuild", "ledger"]):
        answer = hit.json(*command)["projections"]
        assert hit.aside() == wanted
        assert hit.rows("SELECT * FROM flows_v1") == hit.before != []
        assert [row["lag_events"] for row in answer] == [0, 0, 0]
        assert sum(row["quarantined"] for row in answer) == len(wanted)


def test_a_puller_goes_on(hit: Hit) -> None:
    """What it knows it learns past them, also from the beginning; nothing is said twice, what is new is said."""
    shutil.rmtree(hit.folder / "data" / "seen")
    again = hit.json("pull", "--once")["connectors"]
    assert [(row["events"], row["quarantined"]) for row in again] == [(0, 0), (0, 0)]
    hit.source.change(50)
    assert sum(row["events"] for row in hit.json("pull", "--once", "--compare")["connectors"]) > 0
    hit.json("project", "--once")
    stands, _ = hit.source.truth()
    assert hit.rows("SELECT sum(mass_g) FROM flows_v1") == [(1000 * sum(stands.values()),)]


def test_whoever_looks_is_told(hit: Hit) -> None:
    """What waits is listed without them, what they are is explained, and the doctor finds all else in order."""
    hit.json("project", "--once")
    assert not [row for row in hit.json("quarantine", "list")["rows"] if "/" in row["id"]]
    for name in sorted(hit.aside())[:5]:
        assert hit.json("explain", name)["quarantine"][0]["id"] == name
    doctor = wastehub("-C", hit.folder, "doctor", "--json")
    assert doctor.code == 1
    (check,) = [check for check in doctor.json["checks"] if not check["ok"]]
    assert check["undecodable"] == len(hit.poisoned)
    assert "quarantine reject" in check["remedy"]


def test_a_person_lets_them_be(hit: Hit) -> None:
    """Rejected by its place, a message that nobody can decode is open no more; one that is none cannot be rejected."""
    hit.json("project", "--once")
    reject = ("quarantine", "reject", "--person", "p", "--reason", "a tool wrote it")
    for name in sorted(hit.aside()):
        assert hit.json(*reject, name) == {"id": name, "state": "rejected"}
    hit.json("project", "--once")
    assert hit.aside() == set()
    assert {check["ok"] for check in hit.json("doctor")["checks"]} == {True}
    assert wastehub("-C", hit.folder, *reject, sorted(f"{t}/{p}/{at}" for t, p, at in hit.poisoned)[0]).code == 2
    assert wastehub("-C", hit.folder, *reject, "events/0/1000000").code == 2
