"""Messages of the journal → batches for the store. Pure: the clock's reading is passed in.

What cannot be used (no framing, unknown schema, broken body, ids that are none) is set aside by its position; the
others go on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hub.errors import HubError, JournalCorrupt, Retry
from hub.events import columns
from hub.events.identity import entity_id
from hub.events.schema import FOR_TOPIC, arrow
from hub.journal.port import Int64s, Run, Topic
from hub.projector.entries import LONGEST_KEY_BYTES, countable, from_events, instants, shown, usable
from hub.projector.fold import Mask
from hub.projector.port import Batch, Claim, Undecodable

SchemaOf = Callable[[int], str]

_QUARANTINE = pa.schema(
    {
        "quarantine_id": pa.string(), "identity": pa.string(), "connector": pa.string(), "department": pa.string(),
        "source_key": pa.string(), "revision": pa.int64(), "restated": pa.int64(), "scope": pa.string(),
        "errors": pa.string(), "place": pa.string(), "first_seen": pa.string(), "last_seen": pa.string(),
        "partition": pa.int64(), "position": pa.int64(),
    }
)  # fmt: skip
_ACTS = pa.schema(
    {
        "act_id": pa.string(), "kind": pa.string(), "identity": pa.string(), "source_key": pa.string(),
        "revision": pa.int64(), "restated": pa.int64(), "quarantine_id": pa.string(), "person": pa.string(),
        "reason": pa.string(), "acted_at": pa.string(), "partition": pa.int64(), "position": pa.int64(),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Read:
    """The messages of a run that could be decoded, where they stand, and those that could not."""

    table: pa.Table
    positions: Int64s
    undecodable: tuple[Undecodable, ...]


def decoded(run: Run, schema_of: SchemaOf) -> Read:
    """Decode a run; JournalCorrupt and what may be tried again pass through."""
    name = FOR_TOPIC[run.topic]
    reasons: dict[int, str] = {}
    table, kept = arrow(name).empty_table(), np.empty(0, np.int64)
    writer = _writer(run, schema_of)
    if writer is None:
        reasons = dict.fromkeys(range(len(run.values)), f"the schema {run.schema_id} is not known")
    elif run.values:
        found = columns.decode(run.values, writer, name)
        table, kept = found.table, found.kept
        reasons = {bad.index: bad.reason for bad in found.bad}
    if len(table):
        judged = _judged(run.topic, table)
        for good, reason in judged:
            reasons = {int(index): reason for index in kept[~good]} | reasons
        sound = np.logical_and.reduce([good for good, _ in judged])
        table, kept = (table, kept) if sound.all() else (table.filter(pa.array(sound)), kept[sound])
    bad = tuple(_undecodable(run, index, reason) for index, reason in sorted(reasons.items()))
    return Read(table, run.positions[kept], bad)


def batch(run: Run, start: int, claim: Claim, schema_of: SchemaOf, updated_at: str) -> Batch:
    """The batch of one run that begins at position ``start``."""
    read = decoded(run, schema_of)
    made = Batch(
        claim=claim, start=start, next=run.next, decoded=len(read.positions),
        not_a_record=run.next - start - len(run.values), undecodable=read.undecodable, updated_at=updated_at,
    )  # fmt: skip
    if not len(read.positions):
        return made
    if run.topic == "events":
        entries = from_events(read.table, run.partition, read.positions)
        return Batch(**{**vars(made), "statements": entries, "sources": sources(read.table)})
    rows = _quarantine(read, run.partition) if run.topic == "quarantine" else _acts(read, run.partition)
    return Batch(**{**vars(made), "rows": rows})


def sources(events: pa.Table) -> frozenset[tuple[str, str, str]]:
    """Distinct (identity, part, connector): with them a source key gives its entities."""
    names = ["identity", "part", "connector"]
    told = pa.table([shown(events.column(name)) for name in names], names=names)
    distinct = told.group_by(names).aggregate([])
    return frozenset((row["identity"], row["part"], row["connector"]) for row in distinct.to_pylist())


def parts(written: str) -> list[str]:
    """The parts that a quarantined record names; the unnamed one where its list cannot be read."""
    try:
        found = json.loads(written)
    except ValueError:
        return [""]
    return [str(part) for part in found] if isinstance(found, list) and found else [""]


def _judged(topic: Topic, table: pa.Table) -> list[tuple[Mask, str]]:
    """Which messages a store can hold, and what is wrong with the others."""
    if topic == "events":
        return [
            (usable(table), "entity_id or event_id is no UUID"),
            (countable(table), f"what it is counted by is longer than {LONGEST_KEY_BYTES} bytes"),
        ]
    name = _QUARANTINE.names[0] if topic == "quarantine" else _ACTS.names[0]
    short = np.asarray(pc.binary_length(table.column(name)).to_numpy()) <= LONGEST_KEY_BYTES
    return [(short, f"{name} is longer than {LONGEST_KEY_BYTES} bytes")]


def _writer(run: Run, schema_of: SchemaOf) -> str | None:
    if run.schema_id is None:
        return None
    try:
        return schema_of(run.schema_id)
    except (JournalCorrupt, Retry):
        raise
    except (HubError, KeyError):
        return None


def _undecodable(run: Run, index: int, reason: str) -> Undecodable:
    appended = instants(pa.chunked_array([pa.array([int(run.appended_us[index])])]))[0].as_py()
    return Undecodable(int(run.positions[index]), run.schema_id, reason[:500], appended)


def _quarantine(read: Read, partition: int) -> dict[str, pa.Table]:
    seen = instants(read.table.column("observed_at"))
    rows = _shaped(read, partition, _QUARANTINE, {"first_seen": seen, "last_seen": seen})
    names, entities = [], []
    listed = read.table.select(["quarantine_id", "identity", "source_key", "parts"]).to_pylist()
    for row in listed:
        if row["source_key"] is not None:
            for part in parts(row["parts"]):
                names.append(row["quarantine_id"])
                entities.append(bytes.fromhex(entity_id(row["identity"], row["source_key"], part).replace("-", "")))
    concerned = pa.table({"quarantine_id": names, "entity_id": entities}, schema=_CONCERNED)
    return {"quarantine": rows, "quarantine_entities": concerned}


_CONCERNED = pa.schema({"quarantine_id": pa.string(), "entity_id": pa.binary()})


def _acts(read: Read, partition: int) -> dict[str, pa.Table]:
    return {"acts": _shaped(read, partition, _ACTS, {"acted_at": instants(read.table.column("acted_at"))})}


def _shaped(read: Read, partition: int, schema: pa.Schema, made: dict[str, pa.ChunkedArray]) -> pa.Table:
    count = len(read.positions)
    place = {"partition": pa.array(np.full(count, partition)), "position": pa.array(read.positions)}
    all_columns = {**{name: read.table.column(name) for name in read.table.column_names}, **made, **place}
    table = pa.table([all_columns[name] for name in schema.names], names=schema.names).cast(schema)
    table = pa.table([shown(x) if pa.types.is_string(x.type) else x for x in table.columns], schema=schema)
    order = pc.sort_indices(table, [(schema.names[0], "ascending"), ("position", "ascending")])
    return table.take(order)
