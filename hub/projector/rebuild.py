"""The whole journal anew: DuckDB tells each entity's newest event, the store gets only those, in bulk.

Memory stays bounded: the entries wait in Arrow files, the keys in a DuckDB that spills, both in a temporary folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import duckdb
import pyarrow as pa

from hub.ahead import ahead
from hub.errors import StoreUnavailable
from hub.journal.port import Journal
from hub.projector.buckets import Bucket, Counting, FirstPass, Seen
from hub.projector.clock import now
from hub.projector.fold import changes
from hub.projector.linear import Linear
from hub.projector.port import PROJECTIONS, Rebuilding, Rebuilt, Store
from hub.projector.project import Progress, project_shared
from hub.projector.projection import Projection
from hub.scratch import scratch

STAGED = 8
"""So many pieces of keys may lie ready on the disk while the store is still busy with the entries."""


def rebuild(
    journal: Journal, store: Store, projection: Projection, locks: Path, progress: Progress | None = None
) -> dict[str, Any]:
    """Fold all events anew beside what stands, swap, then go on to the journal's end. Answers as ``project_once``.

    ``progress`` counts every event twice: read, and written.
    """
    counting, partitions = Counting(progress), list(journal.partitions["events"])
    # As a rule an entity is in one partition, the one that its key names: then the store is filled from one partition
    # while the next is read. If not, all are taken together.
    attempts = [[[number] for number in partitions], [partitions]]
    with store.shares(journal.partitions, locks) as shares:
        shares.every("events", partitions)
        for buckets in attempts:
            with _folder() as folder, closing(store.rebuilding(projection, journal.identity)) as making:
                claims = store.claim("events", partitions)
                first = FirstPass(journal, claims, _aside(store), folder, counting)
                if _made(first, buckets, projection, making, counting):
                    break
        return project_shared(journal, store, projection, shares)


def _aside(store: Store) -> dict[int, int]:
    """Partition → how many messages of it the store that stands could not use."""
    own = [row for row in store.positions() if row["projection"] == PROJECTIONS["events"]]
    return {row["partition"]: row["quarantined"] for row in own}


def _made(
    first: FirstPass, buckets: Sequence[Sequence[int]], projection: Projection, making: Rebuilding, counting: Counting
) -> bool:
    """Whether it came in: not where an entity is in two buckets."""
    with closing(first), closing(Linear(projection)) as linear, closing(ahead(first.buckets(buckets))) as coming:
        try:
            for bucket in coming:
                _write_entries(bucket, linear, making, counting)
        finally:
            first.stop()
        if len(buckets) > 1 and not first.newest.parted():
            return False
        for ready in ahead(map(making.ready, first.newest.won()), STAGED):
            making.keys(ready)
        for ready in ahead(map(making.ready, first.newest.past())):
            making.past(ready)
        applied = first.newest.applied()
    making.swap([_rebuilt(part, applied) for part in first.seen.values()], first.sources)
    return True


def _write_entries(bucket: Bucket, linear: Linear, making: Rebuilding, counting: Counting) -> None:
    done = 0
    for last, ready, sums in ahead(_winning(bucket, linear, making)):
        making.entries(ready)
        making.lines(sums)
        counting.add(last - done)
        done = last
    bucket.spill.unlink()


def _winning(bucket: Bucket, linear: Linear, making: Rebuilding) -> Iterator[tuple[int, Any, pa.Table]]:
    """The second pass: how many events of the bucket are done with each piece, its rows, and their sums."""
    for chosen, numbers in bucket.batches():
        sums = linear.sums(changes(chosen, 1))
        ready = making.ready(chosen.add_column(0, "row_no", pa.array(numbers + 1)))
        yield int(numbers[-1]) + 1 - bucket.first, ready, sums


@contextmanager
def _folder() -> Iterator[Path]:
    """Where a rebuild keeps what is too much for the memory; StoreUnavailable where there is no room for it."""
    try:
        with scratch("rebuild") as folder:
            yield folder
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StoreUnavailable(
            "the store {path} does not take or give rows: {reason}", path=gettempdir(), reason=str(error)
        ) from error


def _rebuilt(part: Seen, applied: Mapping[int, int]) -> Rebuilt:
    return Rebuilt(
        claim=part.claim, next=part.next, applied=applied.get(part.claim.partition, 0), decoded=part.decoded,
        not_a_record=part.next - part.messages, undecodable=part.undecodable, updated_at=now(),
    )  # fmt: skip
