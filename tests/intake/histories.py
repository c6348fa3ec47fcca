"""Random histories of tables and files, lived through by the hub and by the oracle, and compared after every step."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.projector.sqlite import SqliteStore
from tests.intake.oracle import Oracle, Record, text_of
from tests.intake.world import Killed, World, connector, entity, file_source, micros, project, table_source, world

Row = dict[str, str | None]
Cursor = tuple[str, str]
DELETED = ", deleted: \"D = '1'\""
LAG_MINUTES = 10
STEPS, KEYS, CHANGES = 7, 40, 25
VIEWS = ("entries_v1", "flows_v1", "accounts_v1", "quarantine_v1")


@dataclass(frozen=True)
class Kind:
    """A kind of source: what its connector adds, which column orders its statements, which its cursor follows."""

    source: str
    version: str | None
    cursor: str | None = None
    parts: bool = False
    scoped: bool = False


TABLES = {
    "cursor_and_version": Kind(", cursor: {by: G, lag: 10m}, version: V", "V", "G"),
    "cursor_and_version_in_parts": Kind(", cursor: {by: G, lag: 10m}, version: V", "V", "G", parts=True),
    "cursor": Kind(", cursor: G", "G", "G"),
    "cursor_that_counts": Kind(", cursor: V", None, "V", parts=True),
    "version": Kind(", version: V", "V"),
    "version_in_parts": Kind(", version: V", "V", parts=True),
    "counted": Kind("", None),
    "counted_in_parts": Kind("", None, parts=True),
}
FILES = {
    "plain": Kind("", None),
    "plain_in_parts": Kind("", None, parts=True),
    "scope": Kind(", scope: S", None, scoped=True),
    "scope_in_parts": Kind(", scope: S", None, parts=True, scoped=True),
    "version": Kind(", version: V", "V"),
    "scope_and_version": Kind(", scope: S, version: V", "V", scoped=True),
}


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
            try:
                here.pull(compare=compare)
            except Killed:
                pass
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
        same(f"quarantine without key, step {number}", without, self.oracle.keyless)
        open_ids = {row["id"] for row in here.quarantined()}
        assert {id_ for (id_,) in here.query("SELECT id FROM quarantine_v1 WHERE state = 'open'")} == open_ids
        made = Counter((json.loads(e["source_key"])[0], e["revision"], e["restated"]) for e in here.events())
        same(f"events, step {number}", set(made.items()), {item for item in self.oracle.events.items() if item[1]})

    def waiting(self, here: World) -> tuple[set[Any], set[Any]]:
        """(key, record) of what is open, and the records without a key."""
        with_key: set[Any] = set()
        without: set[Any] = set()
        for row in here.quarantined():
            text = text_of(json.loads(here.row(row["id"])["message"]["record"]))
            if row["source_key"] is None:
                without.add(text)
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


class TableHistory(History):
    """A table that changes between pulls."""

    def __init__(self, folder: Path, kind: str, seed: int) -> None:
        chosen = TABLES[kind]
        yaml = connector(table_source(chosen.source + DELETED), parts=chosen.parts)
        super().__init__(folder, chosen, seed, yaml)
        self.columns = ["K", "M", "N", "V", "G", "D", "S", "X"]
        self.cursor: Cursor | None = None
        self.compared_day: object = None
        self.is_odd = False

    def step(self, here: World, number: int) -> None:
        if number == 3:
            self.columns.append("ADDED")
        if self.chance(0.3):
            here.later(days=1)
        for _ in range(KEYS if number == 0 else CHANGES):
            self.happen()
        here.table(self.rows, self.columns)
        forget = self.chance(0.3)
        if forget:
            here.drop_cache()
        since = [] if self.cursor is None else self.since()
        compare = self.looks_odd() or self.chance(0.2)
        self.oracle.read(since, ordered=False)
        today = here.now.astimezone(ZoneInfo("Asia/Shanghai")).date()
        counts_differ = len(self.rows) != self.oracle.live()
        if self.kind.cursor is None or self.cursor is None or compare or forget or counts_differ or self.compared_day != today:
            self.compared_day = today
            if self.oracle.read(self.rows, ordered=False):
                self.oracle.vanish(self.rows)
        self.move()
        self.pull(here, compare=compare)

    def happen(self) -> None:
        """One thing happens to the table."""
        if len(self.rows) < KEYS // 2 or self.chance(0.2):
            self.rows.append(self.fresh(f"k{self.random.randrange(KEYS)}" if self.chance(0.3) else f"n{self.tick}"))
            if any(row["K"] == self.rows[-1]["K"] for row in self.rows[:-1]):
                self.rows.pop()
            else:
                self.past.setdefault(self.rows[-1]["K"] or "", [dict(self.rows[-1])])
            return
        row = self.random.choice(self.rows)
        if row["K"] is None or self.chance(0.1):
            self.rows.remove(row)
        elif self.chance(0.04):
            self.rows.append(dict(row) | {"K": None, "X": self.number()})
        elif self.kind.cursor and sum(other["K"] == row["K"] for other in self.rows) > 1:
            self.rows.remove(row)
        elif self.chance(0.1):
            self.twin(row)
        else:
            self.change(row)

    def twin(self, row: Row) -> None:
        """Another row with a key that there is. What a cursor's read may find alone of two must be the one that counts."""
        if self.kind.cursor and not (self.kind.version and row["V"] and row["G"]):
            return
        self.rows.append(twin := dict(row))
        if self.kind.version is not None and self.chance(0.5):
            self.stamp(twin)
            twin["V"], twin["G"] = f"{self.tick:06d}", time_text(self.tick)
            twin["M"] = self.number()
        elif self.kind.cursor is None:
            twin["M"] = self.number()

    def looks_odd(self) -> bool:
        """Rows that the count of known keys cannot tell from missing ones: the test then asks for a comparison."""
        keys = [row["K"] for row in self.rows]
        unsaid = any(
            (row.get("D") or not (row.get("M") or row.get("N"))) and self.is_unknown(row["K"] or "") for row in self.rows
        )
        self.is_odd |= unsaid or None in keys or len(set(keys)) < len(keys)
        return self.is_odd

    def is_unknown(self, key: str) -> bool:
        """The hub does not know of the key, or knows it as gone."""
        known = self.oracle.known.get(key)
        return known is None or known.state == "absent"

    def place(self, row: Row) -> Cursor:
        """Where a row lies in the order of the cursor."""
        return row.get(self.kind.cursor or "") or "", row["K"] or ""

    def since(self) -> list[Row]:
        """What a pull reads: rows without a cursor, those after it, and those of the lag again."""
        at = self.cursor
        assert at is not None
        low = at[0] if self.kind.cursor != "G" or "lag" not in self.kind.source else lagged(at[0])
        lag = low if low != at[0] else None
        return [
            row for row in self.rows
            if not row.get(self.kind.cursor or "")
            or self.place(row) > at
            or (row["K"] is None and self.place(row)[0] >= at[0])
            or (lag is not None and lag <= self.place(row)[0])
        ]  # fmt: skip

    def move(self) -> None:
        """The cursor goes to the last row that has one and a key."""
        if self.kind.cursor is not None:
            places = [self.place(row) for row in self.rows if row.get(self.kind.cursor) and row["K"]]
            self.cursor = max([*places, *([self.cursor] if self.cursor else [])], default=None)


class FileHistory(History):
    """A folder into which files are put."""

    def __init__(self, folder: Path, kind: str, seed: int) -> None:
        chosen = FILES[kind]
        yaml = connector(file_source(chosen.source + DELETED), parts=chosen.parts)
        super().__init__(folder, chosen, seed, yaml)
        self.at, self.number_of_files = 0, 0
        self.sent: list[tuple[str, list[Row], int]] = []
        self.read: set[str] = set()
        self.newest: dict[str, tuple[int, str]] = {}
        self.there: dict[str, tuple[list[Row], int]] = {}

    def step(self, here: World, number: int) -> None:
        for _ in range(self.random.randint(1, 3)):
            name, rows, at = self.file(number)
            here.file(name, rows, at)
            self.sent.append((name, rows, at))
            self.there[name] = (rows, at)
        for name, (rows, at) in sorted(self.there.items(), key=lambda item: (item[1][1], item[0])):
            self.say(name, rows, at)
        if self.chance(0.3):
            here.drop_cache()
        self.pull(here)

    def file(self, number: int) -> tuple[str, list[Row], int]:
        """A file that comes now, or late: something new, or one that was sent before."""
        self.at += 10
        at = self.at if self.chance(0.75) else self.random.randint(1, self.at)
        if number and self.chance(0.15):
            return f"again{self.at}.csv", self.random.choice(self.sent)[1], at
        name = self.random.choice(list(self.there)) if number and self.chance(0.1) else f"f{self.random.randint(0, 9)}{self.at}.csv"
        if self.kind.scoped:
            scopes = self.random.sample(["s1", "s2", "s3"], self.random.randint(1, 2))
            rows = [row for row in self.rows if row["S"] in scopes and self.chance(0.85)]
        else:
            scopes = ["s1"]
            rows = [row for row in self.rows if self.chance(0.5)]
        for row in rows:
            if self.chance(0.5):
                self.change(row)
        for _ in range(15 if number == 0 else 4):
            rows.append(self.fresh(f"k{self.random.randrange(KEYS)}" if self.chance(0.3) else f"n{self.tick}"))
            rows[-1]["S"] = self.random.choice(scopes)
            self.rows = [row for row in self.rows if row["K"] != rows[-1]["K"]] + [rows[-1]]
            self.past.setdefault(rows[-1]["K"] or "", [dict(rows[-1])])
        written = [dict(row) for row in rows]
        for _ in range(2):
            if self.chance(0.3):
                written.append(twin := dict(self.random.choice(written)))
                twin["M"] = self.number() if self.chance(0.6) else twin["M"]
        if self.chance(0.1):
            written.append(dict(self.random.choice(written)) | {self.random.choice(["K", "S"]): None, "X": self.number()})
        self.random.shuffle(written)
        return name, written, at

    def say(self, name: str, rows: list[Row], at: int) -> None:
        """A file as the rules have it: once, without the scopes that a newer one has replaced."""
        content = repr(rows)
        if content in self.read:
            return
        self.read.add(content)
        place = (micros(at), f"in/{name}")
        current = [row for row in rows if place >= self.newest.get(row["S"] or "", place)] if self.kind.scoped else rows
        complete = self.oracle.read(current, ordered=True, default=micros(at))
        if self.kind.scoped:
            all_there = complete and all(row["K"] and row["S"] for row in rows)
            for scope in sorted({row["S"] for row in rows if row["S"]}):
                if place >= self.newest.get(scope, place):
                    if all_there:
                        self.oracle.vanish(rows, scope)
                    self.newest[scope] = place


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


def lagged(text: str) -> str:
    """The time LAG_MINUTES before."""
    return str(datetime.fromisoformat(text) - timedelta(minutes=LAG_MINUTES))
