"""Random histories of a folder of files."""

from __future__ import annotations

from pathlib import Path

from tests.intake.histories import DELETED, History, Kind, Row
from tests.intake.world import World, connector, file_source, micros

KEYS = 40
FILES = {
    "plain": Kind("", None),
    "plain_in_parts": Kind("", None, parts=True),
    "scope": Kind(", scope: S", None, scoped=True),
    "scope_in_parts": Kind(", scope: S", None, parts=True, scoped=True),
    "version": Kind(", version: V", "V"),
    "scope_and_version": Kind(", scope: S, version: V", "V", scoped=True),
}


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
        """Some files are put down; then a pull."""
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
        name = f"f{self.random.randint(0, 9)}{self.at}.csv"
        if number and self.chance(0.1):
            name = self.random.choice(list(self.there))
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
