"""Random histories of tables and files, lived through by the hub and by the oracle, and compared after every step."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.projector.sqlite import SqliteStore
from tests.intake.oracle import Oracle, Record, text_of
from tests.intake.world import Killed, World, entity, project, world

Row = dict[str, str | None]
DELETED = ", deleted: \"D = '1'\""
STEPS = 7
VIEWS = ("entries_v1", "flows_v1", "accounts_v1", "quarantine_v1")


@dataclass(frozen=True)
class Kind:
    """A kind of source: what its connector adds, which column orders its statements, which its cursor follows."""

    source: str
    version: str | None
    cursor: str | None = None
    parts: bool = False
    scoped: bool = False


class History:
    """One source, its hub and its oracle. ``rows``: what the source says now."""

    def __init__(self, folder: Path, kind: Kind, seed: int, yaml: str) -> None:
        self.folder, self.kind, self.yaml = folder, kind, yaml
        self.random = random.Random(f"{seed} {kind}")
        self.rows: list[Row] = []
        self.past: dict[str, list[Row]] = {}
        self.tick = 0
        parts = {"a": "M", "b": "N"} if kind.parts else {"": "M"}
        self.oracle = Oracle(parts, kind.parts, kind.version is not None, self.declared, kind.scoped)

    def declared(self, record: Record) -> int | None:
        """The version that a record declares."""
        text = (record.get(self.kind.version) or "").strip() if self.kind.version else ""
        if not text:
            return None
        return int(text) if self.kind.version == "V" else micros_of(text)

    # --- what happens to a row

    def stamp(self, row: Row) -> None:
        """A newer version of a row; now and then without one."""
        self.tick += 1
        row["V"] = f"{self.tick:06d}"
        row["G"] = time_text(self.tick)
        if self.random.random() < 0.05:
            row[self.random.choice(["V", "G"])] = None

    def fresh(self, key: str) -> Row:
        """A new row for a key."""
        row: Row = {"K": key, "M": self.number(), "N": self.number() if self.chance(0.5) else None}
        self.stamp(row)
        return row

    def number(self) -> str:
        """Some kilograms."""
        return str(self.random.randint(0, 9))

    def chance(self, share: float) -> bool:
        """True in so many cases."""
        return self.random.random() < share

    def change(self, row: Row) -> None:
        """One of the things that happen to records, in place; with a new version or silently."""
        what = self.random.choice(
            ["edit", "edit", "edit", "touch", "note", "delete", "undelete", "bad", "mend", "part", "restore", "version"]
        )
        before = dict(row)
        match what:
            case "edit" | "mend":
                row["M"] = self.number()
            case "note":
                row["X"] = self.number()
            case "delete":
                row["D"] = "1"
            case "undelete":
                row["D"] = None
            case "bad":
                row["M"] = "bad"
            case "part":
                column = self.random.choice(["M", "N"]) if self.kind.parts else "N"
                row[column] = None if row.get(column) else self.number()
            case "restore":
                row.update(dict.fromkeys("MNDXVG") | self.random.choice(self.past[row["K"] or ""]))
            case "version" if self.kind.version == "V" and self.chance(0.3):
                row["V"] = "?" + self.number()
        self.past[row["K"] or ""].append(before)
        if what == "touch" or (what not in ("version",) and self.chance(0.6)):
            self.stamp(row)

    # --- the laws

    def run(self) -> None:
        """Live it through."""
        with world(self.folder, self.yaml) as here:
            for number in range(STEPS):
                self.step(here, number)
                self.compare_with_oracle(here, number)
            self.compare_rebuilt(here)

    def step(self, here: World, number: int) -> None:
        """Change the source, pull, tell the oracle."""
        raise NotImplementedError

    def pull(self, here: World, *, compare: bool = False) -> None:
        """A pull that may be killed, begun again and again until it is through; then once more, for nothing."""
        while self.chance(0.4):
            here.journal.at, here.journal.after = self.random.randint(1, 3), self.chance(0.5)
            with suppress(Killed):
                here.pull(compare=compare)
            here.journal.at = 0
            if self.chance(0.3):
                here.drop_cache()
        here.pull(compare=compare)
        before = here.ends()
        done = here.pull(compare=compare)
        assert (done.events, done.quarantined, here.ends()) == (0, 0, before), "a second pull says nothing new"

    def compare_with_oracle(self, here: World, number: int) -> None:
        """Ledger, quarantine and number of events are what the rules say."""
        expected = {entity(key, part): ((key, part), mass) for (key, part), mass in self.oracle.ledger().items()}
        stands = {expected[e][0] if e in expected else e: mass for e, mass in here.entries().items()}
        same(f"ledger, step {number}", set(stands.items()), set(self.oracle.ledger().items()))
        with_key, without = self.waiting(here)
        same(f"quarantine, step {number}", with_key, self.oracle.open())
        same(f"quarantine without key, step {number}", set(without.items()), set(self.oracle.keyless.items()))
        open_ids = {row["id"] for row in here.quarantined()}
        assert {id_ for (id_,) in here.query("SELECT id FROM quarantine_v1 WHERE state = 'open'")} == open_ids
        made = Counter((json.loads(e["source_key"])[0], e["revision"], e["restated"]) for e in here.events())
        same(f"events, step {number}", set(made.items()), {item for item in self.oracle.events.items() if item[1]})

    def waiting(self, here: World) -> tuple[set[Any], Counter[Any]]:
        """(key, record) of what is open, and the records without a key."""
        with_key: set[Any] = set()
        without: Counter[Any] = Counter()
        for row in here.quarantined():
            text = text_of(json.loads(here.row(row["id"])["message"]["record"]))
            if row["source_key"] is None:
                without[text] += 1
            else:
                with_key.add((json.loads(row["source_key"])[0], text))
        return with_key, without

    def compare_rebuilt(self, here: World) -> None:
        """A store made anew from the journal has the same rows."""
        here.project()
        again = self.folder / "again.db"
        with closing(SqliteStore(again)) as store:
            project(here.embedded, store, self.folder / "again")
        for view in VIEWS:
            with closing(sqlite3.connect(again)) as db:
                rebuilt = db.execute(f"SELECT * FROM {view}").fetchall()
            assert sorted(rebuilt, key=repr) == sorted(here.query(f"SELECT * FROM {view}"), key=repr), view


def same(what: str, found: set[Any], expected: set[Any]) -> None:
    """Equal; else the differences are shown."""
    more, less = sorted(found - expected, key=repr), sorted(expected - found, key=repr)
    assert not more + less, f"{what}: the hub alone {more}, the rules alone {less}"


def time_text(minutes: int) -> str:
    """So many minutes after the beginning of March."""
    return str(datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(minutes=minutes))


def micros_of(text: str) -> int:
    """Local time as text → µs."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 1_000_000
