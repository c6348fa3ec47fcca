"""The loop: journal → store, to the journal's end as it was at the start."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.ahead import ahead
from hub.errors import JournalCorrupt
from hub.journal.port import TOPICS, Journal, Run, Topic
from hub.projector.clock import now
from hub.projector.lag import COUNTED, lag
from hub.projector.messages import batch
from hub.projector.port import PROJECTIONS, Bundle, Claim, Shares, Store
from hub.projector.projection import Projection

BATCH = 40_000
"""Messages read at a time. A tenth more of them are folded faster, with a fifth more memory."""
PAUSE_SECONDS = 0.1
Progress = Callable[[int, int], None]
"""Told after every batch: messages done, messages in all."""


def project_once(
    journal: Journal,
    store: Store,
    projection: Projection,
    locks: Path,
    progress: Progress | None = None,
    patient: bool = True,
) -> dict[str, Any]:
    """Apply what the journal has. ``locks``: folder of an embedded store's locks; a second projector waits there.

    Where projectors share partitions, ``patient`` waits until those of the others have come to the end too, or become
    free. Returns ``{"projections": [...]}``: name, version, applied, superseded, quarantined, not_a_record (sums over
    the partitions since the beginning), lag_events, and ``read``: messages read by this call. Raises what the store
    and the journal raise.
    """
    with store.shares(journal.partitions, locks) as shares:
        return project_shared(journal, store, projection, shares, progress, patient)


def project_shared(
    journal: Journal,
    store: Store,
    projection: Projection,
    shares: Shares,
    progress: Progress | None = None,
    patient: bool = True,
) -> dict[str, Any]:
    """:func:`project_once` for a caller who takes part already."""
    store.prepare(projection, journal.identity)
    read = dict.fromkeys(TOPICS, 0)
    ends = {topic: journal.end(topic) for topic in TOPICS}
    total = sum(sum(end.values()) for end in ends.values())
    for topic in TOPICS:
        must_reach(journal, topic, store)
        for count in _to_the_end(journal, store, shares, topic, ends[topic], patient):
            read[topic] += count
            if progress is not None:
                progress(sum(read.values()), total)
    return report(journal, store, read, COUNTED if patient else 0)  # who comes again at once needs no count


def report(journal: Journal, store: Store, read: dict[Topic, int], most: int = COUNTED) -> dict[str, Any]:
    """What ``project`` answers: the rows of positions_v1 summed over the partitions, how far behind they are
    (``lag_counted``: not only at most; up to ``most`` messages are counted), and when one of them last moved (ISO
    text): a projector that lives and one that has nothing to do look alike but for the lag.
    """
    rows = store.positions()
    answers = []
    for topic in TOPICS:
        own = [row for row in rows if row["projection"] == PROJECTIONS[topic]]
        counts = ("applied", "superseded", "quarantined", "not_a_record")
        answer: dict[str, Any] = {"name": PROJECTIONS[topic], "version": max((r["version"] for r in own), default=1)}
        answer |= {name: sum(row[name] for row in own) for name in counts}
        behind = lag(journal, topic, {row["partition"]: row["position"] for row in own}, most)
        answer |= {"lag_events": behind.events, "lag_counted": behind.counted}
        answer["lag_seconds"] = round(behind.seconds(time.time_ns() // 1000), 1)
        answer["moved_at"] = max((row["updated_at"] for row in own if row["updated_at"]), default=None)
        answer["read"] = read[topic]
        answers.append(answer)
    return {"projections": answers}


def _to_the_end(
    journal: Journal, store: Store, shares: Shares, topic: Topic, end: Mapping[int, int], patient: bool
) -> Iterator[int]:
    """Apply one topic, turn by turn: a turn ends at ``end``, or when others have come who want their share."""
    behind = list(journal.partitions[topic])  # all, at first: every partition has its row in positions_v1
    while behind:
        claims, moved = store.claim(topic, shares.mine(topic, behind)), False
        for count in _apply_turn(journal, store, shares, claims, end):
            moved = True
            yield count
        behind = _behind(journal, store, topic, end)
        if moved or not behind:
            continue
        if not patient or any(claim.partition in behind for claim in claims):
            return  # somebody moved on without a share: the next call begins where the store stands
        time.sleep(PAUSE_SECONDS)


def must_reach(journal: Journal, topic: Topic, store: Store) -> None:
    """The journal has what the store was folded from. Raises JournalCorrupt where it ends before that."""
    standing = _standing(store, topic)
    end = journal.end(topic)  # asked for afterwards: another projector may move on at any time
    for partition, position in standing.items():
        if position > end.get(partition, 0):
            journal.read(topic, {**end, partition: position}, 1)  # says itself what it lost, if it does
            raise JournalCorrupt(
                "the journal ends at {topic} {partition}:{end}, but the store was folded from it up to {position}",
                topic=topic, partition=partition, position=position, end=end.get(partition, 0),
                remedy="Restore the journal from its backup or archive; the store can be made again, the journal cannot.",
            )  # fmt: skip


def _standing(store: Store, topic: Topic) -> dict[int, int]:
    rows = store.positions()
    return {row["partition"]: row["position"] for row in rows if row["projection"] == PROJECTIONS[topic]}


def _behind(journal: Journal, store: Store, topic: Topic, end: Mapping[int, int]) -> list[int]:
    standing = _standing(store, topic)
    return [number for number in journal.partitions[topic] if standing.get(number, 0) < end.get(number, 0)]


def _apply_turn(
    journal: Journal, store: Store, shares: Shares, claims: Sequence[Claim], end: Mapping[int, int]
) -> Iterator[int]:
    for made in ahead(map(store.ready, _bundles(journal, claims, end))):
        if not store.apply(made):
            return
        yield sum(batch.decoded + len(batch.undecodable) for batch in made.batches)
        if shares.uneven(made.batches[0].claim.topic):
            return


def _bundles(journal: Journal, claims: Sequence[Claim], end: Mapping[int, int]) -> Iterator[Bundle]:
    """What is read at a time, of all the partitions claimed."""
    if not claims:
        return
    topic, by_partition = claims[0].topic, {claim.partition: claim for claim in claims}
    # A journal reads all of its partitions: what comes into the others is read and left.
    standing = {**journal.end(topic), **{claim.partition: claim.position for claim in claims}}
    while any(standing[partition] < end.get(partition, 0) for partition in by_partition):
        runs = journal.read(topic, standing, BATCH)
        if not runs:
            return
        batches = []
        for run in _each(runs):
            if run.partition in by_partition:
                claim = by_partition[run.partition]
                batches.append(batch(run, standing[run.partition], claim, journal.schema, now()))
            standing[run.partition] = run.next
        if batches:
            yield Bundle(tuple(batches))


def _each(runs: list[Run]) -> Iterator[Run]:
    """One after the other, and none is kept: decoded, its messages need no room any more."""
    runs.reverse()
    while runs:
        yield runs.pop()
