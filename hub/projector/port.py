"""The store: where projections are kept. What every implementation promises.

- ``apply`` commits a batch's rows and the position after it in one transaction, or nothing. Epoch and position are
  read inside that transaction, under its lock: a batch that does not begin where the store stands is dropped.
- A partition of a projection has one projector: ``claim`` makes the caller the newest, an ``apply`` under an older
  claim raises :class:`hub.errors.Fenced` and changes nothing. Who may claim what is agreed upon through ``shares``;
  where that failed (a projector that was stopped wakes up) the claims still hold.
- Readers see whole batches, and are not held up.
- After ``apply`` or :mod:`hub.projector.rebuild` of the same messages, in whatever batches and order, the versioned
  views are the same, ``updated_at`` excepted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from hub.errors import Fenced
from hub.journal.port import Topic
from hub.projector.entries import Statements, join
from hub.projector.projection import Projection

PROJECTIONS: Mapping[Topic, str] = {"events": "ledger", "quarantine": "quarantine", "acts": "acts"}
"""Topic → the name under which its positions are kept."""


@dataclass(frozen=True)
class Claim:
    """The right to move one partition on: its epoch, and where it stood when it was claimed."""

    topic: Topic
    partition: int
    epoch: int
    position: int


@dataclass(frozen=True)
class Undecodable:
    """A message that cannot be used: where it stands, why, and when it was appended (ISO text)."""

    position: int
    schema_id: int | None
    reason: str
    appended_at: str

    @property
    def errors(self) -> str:
        """What quarantine_v1 shows of it."""
        error = {"field": None, "error": "UNDECODABLE", "expression": None, "values": {"reason": self.reason}}
        return json.dumps([error], ensure_ascii=False)


@dataclass(frozen=True)
class Batch:
    """Consecutive messages of one partition: positions from ``start`` up to ``next``.

    ``statements`` for events; ``rows`` for the other topics: table name → rows in that table's columns. ``decoded``:
    how many messages could be read; ``not_a_record``: positions that hold none. ``sources``: distinct (identity,
    part, connector) among the events.
    """

    claim: Claim
    start: int
    next: int
    decoded: int
    not_a_record: int
    undecodable: Sequence[Undecodable]
    updated_at: str
    statements: Statements | None = None
    sources: frozenset[tuple[str, str, str]] = frozenset()
    rows: Mapping[str, pa.Table] | None = None


@dataclass(frozen=True)
class Bundle:
    """Batches of one topic that are committed together, those of a partition in order: at least one.

    ``ready``: what the store's ``ready`` made of it.
    """

    batches: tuple[Batch, ...]
    ready: object = None

    @property
    def statements(self) -> Statements | None:
        """Those of all batches."""
        told = [batch.statements for batch in self.batches if batch.statements is not None]
        return join(told) if len(told) > 1 else next(iter(told), None)

    def follows(self, standing: Callable[[Claim], tuple[int, int]]) -> bool:
        """Whether every batch begins where its partition stands. ``standing``: its epoch and next position, read in
        the transaction that is to write. Raises Fenced where a claim is not the newest."""
        at: dict[int, int] = {}
        for batch in self.batches:
            claim = batch.claim
            if claim.partition not in at:
                epoch, at[claim.partition] = standing(claim)
                if epoch != claim.epoch:
                    raise Fenced("another projector took over partition {partition} of {topic}",
                                 partition=claim.partition, topic=claim.topic)  # fmt: skip
            if at[claim.partition] != batch.start:
                return False
            at[claim.partition] = batch.next
        return True


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild found out about one partition of events. ``applied``: winning events that stand in it."""

    claim: Claim
    next: int
    applied: int
    decoded: int
    not_a_record: int
    undecodable: Sequence[Undecodable]
    updated_at: str


class Rebuilding(Protocol):
    """A projection made anew beside the one that stands. Nobody sees it before ``swap``."""

    def ready(self, rows: pa.Table) -> Any:
        """Prepare rows for one of the three below; may run on another thread."""

    def entries(self, ready: Any) -> None:
        """Append entries: ``row_no``, then the columns of an entry."""

    def keys(self, ready: Any) -> None:
        """Append entity_id, revision, restated, event_id, row_no, partition, position; sorted by entity over all
        calls."""

    def past(self, ready: Any) -> None:
        """Append rows of :data:`hub.projector.fold.PAST`."""

    def lines(self, sums: pa.Table) -> None:
        """Add sums to the lines."""

    def swap(self, rebuilt: Sequence[Rebuilt], sources: Iterable[tuple[str, str, str]]) -> None:
        """Put all of it in the place of what stands, in one transaction. Fenced where a claim is not the newest."""

    def close(self) -> None:
        """Free what it holds. What was not swapped in is gone, or will be when the next one begins."""


class Shares(Protocol):
    """Which partitions are this projector's, among all who project into the store. Its death gives them back."""

    def mine(self, topic: Topic, partitions: Sequence[int]) -> list[int]:
        """Take those of these partitions that are free, up to a fair share; give back all others of the topic.
        Returns what is this projector's until it asks again; an embedded store gives all of them."""

    def uneven(self, topic: Topic) -> bool:
        """Whether it has more than its share by now, and should ask again."""

    def every(self, topic: Topic, partitions: Sequence[int]) -> None:
        """Wait until all of them are this projector's."""


class Store(Protocol):
    """The port. Raises StoreUnavailable (try again), Fenced, Refused, NotInOrder (stop)."""

    def prepare(self, projection: Projection, journal: str) -> None:
        """Make what is not there. Refused where the store was built by other rules or a newer wastehub; Stop where
        it was built from another ``journal`` (an identity)."""

    def shares(self, partitions: Mapping[Topic, Sequence[int]], locks: Path) -> AbstractContextManager[Shares]:
        """Take part in projecting. An embedded store has one projector at a time: the next one waits, by files in
        the folder ``locks``. Others share the partitions out among all that take part."""

    def claim(self, topic: Topic, partitions: Sequence[int]) -> list[Claim]:
        """Become the only projector of these partitions, whoever was."""

    def ready(self, bundle: Bundle) -> Bundle:
        """Do what needs no transaction; may run on another thread than ``apply`` of the bundle before."""

    def apply(self, bundle: Bundle) -> bool:
        """Commit a bundle; False where the store stands elsewhere than at its start, and nothing was changed."""

    def positions(self) -> list[dict[str, Any]]:
        """The rows of positions_v1."""

    def conflicts(self, limit: int) -> list[str]:
        """Up to ``limit`` entities about which two events say different things under one pair: a writer's fault."""

    def projectors(self) -> int | None:
        """How many take part in projecting at this moment (one that has nothing to do does not); None where that
        cannot be seen."""

    def server(self) -> str:
        """What keeps it, with its version."""

    def rebuilding(self, projection: Projection, journal: str) -> Rebuilding:
        """Begin a rebuild by these rules, whatever rules stand. Raises as ``prepare`` does, for all but the rules."""

    def close(self) -> None:
        """Free what it holds."""
