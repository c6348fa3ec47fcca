"""Masses as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cli.figures import TONNES, WAN_TONNES, scale_for


@pytest.mark.parametrize(
    ("mass_g", "shown"),
    [
        (0, "–"),
        (1_000_000, "1.000"),
        (1_234_567_890_000, "1,234,567.890"),
        (499, "<0.001"),
        (500, "0.001"),
        (-2_500_000, "-2.500"),
    ],
)
def test_tonnes(mass_g: int, shown: str) -> None:
    """Tonnes have three decimals, thousands separators, a dash for nothing, and never a rounded-away zero."""
    assert TONNES.show(mass_g) == shown


@pytest.mark.parametrize(
    ("mass_g", "shown"),
    [
        (13_250_003_000_000, "1,325.00"),
        (12_345_678_900_000_000, "1,234,567.89"),
        (49_999_999, "<0.01"),
    ],
)
def test_ten_thousand_tonnes(mass_g: int, shown: str) -> None:
    """万吨 has two decimals and thousands separators."""
    assert WAN_TONNES.show(mass_g) == shown


@given(st.integers(-(10**18), 10**18))
def test_a_figure_is_the_exact_decimal_rounded_once(mass_g: int) -> None:
    """Every figure shown is its exact value, rounded half away from zero."""
    shown = TONNES.show(mass_g)
    exact = (Decimal(mass_g) / 10**6).quantize(Decimal("0.001"), ROUND_HALF_UP)
    assert shown in {"–", "<0.001"} if exact == 0 else Decimal(shown.replace(",", "")) == exact


def test_large_tables_are_in_ten_thousand_tonnes() -> None:
    """One unit for the whole column: 万吨 as soon as one figure has 100,000 t."""
    assert scale_for([1, 10**11]) is WAN_TONNES
    assert scale_for([1, 10**11 - 1]) is TONNES
    assert scale_for([]) is TONNES
