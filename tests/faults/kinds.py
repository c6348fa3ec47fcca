"""The kinds of fault: what happens in one turn of a schedule, while commands are at work."""

from __future__ import annotations

import math
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from hub.projector.postgres_server import STOPPED_SECONDS
from tests.faults.parts import Pair, Parts, Servers
from tests.faults.poison import Poisoned, poison
from tests.faults.processes import Child, apart, start
from tests.faults.source import Source

PATIENCE = 120.0  # seconds until a command that nobody kills must have ended; reached only when something is broken
AWAY_SECONDS = 40.0  # until a command must be done in spite of one that stands still on another machine
ASLEEP_SECONDS = 1.5  # how long a process stands still whom others of its machine must wait for
SOUND_SECONDS, SOUNDLY = STOPPED_SECONDS + 2.5, 0.4  # so long that a database server ends who stands still, and how often
LONGEST = {"embedded": 0.8, "kafka": 2.5}  # seconds of life that a killed process may have
COMMANDS = (
    ("pull", "--once"), ("pull", "--once"), ("pull", "--once"), ("project", "--once"), ("project", "--once"),
    ("project", "--rebuild", "--once"), ("run",),
)  # fmt: skip
ROOM = 20_000, 1_000_000  # bytes that a file may have at most where the disk is full for a command
IN_ORDER = (0, 3)  # done, or a part did not answer: anything else is a fault of ours


@dataclass
class Turn:
    """What a kind of fault needs, and what comes of it: ``times`` by kind, ``wrong`` as sentences."""

    parts: Parts
    having: Servers
    source: Source
    chance: random.Random
    prefix: str
    times: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    poisoned: Poisoned = field(default_factory=set)

    def begin(self, *command: str, room: int | None = None, elsewhere_than: Path | None = None) -> Child:
        """Start a command on a machine that can do it."""
        can = self.parts.machines if command[0] == "pull" else self.parts.projecting()
        others = [machine for machine in can if machine != elsewhere_than]
        return start(self.chance.choice(others or can), *command, room=room)

    def several(self, least: int, most: int) -> list[Child]:
        """Start some commands at once."""
        return [self.begin(*self.chance.choice(COMMANDS)) for _ in range(self.chance.randint(least, most))]

    def moment(self, parts: int = 1) -> None:
        """Let them live for a while."""
        time.sleep(LONGEST[self.parts.pair[0]] / parts * self.chance.random())

    def finish(self, children: list[Child], patience: float = PATIENCE) -> None:
        """Wait until all have ended as they should; what would run for ever is told to stop."""
        for child in children:
            if child.command == ("run",):
                child.send(signal.SIGTERM)
        for child in children:
            if not child.wait(patience):
                child.kill()
                self.wrong.append(f"{child.name} hung for {patience} s")
            elif child.code not in IN_ORDER and (child.command, child.code) != (("run",), -signal.SIGTERM):
                self.wrong.append(f"{child.name} ended with {child.code}")  # but one told so before it could listen

    def kill(self, children: list[Child], kind: str) -> None:
        """One after the other, at any moment."""
        for child in children:
            self.moment(len(children))
            if child.kill():
                self.times[kind] += 1
            elif child.code not in IN_ORDER:
                self.wrong.append(f"{child.name} ended with {child.code}")


def kill(turn: Turn) -> None:
    """kill -9."""
    children = turn.several(1, 3)
    if turn.chance.random() < 0.5:
        turn.source.change(turn.chance.randint(1, 50))
    turn.kill(children, "kill")


def full(turn: Turn) -> None:
    """The disk is full: for some of the commands their own, or the database's for all of them."""
    disk = turn.having.disk if turn.parts.in_postgres and turn.chance.random() < 0.5 else None
    children = []
    if disk is not None:
        turn.finish([turn.begin("project", "--once")] if turn.chance.random() < 0.7 else [])  # else there are no tables yet
        disk.fill(_room(turn.chance) - ROOM[0])
        turn.times["full"] += 1
        children = [turn.begin("project", *turn.chance.choice([["--once"], ["--rebuild", "--once"]]))]
    for _ in range(turn.chance.randint(1, 3)):
        room = _room(turn.chance) if disk is None and turn.chance.random() < 0.7 else None
        turn.times["full"] += room is not None
        children.append(turn.begin(*turn.chance.choice(COMMANDS), room=room))
    turn.moment()
    turn.finish(children) if turn.chance.random() < 0.5 else turn.kill(children, "kill")
    if disk is not None:
        disk.free()


def _room(chance: random.Random) -> int:
    """Small ones as often as large ones: the cache, the journal and the store are full in turn."""
    least, most = map(math.log, ROOM)
    return round(math.exp(chance.uniform(least, most)))


def crowd(turn: Turn) -> None:
    """Two and three of each at once; some come later, some are killed, and hand over what they had."""
    command = turn.chance.choice([("pull", "--once"), ("project", "--once"), ("run",)])
    children = [turn.begin(*command) for _ in range(turn.chance.randint(2, 3))]
    turn.moment(2)
    turn.source.change(turn.chance.randint(1, 100))
    children += turn.several(1, 2)
    turn.times["crowd"] += len(children)
    turn.moment(2)
    turn.kill(children[:1], "kill")
    turn.moment(2)
    turn.finish(children[1:])


def zombie(turn: Turn) -> None:
    """One stands still in the midst of its work, others do the same work, and then it goes on; now and then when it has
    slept so soundly that the database server ended what it had begun."""
    command = turn.chance.choice([("pull", "--once"), ("project", "--once"), ("project", "--rebuild", "--once")])
    asleep = turn.begin(*command)
    turn.moment()
    asleep.send(signal.SIGSTOP)
    stopped = time.monotonic()
    turn.times["zombie"] += not asleep.has_ended()
    turn.source.change(turn.chance.randint(1, 50))
    again = turn.chance.choice([("pull", "--once"), ("project", "--once")])
    others = [turn.begin(*other, elsewhere_than=asleep.folder) for other in ((*command[:1], "--once"), again)]
    must_wait = any(other.folder == asleep.folder and _waits(turn.parts, other) for other in others)
    for other in others:
        if not other.wait(ASLEEP_SECONDS if must_wait else AWAY_SECONDS) and not must_wait:
            turn.wrong.append(f"{other.name} was held up by {asleep.name}, which stands still on another machine")
    projects = command[0] == "project" and turn.parts.in_postgres
    if projects and turn.chance.random() < SOUNDLY and not asleep.has_ended():
        turn.times["sound"] += 1
        time.sleep(max(0.0, stopped + SOUND_SECONDS - time.monotonic()))
    asleep.send(signal.SIGCONT)
    turn.finish([asleep, *others])


def _waits(parts: Parts, other: Child) -> bool:
    """Whether a lock of this machine is between two commands."""
    return other.command[0] == "pull" or not parts.in_postgres or not parts.on_kafka


def broker(turn: Turn) -> None:
    """The broker is killed and started again, or stands still for a while."""
    children = turn.several(1, 3)
    turn.moment()
    turn.times["broker"] += 1
    if turn.chance.random() < 0.6:
        turn.having.broker.kill()
        turn.moment(2)
        turn.having.broker.start()
    else:
        turn.having.broker.freeze()
        time.sleep(turn.chance.choice([0.5, 2.0, 12.0]))
        turn.having.broker.thaw()
    turn.moment(2)
    turn.finish(children)


def postgres(turn: Turn) -> None:
    """The database server loses a session, is shut down, or its first process is killed; then it is there again."""
    children = turn.several(1, 3)
    if not any(child.command[0] == "project" for child in children):
        children.append(turn.begin("project", "--once"))
    turn.moment()
    turn.times["postgres"] += 1
    server, how = turn.having.postgres, turn.chance.random()
    if how < 0.4:
        _end_a_session(turn, signal.SIGTERM if how < 0.2 else signal.SIGKILL)
    else:
        server.stop() if how < 0.6 else server.kill()
        turn.moment(4)
        server.start()
    turn.finish(children)
    server.wait()


def _end_a_session(turn: Turn, how: signal.Signals) -> None:
    """Of one session by SIGTERM, of one by SIGKILL, which costs all of them."""
    assert turn.parts.database is not None
    with psycopg.connect(turn.parts.database, autocommit=True) as admin:
        others = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid"
        ).fetchall()
    if others:
        with suppress(ProcessLookupError):
            os.kill(turn.chance.choice(others)[0], how)


def cut(turn: Turn) -> None:
    """The wire to the database is cut at COMMIT: see tests.faults.wire, which the whole schedule goes over."""
    before = turn.parts.cuts.stat().st_size if turn.parts.cuts.exists() else 0
    children = [*turn.several(1, 2), turn.begin("project", "--once")]
    turn.moment()
    turn.finish(children)
    turn.times["cut"] += turn.parts.cuts.stat().st_size - before if turn.parts.cuts.exists() else 0


def poisoned(turn: Turn) -> None:
    """Messages come that no hub wrote."""
    turn.finish([turn.begin("pull", "--once")])  # now there are topics
    children = turn.several(1, 3)
    turn.moment(2)
    address = turn.having.broker.address if turn.parts.on_kafka else ""
    seed = turn.chance.randrange(1 << 30)
    found = apart(lambda: poison(turn.parts, address, turn.prefix, seed))
    turn.poisoned |= found
    turn.times["poison"] += len(found)
    turn.moment(2)
    turn.finish(children) if turn.chance.random() < 0.5 else turn.kill(children, "kill")


def spoilt(turn: Turn) -> None:
    """While nothing runs: a delivered file is cut, the cache is lost or damaged."""
    if turn.chance.random() < 0.5:
        turn.source.cut_a_file()
        turn.times["spoilt"] += 1
    for machine in turn.parts.machines:
        seen, what = machine / "data" / "seen", turn.chance.random()
        if what < 0.3:
            shutil.rmtree(seen, ignore_errors=True)
        for path in sorted(seen.glob("*.db")) if 0.3 <= what < 0.7 else ():
            _damage(path, turn.chance)
        turn.times["spoilt"] += what < 0.7
    turn.finish(turn.several(1, 2))


def _damage(path: Path, chance: random.Random) -> None:
    """A piece is cut off, or another page is there than was written."""
    page, size = 4096, path.stat().st_size
    with path.open("r+b") as cache:
        if chance.random() < 0.4:
            cache.truncate(chance.randrange(size + 1))
        else:
            cache.seek(chance.randrange(size // page + 1) * page)
            cache.write(chance.randbytes(page))


EVERYWHERE: dict[str, Callable[[Turn], None]] = {
    "kill": kill, "full": full, "crowd": crowd, "zombie": zombie, "poison": poisoned, "spoilt": spoilt,
}  # fmt: skip


def kinds_on(pair: Pair) -> dict[str, Callable[[Turn], None]]:
    """The kinds of fault that these parts can have, by name."""
    of_kafka = {"broker": broker} if pair[0] == "kafka" else {}
    of_postgres = {"postgres": postgres, "cut": cut} if pair[1] == "postgres" else {}
    return {**EVERYWHERE, **of_kafka, **of_postgres}
