"""Random histories of a city's waste: what departments say, correct, withdraw, repeat and contradict."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa

from hub.events import columns
from hub.events.schema import arrow
from hub.journal.port import Journal, Outgoing, Topic
from hub.projector.projection import Projection, read_projection
from hub.reference.kinds import DEPARTMENTS, KINDS

Event = dict[str, Any]
ROOT = Path(__file__).parents[2]

_PERIODS = {"2026-03": "day", "2026-04": "instant", "2026Q1": "quarter", "2026": "year"}


def event(entity: str = "A1", revision: int = 1, restated: int = 0, **said: Any) -> Event:
    """One event about ``entity``, complete; ``said`` overrides any field. The same arguments give the same ids."""
    made: Event = {
        "entity_id": str(uuid5(NAMESPACE_URL, f"entity {entity}")), "revision": revision, "restated": restated,
        "identity": "housing.weighbridge", "part": "", "source_key": f'["{entity}"]', "kind": "RECEIVED",
        "retracted": False, "stream": "construction", "scheme": "SW", "code": "SW70", "code_unverified": False,
        "mass_g": 1_000_000, "basis": "weighed", "occurred_at": datetime(2026, 3, 1, 0, 5, tzinfo=UTC),
        "precision": "instant", "period": "2026-03", "business_day": date(2026, 3, 1),
        "observed_at": datetime(2026, 3, 2, tzinfo=UTC), "region": "371502", "department": "housing",
        "connector": "housing.weighbridge", "mapping": "0" * 16, "lists": "", "batch": "b",
    }  # fmt: skip
    made |= said
    content = f"{made['entity_id']} {revision} {restated} {sorted((k, str(v)) for k, v in said.items())}"
    return {"event_id": str(uuid5(NAMESPACE_URL, f"event {content}")), **made}


def history(seed: int, entities: int = 30) -> list[Event]:
    """Events in the order in which they are appended; re-sends and old statements among them."""
    dice = random.Random(seed)
    streams = dice.sample(["construction", "domestic", "hazardous", "industrial"], dice.randint(1, 3))
    kinds = {stream: dice.sample(list(KINDS), dice.randint(1, 6)) for stream in streams}
    told: list[Event] = []
    for number in range(entities):
        stream = dice.choice(streams)
        times = dice.choice([1, 1, 1, 2, 3, 5])
        told += [_statement(dice, f"{seed}-{number}", stream, dice.choice(kinds[stream])) for _ in range(times)]
    told += dice.choices(told, k=dice.randint(0, len(told) // 2))
    dice.shuffle(told)
    return told


def _statement(dice: random.Random, entity: str, stream: str, kind: str) -> Event:
    period = dice.choice(list(_PERIODS))
    return event(
        entity, dice.randint(1, 3), dice.randint(0, 2), stream=stream, kind=kind, period=period,
        precision=_PERIODS[period], business_day=date(2026, 3, 1) if "-" in period else None,
        mass_g=dice.choice([0, 1, 16_000_000, 10**13]), count=dice.choice([None, None, 3]),
        retracted=dice.random() < 0.2, code=dice.choice(["SW70", "SW71"]), scheme=dice.choice(["SW", "SW", "LOCAL"]),
        region=dice.choice(["371502", "371581"]), department=dice.choice(list(DEPARTMENTS)[:3]),
        manifest=dice.choice([None, "L1"]), manifest_line=dice.choice([None, 2]),
    )  # fmt: skip


def table(events: Sequence[dict[str, Any]], name: str = "waste_event") -> pa.Table:
    """Records as the Arrow table that the codec takes."""
    schema = arrow(name)
    naive = [{k: v.replace(tzinfo=None) if isinstance(v, datetime) else v for k, v in e.items()} for e in events]
    return pa.Table.from_pylist([{field.name: e.get(field.name) for field in schema} for e in naive], schema=schema)


def append(journal: Journal, records: Sequence[dict[str, Any]], topic: Topic = "events", junk: int = 0) -> None:
    """Append records, and after them ``junk`` messages that cannot be read."""
    name = {"events": "waste_event", "quarantine": "quarantine", "acts": "act"}[topic]
    bodies = [*columns.encode(table(records, name), name).to_pylist(), *[b"\xff junk"] * junk]
    keys = [str(number) for number in range(len(bodies))]
    outgoing = Outgoing(topic, pa.array(keys, pa.string()), pa.array(bodies, pa.binary()))
    journal.append(journal.fence("test"), [outgoing])


def ledger(folder: Path | None = None) -> Projection:
    """The product's ledger; with the files that ``folder`` has for its own."""
    return read_projection("ledger", [*([folder] if folder else []), ROOT / "projections"])


def rules(folder: Path, chains: Sequence[tuple[str, str]] = (), authority: Sequence[tuple[str, str, str]] = ()) -> Path:
    """A hub's projections folder with its own chains and authority."""
    own = folder / "ledger"
    own.mkdir(parents=True, exist_ok=True)
    (own / "chains.csv").write_text("\n".join(["stream,kind", *map(",".join, chains)]) + "\n", encoding="utf-8")
    lines = ["stream,kind,department", *map(",".join, authority)]
    (own / "authority.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
