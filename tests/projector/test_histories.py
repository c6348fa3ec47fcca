"""Thousands of small histories: store = rebuild = oracle, and what a wrong one is told by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.projector.smallest import found_wrong, smallest
from tests.projector.telling import City
from tests.projector.trial import InPostgres, Plan

TRIALS = 8
# A failing trial makes itself small: Hypothesis could only try other seeds.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=TRIALS, phases=PHASES, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_incremental_is_rebuild_is_oracle(seed: int) -> None:
    """Entries, lines, flows, accounts, past events and positions of 2,000 cities are the oracle's, live and rebuilt."""
    wrong = found_wrong(seed)
    assert not wrong, wrong


@settings(max_examples=2, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_incremental_is_rebuild_is_oracle_in_postgres(postgres: str, seed: int) -> None:
    """The same of 500 cities in PostgreSQL."""
    wrong = found_wrong(seed, judge=InPostgres(postgres))
    assert not wrong, wrong


def test_what_fails_is_made_small() -> None:
    """Of many items only those are left that are needed to fail."""
    assert smallest(range(60), lambda some: {7, 31, 59} <= set(some)) == [7, 31, 59]
    assert smallest([1], lambda _: True) == [1]


def test_a_wrong_history_is_told_by_few_events() -> None:
    """Of all cities and all that they tell, what is read out is the one event that is wrong, and how to see it again."""

    def no_negative_mass(_: Plan, cities: Sequence[City], __: Path) -> dict[str, list[str]]:
        wrong = [one.name for one in cities if any(told.event["mass_g"] < 0 for told in one.told)]
        return {name: ["a negative mass"] for name in wrong}

    told = found_wrong(7, 40, no_negative_mass).splitlines()
    (event,) = (line for line in told if line.startswith("    turn"))
    assert "mass_g=-5" in event
    assert told[-2:] == ["  a negative mass", "again: python -m tests.projector --seed 7 --histories 40"]
