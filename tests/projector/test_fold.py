"""The fold alone: order, repetition and cuts change nothing; equal pairs are decided alike everywhere."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.projector.entries import Statements, from_events, statements
from hub.projector.fold import CHANGES, fold
from tests.projector.histories import event, table
from tests.projector.oracle import Oracle

STATEMENTS = st.lists(
    st.builds(
        lambda entity, revision, restated, mass, retracted: event(
            f"E{entity}", revision, restated, mass_g=mass, retracted=retracted
        ),
        st.integers(0, 5), st.integers(1, 3), st.integers(0, 1), st.integers(0, 2), st.booleans(),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


def entries(told: list[tuple[int, dict[str, Any]]]) -> Statements:
    return from_events(table([said for _, said in told]), 0, np.array([position for position, _ in told], np.int64))


class Ledger:
    """Entries by entity, the sum of all changes, and where past events stand: what a store would keep."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.past: dict[tuple[Any, ...], int] = {}
        self.mass = self.entries = self.winners = 0

    def take(self, told: list[tuple[int, dict[str, Any]]]) -> None:
        """Fold a batch of (position, event)."""
        new = entries(told)
        names = sorted({said["entity_id"] for _, said in told} & set(self.rows))
        kept = CHANGES.empty_table() if not names else CHANGES.empty_table().from_pylist([self.rows[x] for x in names])
        old = statements(kept) if names else new.take(np.empty(0, np.int64))
        folded = fold(new, old)
        for index in (folded.inserted, folded.updated):
            self.rows |= {row["entity_id"]: row for row in new.take(index).rows.to_pylist()}
        for row in folded.past.to_pylist():
            key = (row["entity_id"], row["revision"], row["restated"], row["event_id"])
            self.past[key] = min(row["position"], self.past.get(key, row["position"]))
        signs, masses = folded.changes.column("sign").to_pylist(), folded.changes.column("mass_g").to_pylist()
        self.mass += sum(sign * mass for sign, mass in zip(signs, masses, strict=True))
        self.entries += sum(signs)
        self.winners += sum(folded.winners.values())


@settings(max_examples=250)
@given(STATEMENTS, st.randoms(use_true_random=False))
def test_any_order_and_any_cut_give_the_oracle(told: list[dict[str, Any]], dice: random.Random) -> None:
    """Entries, sums, winners and places of past events are the oracle's, in whatever order and batches it was told."""
    placed = list(enumerate(told + dice.choices(told, k=3)))
    oracle = Oracle(placed)
    coming, ledger = dice.sample(placed, len(placed)), Ledger()
    while coming:
        cut = dice.randint(1, len(coming))
        ledger.take(coming[:cut])
        coming = coming[cut:]
    found = {entity: (row["event_id"], row["position"]) for entity, row in ledger.rows.items()}
    assert found == {entity: (said["event_id"], position) for entity, (position, said) in oracle.newest.items()}
    assert ledger.mass == sum(said["mass_g"] for _, said in oracle.standing)
    assert ledger.entries == len(oracle.standing)
    assert ledger.winners == len(oracle.newest)
    won = {said["event_id"] for _, said in oracle.newest.values()}
    others: dict[str, int] = {}
    for position, said in placed:
        if said["event_id"] not in won:
            others[said["event_id"]] = min(position, others.get(said["event_id"], position))
    assert sorted(ledger.past.values()) == sorted(others.values())


def test_ids_survive_as_numbers() -> None:
    """An id read as two numbers is the same id."""
    told = entries([(0, event("A")), (1, event("B", 2))])
    numbers = [UUID(int=int(high) << 64 | int(low)) for high, low in told.entity]
    assert [str(number) for number in numbers] == told.rows.column("entity_id").to_pylist()


def test_an_event_in_another_partition_keeps_its_lowest_place() -> None:
    """The same event again at a lower position moves the entry there, and the sums stay."""
    late, early = entries([(7, event("A"))]), entries([(3, event("A"))])
    folded = fold(early, late)
    assert (folded.updated.tolist(), folded.replaced.tolist()) == ([0], [0])
    assert sorted(folded.changes.column("sign").to_pylist()) == [-1, 1]
    assert len(folded.past) == 0


def test_at_the_same_position_the_lower_partition_counts() -> None:
    """Partitions number their messages alike: of an event at one position in two of them the lower partition is its
    place, whichever was read first."""
    low, high = (from_events(table([event("A")]), partition, np.array([0], np.int64)) for partition in (1, 2))
    assert fold(low, high).winners == {1: 1, 2: -1}
    assert fold(high, low).winners == {}
