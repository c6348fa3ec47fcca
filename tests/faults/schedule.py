"""One schedule: on a journal and a store, turn by turn something goes wrong; then the count."""

from __future__ import annotations

import os
import random
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults import counting
from tests.faults.kinds import PATIENCE, Turn, kinds_on
from tests.faults.parts import Pair, Servers, parts, servers
from tests.faults.processes import apart, start
from tests.faults.source import Source

MOST_PARTITIONS = 4
_APART = 5


@dataclass(frozen=True)
class Found:
    """What a schedule came to. ``times``: how often each kind of fault happened; ``wrong``: sentences, none where all
    is right; ``left_out``: why it was not run, where a server is not there."""

    seed: int
    pair: Pair
    times: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    wrong: tuple[str, ...] = ()
    left_out: str = ""


def live_through(seed: int, folder: Path, having: Servers, pairs: Sequence[Pair]) -> Found:
    """Run the schedule of ``seed`` in an empty folder; the folder stays where something was wrong.

    Seeds that follow each other take the pairs in turn, and on each of them the kinds of fault."""
    chance, pair = random.Random(seed), pairs[seed % len(pairs)]
    kinds = kinds_on(pair)
    # Pairs begin elsewhere among the kinds, so that few schedules have many kinds between them.
    first = seed // len(pairs) + _APART * (seed % len(pairs))
    turns = [list(kinds)[first % len(kinds)], chance.choice(list(kinds))]
    chance.shuffle(turns)
    name, partitions = f"f{os.getpid()}_{seed}", chance.randint(1, MOST_PARTITIONS)
    with parts(pair, name, folder, partitions, having, is_cut="cut" in turns, is_full="full" in turns) as made:
        source = Source(folder, chance)
        source.make(made.machines)
        turn = Turn(made, having, source, chance, name)
        for kind in turns:
            source.change(chance.randint(1, 300))
            kinds[kind](turn)
        counted = _counted(turn)
    if not counted.wrong:
        shutil.rmtree(folder)
    return Found(seed, pair, turn.times, counted.lost, counted.doubled, tuple(counted.wrong))


def _counted(turn: Turn) -> counting.Count:
    """All is mended, done to its end, and compared."""
    made, machine = turn.parts, turn.chance.choice(turn.parts.machines)
    turn.source.mend_the_files()
    made.directly()
    for where, *command in (
        (machine, "pull", "--once", "--compare"), (turn.chance.choice(made.projecting()), "project", "--once"),
    ):  # fmt: skip
        _must_do(turn, where, *command)
    if turn.wrong:
        return counting.Count(0, 0, turn.wrong)
    told = apart(lambda: counting.told(machine, turn.poisoned))
    counted = counting.count(made, turn.source, told, turn.poisoned)
    for other in made.machines:
        _must_do(turn, other, "pull", "--once", "--compare")
    if apart(lambda: counting.ends(machine)) != told.ends:
        turn.wrong.append("another pull appended something")
    return counting.Count(counted.lost, counted.doubled, counted.wrong + turn.wrong)


def _must_do(turn: Turn, where: Path, *command: str) -> None:
    child = start(where, *command)
    if not child.wait(PATIENCE):
        child.kill()
        turn.wrong.append(f"the last {child.name} hung for {PATIENCE} s")
    elif child.code:
        turn.wrong.append(f"the last {child.name} ended with {child.code}")


def many(seeds: Sequence[int], folder: Path, pairs: Sequence[Pair], until: float | None) -> list[Found]:
    """Schedules one after the other, none begun after ``until`` (time.time()); for one worker process. Each is told of
    when it is over, so that whoever stops a long run has what it found."""
    os.environ["LC_ALL"] = "en_US.UTF-8"
    found = []
    with servers() as having:
        for seed in seeds:
            if until is not None and time.time() > until:
                break
            try:
                found.append(live_through(seed, folder / str(seed), having, pairs))
            except pytest.skip.Exception as reason:
                found.append(Found(seed, pairs[seed % len(pairs)], left_out=str(reason)))
            except Exception as error:  # noqa: BLE001 - one schedule that cannot be judged is not the end of all others
                wrong = f"it broke off: {''.join(traceback.format_exception(error)[-3:])}"
                found.append(Found(seed, pairs[seed % len(pairs)], wrong=(wrong,)))
            print(_told(found[-1]), flush=True)
    return found


def _told(one: Found) -> str:
    kinds = ", ".join(f"{kind} {times}" for kind, times in sorted(one.times.items()) if times)
    came = one.left_out or f"{one.lost} lost, {one.doubled} doubled, {len(one.wrong)} wrong"
    return "\n  ".join([f"seed {one.seed} on {'+'.join(one.pair)}: {came} ({kinds})", *one.wrong])
