"""The plain way, second half: the journal, event by event, into entries and flows. The same for both databases."""

from __future__ import annotations

import io
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import fastavro
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hub.events import schema
from tests.bench.plain_tables import ENTRIES, FLOW_KEYS, FLOWS, JOURNAL, METADATA, POSITION, open_database

BATCH = 5_000
_SCHEMA = fastavro.parse_schema(json.loads(schema.text("waste_event")))
_COLUMNS = tuple(column.name for column in ENTRIES.columns)
Entry = Mapping[str, Any]


def fold_plain(db_path: Path) -> tuple[float, int]:
    """Fold what the journal has beyond the position reached before: seconds, events."""
    begun, count = time.perf_counter(), 0
    engine = open_database(db_path)
    METADATA.create_all(engine)
    while folded := _fold_batch(engine):
        count += folded
    engine.dispose()
    return time.perf_counter() - begun, count


def _fold_batch(engine: sa.Engine) -> int:
    with engine.begin() as connection:
        position = connection.execute(sa.select(POSITION.c.position)).scalar() or 0
        query = sa.select(JOURNAL.c.position, JOURNAL.c.value).where(JOURNAL.c.position > position)
        rows = connection.execute(query.order_by(JOURNAL.c.position).limit(BATCH)).all()
        if not rows:
            return 0
        apply(connection, [decoded(row.value, row.position) for row in rows])
        connection.execute(sa.delete(POSITION))
        connection.execute(sa.insert(POSITION), {"position": rows[-1].position})
        return len(rows)


def apply(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Of each entity the newest entry stands, and its line has its mass."""
    newest = _newest(entries)
    old = _entries(connection, list(newest))
    won = {entity: entry for entity, entry in newest.items() if entity not in old or _beats(entry, old[entity])}
    _write_entries(connection, list(won.values()))
    _write_flows(connection, [old[entity] for entity in won if entity in old], won.values())


def decoded(value: bytes, position: int) -> Entry:
    """The entry that a message makes, by the columns' names."""
    event = cast(dict[str, Any], fastavro.schemaless_reader(io.BytesIO(value[5:]), _SCHEMA, None))
    event["position"] = position
    event["occurred_at"] = event["occurred_at"].replace(tzinfo=None)
    return {name: event[name] for name in _COLUMNS}


def _newest(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Per entity the entry that wins; of two that are the same event the first."""
    newest: dict[str, Entry] = {}
    for entry in entries:
        entity = entry["entity_id"]
        if entity not in newest or _beats(entry, newest[entity]):
            newest[entity] = entry
    return newest


def _beats(new: Entry, old: Entry) -> bool:
    """A higher pair wins; of equal pairs with other content the smaller id, so that every order ends alike."""
    pair, before = (new["revision"], new["restated"]), (old["revision"], old["restated"])
    return bool(pair > before or (pair == before and new["event_id"] < old["event_id"]))


def _entries(connection: sa.Connection, entities: Sequence[str]) -> dict[str, Entry]:
    found = connection.execute(sa.select(ENTRIES).where(ENTRIES.c.entity_id.in_(entities)))
    return {row["entity_id"]: dict(row) for row in found.mappings()}


def _write_entries(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    statement = _insert(connection, ENTRIES)
    update = {name: statement.excluded[name] for name in _COLUMNS if name != "entity_id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["entity_id"], set_=update), entries)


def _write_flows(connection: sa.Connection, old: Iterable[Entry], new: Iterable[Entry]) -> None:
    """What was replaced goes out of its line, what is new comes into its own; a retracted entry is in none."""
    sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for sign, entries in ((-1, old), (1, new)):
        for entry in entries:
            if not entry["retracted"]:
                line = sums[tuple(entry[key] for key in FLOW_KEYS)]
                line[0] += sign * entry["mass_g"]
                line[1] += sign * (entry["count"] or 0)
                line[2] += sign
    if not sums:
        return
    amounts = ("mass_g", "count", "entries")
    names = (*FLOW_KEYS, *amounts)
    lines = [dict(zip(names, (*key, *line), strict=True)) for key, line in sums.items()]
    statement = _insert(connection, FLOWS)
    update = {name: FLOWS.c[name] + statement.excluded[name] for name in amounts}
    connection.execute(statement.on_conflict_do_update(index_elements=list(FLOW_KEYS), set_=update), lines)


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
