"""Thousands of small histories: store = rebuild = oracle, and what a wrong one is told by."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.projector.smallest import found_wrong, smallest

TRIALS = 8
# A failing trial makes itself small: Hypothesis could only try other seeds.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=TRIALS, phases=PHASES, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_incremental_is_rebuild_is_oracle(seed: int) -> None:
    """Entries, lines, flows, accounts, past events and positions of 2,000 cities are the oracle's, live and rebuilt."""
    wrong = found_wrong(seed)
    assert not wrong, wrong


def test_what_fails_is_made_small() -> None:
    """Of many items only those are left that are needed to fail."""
    assert smallest(range(60), lambda some: {7, 31, 59} <= set(some)) == [7, 31, 59]
    assert smallest([1], lambda _: True) == [1]
