"""From a trial that went wrong to a few lines that a person reads: which city, which events, what differs."""

from __future__ import annotations

import random
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from tests.projector.telling import City, Told, city
from tests.projector.trial import InPostgres, Plan, judged

T = TypeVar("T")
Judge = Callable[[Plan, Sequence[City], Path], dict[str, list[str]]]

CITIES = 250
"""In one trial."""
_TRIES = 200
_ALWAYS = ("mass_g", "kind", "stream", "retracted", "connector")


def found_wrong(seed: int, cities: int = CITIES, judge: Judge = judged) -> str:
    """Run the trial of this seed; "" where all is well, else the smallest failing part of it and how to run it again."""
    dice, plan = random.Random(seed), Plan.of(seed)
    every = [city(str(number), dice.getrandbits(64)) for number in range(cities)]

    def judgement(some: Sequence[City]) -> dict[str, list[str]]:
        return _judged(judge, plan, some)

    wrong = judgement(every)
    if not wrong:
        return ""
    failing = [one for one in every if one.name in wrong]
    chosen = next((part for part in (failing[:1], failing) if part and judgement(part)), every)
    chosen = smallest(chosen, lambda some: bool(judgement(some)))
    told = [(number, told) for number, one in enumerate(chosen) for told in one.told]
    told = smallest(told, lambda some: bool(judgement(_with(chosen, some))))
    left = _with(chosen, told)
    return "\n".join([
        f"wrong in {len(wrong)} of {cities} cities (or all over); the smallest part that still is:",
        *_read_out(plan, left), *(f"  {line}" for said in judgement(left).values() for line in said[:12]),
        f"again: python -m tests.projector --seed {seed} --histories {cities}{_where(judge)}",
    ])  # fmt: skip


def smallest(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """Fewer of ``items``, which fail, in their order, so that ``fails`` still holds: pieces are left out, smaller and
    smaller ones."""
    left, size, tries = list(items), max(len(items) // 2, 1), 0
    while tries < _TRIES:
        before = len(left)
        for start in reversed(range(0, before, size)):
            fewer = left[:start] + left[start + size :]
            tries += 1
            if fewer and fails(fewer):
                left = fewer
        if size == 1 and len(left) == before:
            break
        size = max(size // 2, 1)
    return left


def _where(judge: Judge) -> str:
    return " --store postgres" if isinstance(judge, InPostgres) else ""


def _judged(judge: Judge, plan: Plan, cities: Sequence[City]) -> dict[str, list[str]]:
    """What differs; an error that stops the whole is a difference too."""
    with tempfile.TemporaryDirectory(prefix="histories-") as folder:
        try:
            return judge(plan, cities, Path(folder) / "hub")
        except Exception:  # noqa: BLE001 - whatever stops a trial is what it found
            return {"": traceback.format_exc(limit=-3).splitlines()}


def _with(cities: Sequence[City], told: Sequence[tuple[int, Told]]) -> list[City]:
    """The cities with only these events; those that say nothing are left out."""
    kept = [replace(one, told=tuple(t for at, t in told if at == number)) for number, one in enumerate(cities)]
    return [one for one in kept if one.told]


def _read_out(plan: Plan, cities: Sequence[City]) -> list[str]:
    """A line per event; of their fields those in which they differ."""
    every = [told for one in cities for told in one.told]
    fields = dict.fromkeys([*_ALWAYS, *(name for told in every for name in told.event)])
    shown = [f for f in fields if f in _ALWAYS or len({repr(told.event.get(f)) for told in every}) > 1]
    lines = [f"  then: {', '.join(plan.acts)}; rules changed at first: {plan.other_rules_first}"]
    for one in cities:
        lines.append(f"  city {one.name}: chains {_rules(one.chains)}, authority {_rules(one.authority)}")
        for told in one.told:
            said = told.event
            pair = f"{said['entity_id']} {said['revision']}.{said['restated']} {said['event_id']}"
            cells = [
                f"{f}={said.get(f)!r}" for f in shown if f not in ("entity_id", "event_id", "revision", "restated")
            ]
            lines.append(f"    turn {told.turn} partition {told.partition}: {pair} {' '.join(cells)}")
    return lines


def _rules(rules: Any) -> str:
    said = {name: sorted(told) if isinstance(told, set) else told for name, told in rules.items()}
    return str(said) if said else "none"
