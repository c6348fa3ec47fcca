"""A changing source: a table and a folder of files, and what is true of them, read directly."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

CONNECTOR = """hub: 1
name: {name}
department: {department}
source: {source}
every: 300ms
map:
  kind: "'COLLECTED'"
  stream: "'domestic'"
  scheme: "'LOCAL'"
  code: "'A'"
  value: num(KG)
  unit: "'kg'"
  occurred_at: "ts('2026-03-01')"
  region: "'371502'"
"""
TABLE = (
    "{{kind: sql, url: 'sqlite:///{folder}/source.db', table: T, key: [K], cursor: {{by: V}}, version: V,"
    " deleted: GONE = '1'}}"
)
FILES = "{{kind: file, path: '{folder}/in/*.csv', key: [K], scope: S}}"
TABLE_NAME, FILES_NAME = "housing.scales", "commerce.returns"
BAD = "bad"
OLD_FILE_SECONDS = 3600


@dataclass
class Source:
    """A number in KG changes with every statement, so that a stale one is seen.

    ``cut``: files (by name) that were cut short where they lay, and the scope that each of them states.
    """

    folder: Path
    random: random.Random
    version: int = 0
    files: int = 0
    scopes: dict[str, dict[str, str]] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)
    good: set[str] = field(default_factory=set)

    def make(self, hubs: Iterable[Path]) -> None:
        """An empty table, no files, and the two connectors in each of these hubs' folders."""
        (self.folder / "in").mkdir(parents=True)
        for hub, (name, text) in product(hubs, ((TABLE_NAME, TABLE), (FILES_NAME, FILES))):
            path = hub / "connectors" / name.replace(".", "/")
            path.mkdir(parents=True)
            source = text.format(folder=self.folder)
            yaml = CONNECTOR.format(name=name, department=name.split(".", maxsplit=1)[0], source=source)
            (path / "connector.yaml").write_text(yaml)
        with closing(sqlite3.connect(self.folder / "source.db")) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE T (K TEXT PRIMARY KEY, KG TEXT, V INTEGER, GONE TEXT)")

    def change(self, rows: int) -> None:
        """So many statements in the table, in one or several transactions; now and then a new file."""
        with closing(sqlite3.connect(self.folder / "source.db", timeout=30)) as db:
            while rows > 0:
                some = self.random.randint(1, rows)
                with db:
                    for _ in range(some):
                        self._state(db)
                rows -= some
        if self.random.random() < 0.7:
            self._file()

    def _state(self, db: sqlite3.Connection) -> None:
        self.version += 1
        key, chance = f"t{self.random.randrange(400)}", self.random.random()
        if chance < 0.06:
            db.execute("DELETE FROM T WHERE K = ?", (key,))
            return
        # Only a key that never was good is bad: what stands does not depend on what the hub had the time to see.
        bad = key.endswith("77") and key not in self.good and chance < 0.6
        if not bad:
            self.good.add(key)
        gone = "1" if chance > 0.94 else None
        row = (key, BAD if bad else str(self.version), self.version, gone)
        db.execute("INSERT OR REPLACE INTO T VALUES (?, ?, ?, ?)", row)

    def _file(self, scope: str | None = None, name: str | None = None) -> None:
        """A new statement of one scope: some rows stay, some change, some are gone."""
        self.version += 1
        self.files += 1
        scope = scope or f"s{self.random.randrange(3)}"
        rows = {k: kg for k, kg in self.scopes.get(scope, {}).items() if self.random.random() < 0.9}
        for _ in range(self.random.randint(1, 40)):
            rows[f"{scope}-{self.random.randrange(120)}"] = str(self.version)
        self.scopes[scope] = rows
        # The number stands last: of a file that is cut, a record that looks whole may be wrong, but not of another scope.
        text = "K,S,KG\n" + "".join(f"{key},{scope},{kg}\n" for key, kg in rows.items())
        hidden = self.folder / "in" / f".{self.files:06d}"
        hidden.write_text(text)
        at = time.time() - OLD_FILE_SECONDS + self.files
        os.utime(hidden, (at, at))
        hidden.rename(self.folder / "in" / (name or f"{self.files:06d}-{scope}.csv"))

    def cut_a_file(self) -> None:
        """One that was delivered is cut short where it lies."""
        paths = sorted((self.folder / "in").glob("*.csv"))
        if paths:
            path = self.random.choice(paths)
            at = path.stat().st_mtime + 0.5
            os.truncate(path, self.random.randrange(path.stat().st_size + 1))
            os.utime(path, (at, at))
            self.cut[path.name] = path.stem.rpartition("-")[2]

    def mend_the_files(self) -> None:
        """What was cut is sent anew under its name, as it then is."""
        for name, scope in self.cut.items():
            self._file(scope, name)
        self.cut.clear()

    def truth(self) -> tuple[dict[str, int], set[str]]:
        """Key → kilograms that must stand, and the keys whose record must wait in quarantine."""
        with closing(sqlite3.connect(self.folder / "source.db")) as db:
            rows = db.execute("SELECT K, KG, GONE FROM T").fetchall()
        stands = {key: int(kg) for key, kg, gone in rows if kg != BAD and gone is None}
        stands |= {key: int(kg) for rows in self.scopes.values() for key, kg in rows.items()}
        return stands, {key for key, kg, gone in rows if kg == BAD and gone is None}
