"""How far each partition is folded, in PostgreSQL: all partitions of a bundle at once, under the locks of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.journal.port import Topic
from hub.projector.port import PROJECTIONS, Batch
from hub.projector.postgres_database import Database
from hub.projector.postgres_shares import lock_key

WRITES = 0x7761_7303
"""Class of the advisory locks of those who write in a partition."""
_ADDED = ("applied", "decoded", "quarantined", "not_a_record")


def standing(database: Database, topic: Topic, partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Partition → epoch and next position, read under the locks of their rows, which last until the transaction ends:
    never carried in. All take them in the same order."""
    own = sorted(set(partitions))
    keys = [lock_key(topic, partition) for partition in own]
    database.query("SELECT pg_advisory_xact_lock(%s, asked.key) FROM unnest(%s::integer[]) AS asked (key)", WRITES, keys)
    found = database.query(
        "SELECT partition, epoch, position FROM positions WHERE projection = %s AND partition = ANY(%s)"
        " ORDER BY partition FOR UPDATE",
        PROJECTIONS[topic], own,
    )  # fmt: skip
    return dict.fromkeys(own, (0, 0)) | {partition: (epoch, position) for partition, epoch, position in found}


def move(database: Database, batches: Sequence[Batch], applied: Mapping[int, int]) -> None:
    """Move the partitions of some batches of one topic on to where these end. ``applied``: partition → how many more
    of its messages count; less in one that is not among these, where an entity's newest event stood there before."""
    partitions = sorted({batch.claim.partition for batch in batches} | set(applied))
    ends: dict[int, Batch] = {batch.claim.partition: batch for batch in batches}
    counts = {partition: dict.fromkeys(_ADDED, 0) | {"applied": applied.get(partition, 0)} for partition in partitions}
    for batch in batches:
        own = counts[batch.claim.partition]
        own["decoded"] += batch.decoded
        own["quarantined"] += len(batch.undecodable)
        own["not_a_record"] += batch.not_a_record
    moved = [ends.get(partition) for partition in partitions]
    added = ", ".join(f"{name} = positions.{name} + told.{name}" for name in _ADDED)
    database.query(
        "UPDATE positions SET position = coalesce(told.position, positions.position),"
        f" updated_at = coalesce(told.updated_at, positions.updated_at), {added}"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
        f" AS told (partition, position, updated_at, {', '.join(_ADDED)})"
        " WHERE positions.projection = %s AND positions.partition = told.partition",
        partitions, [end and end.next for end in moved], [end and end.updated_at for end in moved],
        *([counts[partition][name] for partition in partitions] for name in _ADDED),
        PROJECTIONS[batches[0].claim.topic],
    )  # fmt: skip
