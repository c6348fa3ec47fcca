"""The whole journal anew: DuckDB tells each entity's newest event, the store gets only those, in bulk.

Memory stays bounded: the entries wait in an Arrow file, the keys in a DuckDB that spills, both in a temporary folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from hub.ahead import ahead
from hub.errors import StoreUnavailable
from hub.journal.port import Journal, Run
from hub.projector.clock import now
from hub.projector.entries import SCHEMA, from_events
from hub.projector.fold import Mask, changes
from hub.projector.linear import Linear
from hub.projector.messages import Read, decoded, sources
from hub.projector.newest import Newest
from hub.projector.port import Claim, Rebuilding, Rebuilt, Store, Undecodable
from hub.projector.project import BATCH, Progress, project_shared
from hub.projector.projection import Projection

STAGED = 8
"""So many pieces of keys may lie ready on the disk while the store is still busy with the entries."""


@dataclass
class _Seen:
    """What the first pass counts in one partition."""

    claim: Claim
    next: int = 0
    decoded: int = 0
    messages: int = 0
    undecodable: list[Undecodable] = field(default_factory=list)


def rebuild(
    journal: Journal, store: Store, projection: Projection, locks: Path, progress: Progress | None = None
) -> dict[str, Any]:
    """Fold all events anew beside what stands, swap, then go on to the journal's end. Answers as ``project_once``.

    ``progress`` counts every event twice: read, and written.
    """
    with store.shares(journal.partitions, locks) as shares:
        shares.every("events", journal.partitions["events"])
        with _folder() as folder, closing(store.rebuilding(projection, journal.identity)) as making:
            _make(journal, store, projection, making, folder, progress)
        return project_shared(journal, store, projection, shares)


def _make(
    journal: Journal, store: Store, projection: Projection, making: Rebuilding, folder: Path, progress: Progress | None
) -> None:
    seen = {claim.partition: _Seen(claim) for claim in store.claim("events", journal.partitions["events"])}
    spill = folder / "entries.arrow"
    with closing(Newest(folder)) as newest:
        told = _read_all(journal, seen, spill, newest, progress)
        winners = newest.winners()
        with closing(Linear(projection)) as linear:
            for last, ready, sums in ahead(_winning(spill, winners, linear, making)):
                making.entries(ready)
                making.lines(sums)
                if progress is not None:
                    progress(len(winners) + last, 2 * len(winners))
        for ready in ahead(map(making.ready, newest.won()), STAGED):
            making.keys(ready)
        for ready in ahead(map(making.ready, newest.past())):
            making.past(ready)
        applied = newest.applied()
    making.swap([_rebuilt(part, applied) for part in seen.values()], told)


@contextmanager
def _folder() -> Iterator[Path]:
    """Where a rebuild keeps what is too much for the memory; StoreUnavailable where there is no room for it."""
    try:
        with TemporaryDirectory(prefix="wastehub-rebuild-") as folder:
            yield Path(folder)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StoreUnavailable(
            "the store {path} does not take or give rows: {reason}", path=gettempdir(), reason=str(error)
        ) from error


def _rebuilt(part: _Seen, applied: Mapping[int, int]) -> Rebuilt:
    return Rebuilt(
        claim=part.claim, next=part.next, applied=applied.get(part.claim.partition, 0), decoded=part.decoded,
        not_a_record=part.next - part.messages, undecodable=part.undecodable, updated_at=now(),
    )  # fmt: skip


def _read_all(
    journal: Journal, seen: dict[int, _Seen], spill: Path, newest: Newest, progress: Progress | None
) -> set[tuple[str, str, str]]:
    """The first pass: every event's entry into the file, its keys to ``newest``; returns the sources."""
    told: set[tuple[str, str, str]] = set()
    total, done = 2 * sum(journal.end("events").values()), 0
    with pa.OSFile(str(spill), "wb") as out, pa.ipc.new_file(out, SCHEMA) as writer:
        for run, read in ahead(_decoded_runs(journal)):
            part = seen[run.partition]
            part.next, part.messages = run.next, part.messages + len(run.values)
            part.decoded += len(read.positions)
            part.undecodable += read.undecodable
            if len(read.positions):
                events = from_events(read.table, run.partition, read.positions)
                writer.write_table(events.rows.combine_chunks())
                newest.add(events)
                told |= sources(read.table)
            done += len(run.values)
            if progress is not None:
                progress(done, total)
    return told


def _decoded_runs(journal: Journal) -> Iterator[tuple[Run, Read]]:
    """All of the events, to the end as it is at the start."""
    end = journal.end("events")
    standing = dict.fromkeys(journal.partitions["events"], 0)
    while any(standing[partition] < end.get(partition, 0) for partition in standing):
        runs = journal.read("events", standing, BATCH)
        if not runs:
            return
        for run in runs:
            standing[run.partition] = run.next
            yield run, decoded(run, journal.schema)


def _winning(
    spill: Path, winners: Mask, linear: Linear, making: Rebuilding
) -> Iterator[tuple[int, Any, pa.Table]]:
    """The second pass: the winners among the entries in the file, by number; the last number, rows, and their sums."""
    first = 0
    with pa.memory_map(str(spill)) as source, pa.ipc.open_file(source) as reader:
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            index = np.flatnonzero(winners[first : first + len(batch)])
            chosen = pa.Table.from_batches([batch])
            chosen = chosen if len(index) == len(batch) else chosen.take(pa.array(index))
            if len(index):
                sums = linear.sums(changes(chosen, 1))
                ready = making.ready(chosen.add_column(0, "row_no", pa.array(first + index + 1)))
                yield int(first + index[-1] + 1), ready, sums
            first += len(batch)
