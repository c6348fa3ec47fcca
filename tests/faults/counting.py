"""At the end of a schedule: what the source says, what the journal says, and whether the store says the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.journal.port import TOPICS
from hub.projector.port import PROJECTIONS
from tests.faults.parts import Parts
from tests.faults.poison import Poisoned
from tests.faults.source import Source
from tests.projector.oracle import Event, Oracle, Place, Row

_VIEWS = ("entries", "flows", "accounts")
_SHOWN = 4


@dataclass
class Told:
    """What a journal holds. ``messages``: how many there are, by topic and partition."""

    ends: dict[str, dict[int, int]]
    messages: Counter[tuple[str, int]] = field(default_factory=Counter)
    events: list[tuple[Place, Event]] = field(default_factory=list)


@dataclass(frozen=True)
class Count:
    """Keys of the source that are lost or doubled, and sentences of all that is wrong."""

    lost: int
    doubled: int
    wrong: list[str]


def ends(folder: Path) -> dict[str, dict[int, int]]:
    """Where the topics end. For a process of its own."""
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        return {topic: dict(hub.journal().end(topic)) for topic in TOPICS}


def told(folder: Path, poisoned: Poisoned) -> Told:
    """Everything, message by message. For a process of its own."""
    from hub.events.single import decode_one
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        journal = hub.journal()
        found = Told({topic: dict(journal.end(topic)) for topic in TOPICS})
        for topic in TOPICS:
            standing = dict.fromkeys(journal.partitions[topic], 0)
            while runs := journal.read(topic, standing, 1_000):
                for run in runs:
                    standing[run.partition] = run.next
                    found.messages[topic, run.partition] += len(run.values)
                    for position, value in zip(run.positions.tolist(), run.values, strict=True):
                        if topic == "events" and (topic, run.partition, position) not in poisoned:
                            assert run.schema_id is not None, (run.partition, position)
                            said = decode_one(value, journal.schema(run.schema_id), "waste_event")
                            found.events.append(((position, run.partition), said))
    return found


def count(parts: Parts, source: Source, journal: Told, poisoned: Poisoned) -> Count:
    """Compare. The store must have been projected to the journal's end."""
    stands, waits = source.truth()
    rows = parts.query("SELECT source_key, mass_g FROM entries_v1")
    keys = [(json.loads(key)[0], mass) for key, mass in rows]
    found = Counter(key for key, _ in keys)
    lost = [key for key in stands if key not in found]
    doubled = [key for key, times in found.items() if times > 1 or key not in stands]
    stale = [key for key, mass in keys if key in stands and mass != stands[key] * 1000]
    counted = (("lost", lost), ("doubled", doubled), ("stale", stale))
    wrong = [f"{len(some)} {what}: {some[:_SHOWN]}" for what, some in counted if some]
    wrong += _sums(parts, 1000 * sum(stands.values()))
    wrong += _waiting(parts, waits, poisoned)
    oracle = Oracle(journal.events)
    for view in _VIEWS:
        wrong += _difference(view, getattr(oracle, view)(), parts.query(f"SELECT * FROM {view}_v1"))
    wrong += _outcomes(parts, journal, oracle, poisoned)
    if parts.query("SELECT * FROM conflicts_v1"):
        wrong.append("two contents under one pair")
    return Count(len(lost), len(doubled), wrong)


def _sums(parts: Parts, total: int) -> Iterator[str]:
    ((flows,),) = parts.query("SELECT coalesce(sum(mass_g), 0) FROM flows_v1")
    ((debit, credit),) = parts.query("SELECT coalesce(sum(debit_g), 0), coalesce(sum(credit_g), 0) FROM accounts_v1")
    if not flows == debit == credit == total:
        yield f"flows {flows}, debits {debit}, credits {credit}, truth {total}"


def _waiting(parts: Parts, waits: set[str], poisoned: Poisoned) -> Iterator[str]:
    """What is set aside: the bad records by their keys, what cannot be read by its place."""
    rows = parts.query("SELECT id, source_key FROM quarantine_v1 WHERE state = 'open'")
    # The end of a cut file has no key.
    waiting = sorted(json.loads(key)[0] for _, key in rows if key is not None)
    if waiting != sorted(waits):
        yield f"in quarantine {waiting} instead of {sorted(waits)}"
    places = [(name,) for name, _ in rows if "/" in name]
    yield from _difference("by its place", [(f"{topic}/{p}/{at}",) for topic, p, at in poisoned], places)


def _outcomes(parts: Parts, journal: Told, oracle: Oracle, poisoned: Poisoned) -> Iterator[str]:
    """Every offset below the end has become exactly one thing."""
    newest = Counter(_partition(place) for place, _ in oracle.newest.values())
    bad = Counter((topic, partition) for topic, partition, _ in poisoned)
    wanted, found = [], []
    columns = '"partition", "position", applied, superseded, quarantined, not_a_record'
    for topic in TOPICS:
        select = f"SELECT {columns} FROM positions_v1 WHERE projection = '{PROJECTIONS[topic]}'"
        for partition, position, applied, superseded, quarantined, not_a_record in parts.query(select):
            # How often a record is set aside is not for an oracle to know: of those two only the sum.
            shown = (applied, superseded) if topic == "events" else (applied + superseded,)
            found.append((topic, partition, position, *shown, quarantined, not_a_record))
        for partition, end in journal.ends[topic].items():
            here, aside = journal.messages[topic, partition], bad[topic, partition]
            good = here - aside
            told = (newest[partition], good - newest[partition]) if topic == "events" else (good,)
            wanted.append((topic, partition, end, *told, aside, end - here))
    yield from _difference("positions", wanted, found)


def _partition(place: Place) -> int:
    return place[1] if isinstance(place, tuple) else 0


def _difference(what: str, wanted: Iterable[Row], found: Iterable[Sequence[Any]]) -> list[str]:
    lacking, added = (Counter(map(repr, map(_plain, rows))) for rows in (wanted, found))
    sentences = [f"{what}: lacks {row}" for row in sorted((lacking - added).elements())[:_SHOWN]]
    return sentences + [f"{what}: has {row}" for row in sorted((added - lacking).elements())[:_SHOWN]]


def _plain(row: Sequence[Any]) -> Row:
    return tuple(cell if cell is None or isinstance(cell, int) else str(cell) for cell in row)
