"""One schedule: commands started, killed and raced, on a disk that is full for some of them, while the source changes
and its files and the cache are cut and damaged; then the count."""

from __future__ import annotations

import json
import math
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
COMMANDS = (
    ("pull", "--once"), ("pull", "--once"), ("pull", "--once"), ("project", "--once"), ("project", "--once"),
    ("project", "--rebuild", "--once"), ("run",),
)  # fmt: skip
PAGE = 4096
ROOM = 20_000, 1_000_000  # bytes that a file may have at most where the disk is full for a command
IN_ORDER = (0, 3)  # done, or a part did not answer: anything else is a fault of ours


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
        commands = [chance.choice(COMMANDS) for _ in range(chance.randint(1, 3))]
        rooms = [_room(chance) if chance.random() < 0.3 else None for _ in commands]
        children = [start(folder, *command, room=room) for command, room in zip(commands, rooms, strict=True)]
        if chance.random() < 0.5:
            source.change(chance.randint(1, 50))
        # Killed one after the other; the exponent prefers early moments, of which more lie in the midst of work.
        for child, command in zip(children, commands, strict=True):
            time.sleep(LONGEST / len(children) * chance.random())
            code = kill(child)
            kills += code is None
            if code is not None and code not in IN_ORDER:
                wrong.append(f"{' '.join(command)} ended with {code}")
        _spoil(source, folder, chance)
    source.mend_the_files()
    for command in (("pull", "--once", "--compare"), ("project", "--once")):
        code = ended(start(folder, *command), PATIENCE)
        if code:
            wrong.append(f"{command[0]} ended with {code}")
    found = _count(seed, folder, source, kills, wrong) if not wrong else Found(seed, kills, 0, 0, tuple(wrong))
    if not found.wrong:
        shutil.rmtree(folder)
    return found


def _room(chance: random.Random) -> int:
    """Small ones as often as large ones: the cache, the journal and the store are full in turn."""
    least, most = map(math.log, ROOM)
    return round(math.exp(chance.uniform(least, most)))


def _spoil(source: Source, folder: Path, chance: random.Random) -> None:
    """While nothing runs: a delivered file is cut, the cache is lost or damaged."""
    if chance.random() < 0.3:
        source.cut_a_file()
    seen, what = folder / "data" / "seen", chance.random()
    if what < 0.2:
        shutil.rmtree(seen, ignore_errors=True)
    for path in sorted(seen.glob("*.db")) if 0.2 <= what < 0.5 else ():
        size = path.stat().st_size
        if what < 0.3:
            os.truncate(path, chance.randrange(size + 1))
        else:
            with path.open("r+b") as cache:
                cache.seek(chance.randrange(size // PAGE + 1) * PAGE)
                cache.write(chance.randbytes(PAGE))


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
    waiting = sorted(json.loads(key)[0] for (key,) in open_keys if key is not None)  # the end of a cut file has none
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
