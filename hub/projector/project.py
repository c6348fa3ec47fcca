"""The loop: journal → store, to the journal's end as it was at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from hub.ahead import ahead
from hub.journal.port import TOPICS, Journal, Topic
from hub.projector.clock import now
from hub.projector.messages import batch
from hub.projector.port import PROJECTIONS, Batch, Claim, Store
from hub.projector.projection import Projection

BATCH = 50_000
Progress = Callable[[int, int], None]
"""Told after every batch: messages done, messages in all."""


def project_once(
    journal: Journal, store: Store, projection: Projection, locks: Path, progress: Progress | None = None
) -> dict[str, Any]:
    """Apply what the journal has. ``locks``: folder of the locks; a partition's second projector waits there.

    Returns ``{"projections": [...]}``: name, version, applied, superseded, quarantined, not_a_record (sums over the
    partitions since the beginning), lag_events, and ``read``: messages read by this call. Raises what the store and
    the journal raise.
    """
    with locked(journal, locks):
        return project_locked(journal, store, projection, progress)


def project_locked(
    journal: Journal, store: Store, projection: Projection, progress: Progress | None = None
) -> dict[str, Any]:
    """:func:`project_once` for a caller who holds the locks."""
    store.prepare(projection, journal.identity)
    read = dict.fromkeys(TOPICS, 0)
    ends = {topic: journal.end(topic) for topic in TOPICS}
    total = sum(sum(end.values()) for end in ends.values())
    for topic in TOPICS:
        claims = store.claim(topic, journal.partitions[topic])
        for count in _apply_topic(journal, store, claims, ends[topic]):
            read[topic] += count
            if progress is not None:
                progress(sum(read.values()), total)
    return report(journal, store, read)


def report(journal: Journal, store: Store, read: dict[Topic, int]) -> dict[str, Any]:
    """What ``project`` answers: the rows of positions_v1 summed over the partitions, and how far behind they are."""
    rows = store.positions()
    answers = []
    for topic in TOPICS:
        own = [row for row in rows if row["projection"] == PROJECTIONS[topic]]
        counts = ("applied", "superseded", "quarantined", "not_a_record")
        answer: dict[str, Any] = {"name": PROJECTIONS[topic], "version": max((r["version"] for r in own), default=1)}
        answer |= {name: sum(row[name] for row in own) for name in counts}
        answer["lag_events"] = sum(journal.end(topic).values()) - sum(row["position"] for row in own)
        answer["read"] = read[topic]
        answers.append(answer)
    return {"projections": answers}


@contextmanager
def locked(journal: Journal, locks: Path) -> Iterator[None]:
    """Hold the lock of every partition; waits for another process, whose death frees it."""
    locks.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for topic in TOPICS:
            for partition in journal.partitions[topic]:
                stack.enter_context(FileLock(locks / f"project-{PROJECTIONS[topic]}-{partition}.lock"))
        yield


def _apply_topic(journal: Journal, store: Store, claims: Sequence[Claim], end: dict[int, int]) -> Iterator[int]:
    for made in ahead(map(store.ready, _batches(journal, claims, end))):
        if not store.apply(made):
            return  # somebody moved on without the lock: the next call begins where the store stands
        yield made.decoded + len(made.undecodable)


def _batches(journal: Journal, claims: Sequence[Claim], end: dict[int, int]) -> Iterator[Batch]:
    by_partition = {claim.partition: claim for claim in claims}
    standing = {claim.partition: claim.position for claim in claims}
    while any(standing[partition] < end.get(partition, 0) for partition in standing):
        runs = journal.read(claims[0].topic, standing, BATCH)
        if not runs:
            return
        for run in runs:
            yield batch(run, standing[run.partition], by_partition[run.partition], journal.schema, now())
            standing[run.partition] = run.next
