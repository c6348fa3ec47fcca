"""A rebuild's first pass: all events once, bucket by bucket; each entity's newest is known when its bucket ends.

A bucket is some partitions. The entries wait in an Arrow file, the keys in :class:`hub.projector.newest.Newest`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

import numpy as np
import pyarrow as pa

from hub.ahead import ahead
from hub.errors import Refused
from hub.journal.port import Journal, Run
from hub.projector.entries import SCHEMA, Int64s, from_events
from hub.projector.fold import Mask
from hub.projector.messages import Read, decoded, sources
from hub.projector.newest import Newest
from hub.projector.port import Claim, Undecodable
from hub.projector.project import BATCH, Progress


@dataclass
class Seen:
    """What was counted in one partition. ``may_be_bad``: so many more of the messages that the store was folded from
    may turn out unusable, as they were for it; beyond that it would be no rebuild."""

    claim: Claim
    may_be_bad: int
    next: int = 0
    decoded: int = 0
    messages: int = 0
    undecodable: list[Undecodable] = field(default_factory=list)

    def add(self, run: Run, read: Read) -> None:
        """One more run. Raises Refused where what stands would be lost."""
        self.next, self.messages = run.next, self.messages + len(run.values)
        self.decoded += len(read.positions)
        self.undecodable += read.undecodable
        for bad in read.undecodable:
            self.may_be_bad -= bad.position < self.claim.position
            if self.may_be_bad < 0:
                raise Refused(
                    "a message that the store was folded from cannot be read any more: {place}: {reason}",
                    place=f"{run.topic}/{run.partition}/{bad.position}", reason=bad.reason,
                    remedy="Look at registry= in hub.toml, and whether this wastehub is older than the message; what "
                    "stands, stays. To do without such messages drop the store and project again.",
                )  # fmt: skip


@dataclass(frozen=True)
class Bucket:
    """``spill``: the entries of its events, numbered from ``first``; ``winners``: which of them are their entities'
    newest."""

    spill: Path
    first: int
    winners: Mask

    def batches(self) -> Iterator[tuple[pa.Table, Int64s]]:
        """The newest entries piece by piece, and their numbers; no empty piece."""
        begun = 0
        with pa.memory_map(str(self.spill)) as source, pa.ipc.open_file(source) as reader:
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                index = np.flatnonzero(self.winners[begun : begun + len(batch)])
                chosen = pa.Table.from_batches([batch])
                chosen = chosen if len(index) == len(batch) else chosen.take(pa.array(index))
                if len(index):
                    yield chosen, self.first + begun + index
                begun += len(batch)


class Counting:
    """Tells how far a rebuild is, from any thread: every event counts twice, when it is read and when it is written."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._lock = progress, Lock()
        self._done = self._total = 0

    def expect(self, events: int) -> None:
        """So many more will be counted."""
        self._total += events

    def add(self, events: int) -> None:
        """So many more are done."""
        with self._lock:
            self._done = min(self._done + events, self._total)
            if self._progress is not None:
                self._progress(self._done, self._total)


class FirstPass:
    """Reads up to the journal's end as it was at the start. ``aside``: partition → how many messages the store that
    stands could not use; ``folder``: where entries and keys wait."""

    def __init__(
        self, journal: Journal, claims: Sequence[Claim], aside: Mapping[int, int], folder: Path, counting: Counting
    ) -> None:
        self.seen = {claim.partition: Seen(claim, aside.get(claim.partition, 0)) for claim in claims}
        self.sources: set[tuple[str, str, str]] = set()
        self.newest = Newest(folder)
        self._journal, self._folder, self._counting = journal, folder, counting
        self._end = journal.end("events")
        self._stopped = Event()
        counting.expect(2 * sum(self._end.values()))

    def buckets(self, partitions: Sequence[Sequence[int]]) -> Iterator[Bucket]:
        """All buckets, made of these partitions, in this order."""
        for number, some in enumerate(partitions):
            first, spill = self.newest.count, self._folder / f"entries-{number}.arrow"
            with (
                pa.OSFile(str(spill), "wb") as out,
                pa.ipc.new_file(out, SCHEMA) as writer,
                closing(ahead(self._decoded(some))) as runs,
            ):
                for run, read in runs:
                    if self._stopped.is_set():
                        return
                    self._take(run, read, writer)
            yield Bucket(spill, first, self.newest.winners())

    def stop(self) -> None:
        """End what another thread is reading."""
        self._stopped.set()

    def close(self) -> None:
        """Free what it holds, once nobody reads any more."""
        self.newest.close()

    def _take(self, run: Run, read: Read, writer: pa.RecordBatchWriter) -> None:
        self.seen[run.partition].add(run, read)
        if len(read.positions):
            events = from_events(read.table, run.partition, read.positions)
            writer.write_table(events.rows.combine_chunks())
            self.newest.add(events)
            self.sources |= sources(read.table)
        self._counting.add(len(run.values))

    def _decoded(self, partitions: Sequence[int]) -> Iterator[tuple[Run, Read]]:
        standing: Mapping[int, int] = {**self._end, **dict.fromkeys(partitions, 0)}
        while any(standing[partition] < self._end.get(partition, 0) for partition in partitions):
            runs = self._journal.read("events", standing, BATCH)
            if not runs:
                return
            for run in runs:
                standing = {**standing, run.partition: run.next}  # also of others, where something came meanwhile
                if run.partition in partitions:
                    yield run, decoded(run, self._journal.schema)
