"""The store: where projections are kept. What every implementation promises.

- ``apply`` commits a batch's rows and the position after it in one transaction, or nothing. Epoch and position are
  read inside that transaction, under its lock: a batch that does not begin where the store stands is dropped.
- A partition of a projection has one projector: ``claim`` makes the caller the newest, an ``apply`` under an older
  claim raises :class:`hub.errors.Fenced` and changes nothing.
- Readers see whole batches, and are not held up.
- After ``apply`` or :mod:`hub.projector.rebuild` of the same messages, in whatever batches and order, the versioned
  views are the same, ``updated_at`` excepted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from hub.journal.port import Topic
from hub.projector.entries import Statements
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
    part, connector) among the events. ``ready``: what the store's ``ready`` made of it.
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
    ready: object = None


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
        """Append entity_id, revision, restated, event_id, row_no; sorted by entity over all calls."""

    def past(self, ready: Any) -> None:
        """Append rows of :data:`hub.projector.fold.PAST`."""

    def lines(self, sums: pa.Table) -> None:
        """Add sums to the lines."""

    def swap(self, rebuilt: Sequence[Rebuilt], sources: Iterable[tuple[str, str, str]]) -> None:
        """Put all of it in the place of what stands, in one transaction. Fenced where a claim is not the newest."""


class Store(Protocol):
    """The port. Raises StoreUnavailable (try again), Fenced, Refused, NotInOrder (stop)."""

    def prepare(self, projection: Projection, journal: str) -> None:
        """Make what is not there. Refused where the store was built by other rules or a newer wastehub; Stop where
        it was built from another ``journal`` (an identity)."""

    def claim(self, topic: Topic, partitions: Sequence[int]) -> list[Claim]:
        """Become the only projector of these partitions."""

    def ready(self, batch: Batch) -> Batch:
        """Do what needs no transaction; may run on another thread than ``apply`` of the batch before."""

    def apply(self, batch: Batch) -> bool:
        """Commit a batch; False where the store stands elsewhere than at its start, and nothing was changed."""

    def positions(self) -> list[dict[str, Any]]:
        """The rows of positions_v1."""

    def conflicts(self, limit: int) -> list[str]:
        """Up to ``limit`` entities about which two events say different things under one pair: a writer's fault."""

    def rebuilding(self, projection: Projection, journal: str) -> Rebuilding:
        """Begin a rebuild by these rules, whatever rules stand. Raises as ``prepare`` does, for all but the rules."""

    def close(self) -> None:
        """Free what it holds."""
