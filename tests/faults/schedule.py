"""One schedule: commands started, killed and raced while the source changes; then the count."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.processes import ended, kill, start
from tests.faults.source import Source

PATIENCE = 120.0  # seconds until a command that nobody kills must have ended; reached only when something is broken
ROUNDS = 2
LONGEST = 0.8  # seconds of life that a killed process may have
COMMANDS = (("pull", "--once"), ("pull", "--once"), ("project", "--once"), ("project", "--once"), ("run",))


@dataclass(frozen=True)
class Found:
    """What a schedule came to. ``wrong``: sentences, none where all is right."""

    seed: int
    kills: int
    lost: int
    doubled: int
    wrong: tuple[str, ...]


def live_through(seed: int, folder: Path) -> Found:
    """Run the schedule of ``seed`` in an empty folder; the folder stays where something was wrong."""
    chance = random.Random(seed)
    source = Source(folder, chance)
    source.make()
    kills, wrong = 0, list[str]()
    for _ in range(ROUNDS):
        source.change(chance.randint(1, 300))
        children = [start(folder, *chance.choice(COMMANDS)) for _ in range(chance.randint(1, 3))]
        if chance.random() < 0.5:
            source.change(chance.randint(1, 50))
        # Killed one after the other; the exponent prefers early moments, of which more lie in the midst of work.
        for child in children:
            time.sleep(LONGEST / len(children) * chance.random())
            kills += kill(child)
        if chance.random() < 0.2:
            shutil.rmtree(folder / "data" / "seen", ignore_errors=True)
    for command in (("pull", "--once", "--compare"), ("project", "--once")):
        code = ended(start(folder, *command), PATIENCE)
        if code:
            wrong.append(f"{command[0]} ended with {code}")
    found = _count(seed, folder, source, kills, wrong) if not wrong else Found(seed, kills, 0, 0, tuple(wrong))
    if not found.wrong:
        shutil.rmtree(folder)
    return found


def _count(seed: int, folder: Path, source: Source, kills: int, wrong: list[str]) -> Found:
    stands, waits = source.truth()
    rows = _query(folder, "SELECT source_key, mass_g, entity_id FROM entries_v1")
    found = Counter(json.loads(key)[0] for key, _, _ in rows)
    lost = [key for key in stands if key not in found]
    doubled = [key for key, times in found.items() if times > 1 or key not in stands]
    stale = [key for key, mass, _ in rows if (k := json.loads(key)[0]) in stands and mass != stands[k] * 1000]
    counted = (("lost", lost), ("doubled", doubled), ("stale", stale))
    wrong += [f"{len(keys)} {what}: {keys[:5]}" for what, keys in counted if keys]
    open_keys = _query(folder, "SELECT source_key FROM quarantine_v1 WHERE state = 'open'")
    waiting = sorted(json.loads(key)[0] for (key,) in open_keys)
    if waiting != sorted(waits):
        wrong.append(f"in quarantine {waiting} instead of {sorted(waits)}")
    ((flows,),) = _query(folder, "SELECT coalesce(sum(mass_g), 0) FROM flows_v1")
    ((debit, credit),) = _query(folder, "SELECT coalesce(sum(debit_g), 0), coalesce(sum(credit_g), 0) FROM accounts_v1")
    total = 1000 * sum(stands.values())
    if not flows == debit == credit == total:
        wrong.append(f"flows {flows}, debits {debit}, credits {credit}, truth {total}")
    if _query(folder, "SELECT * FROM conflicts_v1"):
        wrong.append("two contents under one pair")
    before = _ends(folder)
    ended(start(folder, "pull", "--once", "--compare"), PATIENCE)
    if _ends(folder) != before:
        wrong.append("another pull appended something")
    return Found(seed, kills, len(lost), len(doubled), tuple(wrong))


def _query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data" / "store.db")) as db:
        return db.execute(sql).fetchall()


def _ends(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data" / "journal.db")) as db:
        return db.execute("SELECT topic, next FROM topics ORDER BY topic").fetchall()


def many(seeds: list[int], folder: Path) -> list[Found]:
    """Schedules one after the other; for one worker process."""
    os.environ["LC_ALL"] = "en_US.UTF-8"
    return [live_through(seed, folder / str(seed)) for seed in seeds]
