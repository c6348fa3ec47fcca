"""The fold: events of a batch + the entries that stand → the new entries and what changes. Pure.

An entity's entry is its highest (revision, restated); of equal pairs with other content the smaller event_id, only
so that rebuilds are alike; of the same event twice the lowest position. So neither order, nor repetition, nor where
a batch is cut makes a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hub.projector.entries import SCHEMA, Int64s, Statements, blobs, join

Mask = npt.NDArray[np.bool_]

CHANGES = SCHEMA.append(pa.field("sign", pa.int64()))
PAST = pa.schema(
    {
        "entity_id": pa.binary(16), "revision": pa.int64(), "restated": pa.int64(), "event_id": pa.binary(16),
        "partition": pa.int64(), "position": pa.int64(),
    }
)  # fmt: skip
"""What is kept of an event that is not its entity's newest: where it stands. Each event once, at its lowest place."""


@dataclass(frozen=True)
class Folded:
    """What a batch does.

    ``inserted``: which of the new events are entries of entities not seen before, by entity. ``updated``: which of
    them replace an entry; ``replaced`` (same length): which of the old ones. ``past``: where the events stand that
    are not, or no longer, the newest. ``changes``: the entries gone (sign −1) and come (+1), retracted ones left out:
    what linear projections sum. ``winners``: by how many the newest events of each partition grow or shrink.
    """

    inserted: Int64s
    updated: Int64s
    replaced: Int64s
    past: pa.Table
    changes: pa.Table
    winners: Mapping[int, int]


def fold(new: Statements, old: Statements) -> Folded:
    """``new``: events in any order. ``old``: the entries of all entities in ``new`` that have one, each once."""
    every = join([old, new])
    order = ranked(every)
    first = _starts(every.entity[order])
    winner, group = order[first], np.cumsum(first) - 1
    held = np.full(len(winner), -1, dtype=np.int64)
    is_old = order < len(old)
    held[group[is_old]] = order[is_old]
    won = winner >= len(old)
    again = (every.event[order] == every.event[winner][group]).all(axis=1)
    inserted, updated = winner[won & (held < 0)] - len(old), winner[won & (held >= 0)] - len(old)
    replaced = held[won & (held >= 0)]
    came = np.sort(np.concatenate([inserted, updated]))
    return Folded(
        inserted=inserted,
        updated=updated,
        replaced=replaced,
        past=past(every, order[~again & _distinct(every, order, first)]),
        changes=pa.concat_tables([changes(old.take(replaced).rows, -1), changes(new.take(came).rows, 1)]),
        winners=_winners(new.numbers("partition")[came], old.numbers("partition")[replaced]),
    )


def ranked(events: Statements) -> Int64s:
    """Indices by entity, the newest event first and each event's lowest position first."""
    keys = (
        events.numbers("partition"), events.numbers("position"), events.event[:, 1], events.event[:, 0],
        ~events.numbers("restated"), ~events.numbers("revision"), events.entity[:, 1], events.entity[:, 0],
    )  # fmt: skip
    return np.lexsort(keys).astype(np.int64)


def past(events: Statements, index: Int64s) -> pa.Table:
    """Where these events stand, as rows of :data:`PAST`."""
    columns = [
        blobs(events.entity[index]), events.numbers("revision")[index], events.numbers("restated")[index],
        blobs(events.event[index]), events.numbers("partition")[index], events.numbers("position")[index],
    ]  # fmt: skip
    return pa.table(columns, schema=PAST)


def changes(entries: pa.Table, sign: int) -> pa.Table:
    """Those rows of entries that are not retracted, with their sign: rows of :data:`CHANGES`."""
    stands = entries.column("retracted").to_numpy() == 0
    standing = entries if stands.all() else entries.filter(pa.array(stands))
    return standing.append_column(CHANGES.field("sign"), pa.array(np.full(len(standing), sign, dtype=np.int64)))


def _starts(sorted_rows: npt.NDArray[np.uint64]) -> Mask:
    """True where a row differs from the one before it."""
    start = np.ones(len(sorted_rows), dtype=np.bool_)
    start[1:] = (sorted_rows[1:] != sorted_rows[:-1]).any(axis=1)
    return start


def _distinct(events: Statements, order: Int64s, first: Mask) -> Mask:
    """True where an event differs from the one before it: the same event again keeps its lowest place."""
    revision, restated = events.numbers("revision")[order], events.numbers("restated")[order]
    differs = first | _starts(events.event[order])
    differs[1:] |= (revision[1:] != revision[:-1]) | (restated[1:] != restated[:-1])
    return differs


def _winners(came: Int64s, gone: Int64s) -> dict[int, int]:
    counts: Counter[int] = Counter(came.tolist())
    counts.subtract(gone.tolist())
    return {partition: count for partition, count in counts.items() if count}
