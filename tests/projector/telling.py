"""Small cities by their seeds: what is said about each of their entities, and how it is delivered.

Many cities share one journal and one store, and nothing else: each has streams of its own, by which every line of the
ledger is told to be its. What makes a ledger wrong is frequent here, not likely: few periods and codes, so that lines
are shared; masses that no float holds; ids that are alike in one half; the same thing said again, later or earlier.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from hub.reference.kinds import DEPARTMENTS, KINDS
from tests.projector.histories import Event, event

TURNS, PARTITIONS = 10, 3
BETWEEN = "~"
"""Before the city's name in the name of its streams."""

_SAYS: dict[str, Sequence[Any]] = {
    "period": ("2026-03", "2026-03", "2026-04", "2026Q1", "2026"),
    "region": ("371502", "371502", "371581", ""),
    "scheme": ("SW", "SW", "LOCAL"),
    "code": ("SW70", "SW70", "sw70", "007", "7", "7 "),
    "department": tuple(DEPARTMENTS)[:3],
    "mass_g": (0, 1, 16_000_000, 2**53 + 1, 10**13, -5),
    "count": (None, None, 0, 3, 2**53 + 1),
    "manifest": (None, None, "L1", ""),
    "manifest_line": (None, 2),
    "method": (None, "R4", ""),
    "basis": ("weighed", "stated"),
    "precision": ("instant", "day", "month"),
    "business_day": (None, date(2026, 3, 1), date(1970, 1, 1)),
    "occurred_at": (
        datetime(2026, 3, 1, 0, 5, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 5, 0, 1, tzinfo=UTC),
    ),
    "holder": (None, "鲁𠀀厂", "H'1\""),
    "counterparty": (None, "C"), "facility": (None, "F"), "vehicle": (None, "鲁P12345"),
    "source_key": ('["1"]', '["2"]'),
}  # fmt: skip
_CONNECTORS = ("housing.weighbridge", "housing.renamed")
_PLACES = ("period", "region", "scheme", "code", "department")
_CHAINS = (
    ("GENERATED", "COLLECTED"), ("STORED", "RELEASED", "OPENING"), ("COLLECTED", "RECEIVED", "DISPATCHED"),
    ("RELEASED", "RECEIVED", "DISPATCHED"), ("DISPATCHED", "LOST"), ("RECEIVED", "UTILISED", "DISPOSED"), tuple(KINDS),
)  # fmt: skip
"""What one of these kinds posts depends on the others."""
_REVISIONS = (1, 1, 2, 0, -1, 2**53, 1_772_000_000_000_000, 2**63 - 10_000)
_STEPS = (
    "corrected", "corrected", "moved", "restated", "withdrawn", "deleted", "deleted", "restored", "undone",
    "confirmed", "contradicted", "contradicted", "late", "resent",
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """An event, and by which turn and in which partition it is appended."""

    turn: int
    partition: int
    event: Event


@dataclass(frozen=True)
class City:
    """What was told, in order; its own chains (stream → kinds) and authority ((stream, kind) → department)."""

    name: str
    told: tuple[Told, ...]
    chains: Mapping[str, set[str]]
    authority: Mapping[tuple[str, str], str]


def city(name: str, seed: int) -> City:
    """The city of this seed."""
    dice = random.Random(seed)
    words = dice.sample(["construction", "hazardous", "domestic"], dice.choice([1, 1, 2]))
    kinds = {f"{word}{BETWEEN}{name}": _kinds(dice) for word in words}
    says = _SAYS | {field: dice.choices(_SAYS[field], k=dice.choice([1, 1, 2, 3])) for field in _PLACES}
    entities = range(dice.choice([1, 1, 2, 3, 5, 8, 12]))
    stories = [_Story(dice, f"{name}-{number}", kinds, says).told for number in entities]
    chains, authority = _rules(dice, kinds)
    return City(name, tuple(_delivered(dice, [said for story in stories for said in story])), chains, authority)


def _kinds(dice: random.Random) -> list[str]:
    """A few that go together."""
    kinds = list(dict.fromkeys([*dice.choice(_CHAINS), *dice.choice(_CHAINS)]))
    return dice.sample(kinds, min(dice.randint(1, 5), len(kinds)))


def _rules(
    dice: random.Random, kinds: Mapping[str, list[str]]
) -> tuple[dict[str, set[str]], dict[tuple[str, str], str]]:
    """Half of the streams have a chain, not always of what is told; half of the cities say whose figure counts."""
    declared = {
        stream: {
            *dice.choice([own, own[1:]]),
            *dice.choice(_CHAINS[:-1]),
            *dice.sample(list(KINDS), dice.randint(0, 8)),
        }
        for stream, own in kinds.items()
        if dice.random() < 0.5
    }
    pairs = [(stream, kind) for stream, own in kinds.items() for kind in own]
    chosen = dice.sample(pairs, dice.randint(1, len(pairs))) if dice.random() < 0.5 else []
    return declared, {pair: dice.choice(_SAYS["department"]) for pair in chosen}


class _Story:
    """What is said about one entity: ``told``, in the order in which its department came to know it."""

    def __init__(
        self, dice: random.Random, entity: str, kinds: Mapping[str, list[str]], says: Mapping[str, Sequence[Any]]
    ) -> None:
        self._dice, self._entity, self._kinds, self._may_say = dice, entity, kinds, says
        self.revision, self.restated, self.retracted = dice.choice(_REVISIONS), 0, dice.random() < 0.05
        self.says = self.first = self._anything()
        self.told = [self._said()]
        for _ in range(dice.choice([0, 0, 1, 1, 2, 3, 6])):
            self.told.append(self._step(dice.choice(_STEPS)))

    def _anything(self) -> dict[str, Any]:
        stream = self._dice.choice(list(self._kinds))
        says = {field: self._dice.choice(cells) for field, cells in self._may_say.items()}
        return says | {"stream": stream, "kind": self._dice.choice(self._kinds[stream])}

    def _changed(self) -> dict[str, Any]:
        other = self._anything()
        fields = self._dice.sample(["mass_g", "count", "period", "code", "kind", "manifest", "holder", "department"], 2)
        return self.says | {name: other[name] for name in fields if name != "kind" or self._same_stream(other)}

    def _same_stream(self, other: dict[str, Any]) -> bool:
        return bool(other["stream"] == self.says["stream"])

    def _step(self, step: str) -> Event:
        if step == "resent":
            return _again(self._dice, self.told)
        if step == "late":
            return self._said(self.revision - self._dice.randint(1, 2), self._dice.randint(0, 1), self._changed())
        if step == "contradicted":
            return self._said(says=self._changed())
        if step in ("corrected", "moved", "deleted", "undone", "confirmed"):
            self.revision, self.restated = self.revision + self._dice.choice([1, 1, 1000]), 0
        else:
            self.restated += self._dice.choice([1, 1, 2])
        if step in ("corrected", "restated"):
            self.says = self._changed()
        if step in ("moved", "undone"):
            self.says = self.first if step == "undone" else self._anything()
        self.retracted = step in ("withdrawn", "deleted")
        return self._said()

    def _said(
        self, revision: int | None = None, restated: int | None = None, says: dict[str, Any] | None = None
    ) -> Event:
        pair = (self.revision, self.restated) if revision is None or restated is None else (revision, restated)
        made = event(self._entity, *pair, retracted=self.retracted, **(says or self.says))
        like = uuid5(NAMESPACE_URL, self._entity.partition("-")[0])
        return made | {name: _alike(UUID(made[name]), like) for name in ("entity_id", "event_id")}


def _alike(name: UUID, like: UUID) -> str:
    """Of three ids one shares its upper half with others of its city, one its lower."""
    mine, other = name.bytes, like.bytes
    halves = {0: other[:8] + mine[8:], 1: mine[:8] + other[8:]}
    return str(UUID(bytes=halves.get(mine[0] % 3, mine)))


def _delivered(dice: random.Random, said: list[Event]) -> list[Told]:
    """Story after story, or in any order; some of it again; mostly an entity keeps to one partition."""
    coming = said + [_again(dice, said) for _ in range(dice.choice([0, 0, 1, 3, len(said) // 2]))]
    order = list(range(len(coming)))
    if dice.random() < 0.6:
        dice.shuffle(order)
    turns = dice.sample(range(TURNS), dice.choice([1, 2, 3, TURNS]))
    by_turn = sorted(dice.choices(turns, k=len(coming)))
    stray = dice.choice([0.0, 0.4])
    return [
        Told(turn, dice.randrange(PARTITIONS) if dice.random() < stray else _home(coming[index]), coming[index])
        for turn, index in zip(by_turn, order, strict=True)
    ]


def _again(dice: random.Random, said: list[Event]) -> Event:
    """One of them, sent a second time; what an id does not cover may differ: a connector was renamed."""
    return dice.choice(said) | {"connector": dice.choice(_CONNECTORS)}


def _home(said: Event) -> int:
    return int(said["entity_id"][-1], 16) % PARTITIONS
