"""Masses: exact decimals, rounded half up to the gram, once, in SQL as in Python."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.events.quantities import MAX_MASS_G, mass_g, mass_sql, plain, plain_sql
from hub.reference.units import OFFICIAL


@cache
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def in_sql(sql: str) -> Any:
    found = connection().execute(f"SELECT {sql}").fetchone()
    assert found is not None
    return found[0]


def number(value: Decimal, width: int = 24, scale: int = 9) -> str:
    return f"CAST('{value:f}' AS DECIMAL({width},{scale}))"


MASSES = [
    ("1", "1", 1), ("0", "1000000", 0), ("0.5", "1", 1), ("1.5", "1", 2), ("2.5", "1", 3), ("0.4999999", "1", 0),
    ("0.0005", "1000", 1),
    ("0.00049", "1000", 0), ("12.3456789", "1000000", 12345679), ("1", "907184.74", 907185), ("0.000001", "500000", 1),
    ("9999999.9999995", "1000000", 10**13), ("9999999.9999994", "1000000", 9999999999999), ("-0.5", "1", -1),
    ("-1.4", "1", -1),
]


@pytest.mark.parametrize(("value", "grams", "mass"), MASSES)
def test_a_mass_is_rounded_half_up_to_the_gram(value: str, grams: str, mass: int) -> None:
    """value × grams per unit, half a gram away from zero."""
    assert mass_g(Decimal(value), Decimal(grams)) == mass
    assert in_sql(mass_sql(number(Decimal(value)), number(Decimal(grams), 13, 2))) == mass


NUMBERS = st.decimals(min_value=0, max_value=10**15 - 1, places=9)
FACTORS = st.decimals(min_value=0, max_value=10**5, places=4)
GRAMS = st.sampled_from([*OFFICIAL.values(), Decimal("907184.74"), Decimal("0.01")])


def oracle(*factors: Decimal) -> int:
    with localcontext(prec=200):
        product = Decimal(1)
        for factor in factors:
            product *= factor
        return int(product.quantize(Decimal(1), ROUND_HALF_UP))


@given(NUMBERS, GRAMS)
@example(Decimal("9999999.9999995"), Decimal(1_000_000))
@example(Decimal("999999999999999.999999999"), Decimal(10_000_000_000))
def test_sql_masses_are_exact(value: Decimal, grams: Decimal) -> None:
    """Up to the bound a mass in SQL is the exact product, rounded; above it it is NULL or exact, never wrapped."""
    found, wanted = in_sql(mass_sql(number(value), number(grams, 13, 2))), oracle(value, grams)
    assert found == wanted or (found is None and wanted > MAX_MASS_G)
    assert mass_g(value, grams) == wanted


@given(NUMBERS, FACTORS, GRAMS)
@example(Decimal("999999999999999.999999999"), Decimal(100_000), Decimal(10_000_000_000))
def test_masses_by_a_factor_are_exact(value: Decimal, factor: Decimal, grams: Decimal) -> None:
    """The same with a factor between: num × factor × unit."""
    product = f"TRY({number(value)} * {number(factor, 10, 4)})"
    found, wanted = in_sql(mass_sql(product, number(grams, 13, 2))), oracle(value, factor, grams)
    assert found == wanted or (found is None and wanted > MAX_MASS_G)


@given(st.lists(st.decimals(min_value=0, max_value=100, places=3), min_size=3, max_size=3), FACTORS.filter(lambda f: f <= 3))
def test_the_volume_of_a_truck_by_its_density_is_exact(sides: list[Decimal], density: Decimal) -> None:
    """num × num × num × factor: a mass below the bound is exact however many decimals its factors could have had."""
    product = " * ".join([*(number(side) for side in sides), number(density, 5, 4)])
    found = in_sql(mass_sql(f"TRY({product})", number(Decimal(1_000_000), 13, 2)))
    assert found == oracle(*sides, density, Decimal(1_000_000))


PLAIN = {
    "1": "1", "1.0": "1", "1.500": "1.5", "0": "0", "-0": "0", "0.000000000": "0", "-0.00": "0", "100": "100",
    "1E+3": "1000",
    "1.0E-7": "0.0000001", "-2.50": "-2.5", "10.010": "10.01",
}


@pytest.mark.parametrize("text", PLAIN)
def test_a_number_as_text_is_plain(text: str) -> None:
    """No exponent, no zeros at the end, no negative zero."""
    assert plain(Decimal(text)) == PLAIN[text]


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=9))
@example(Decimal("-0.000000000"))
def test_sql_writes_numbers_as_python_does(value: Decimal) -> None:
    """plain_sql is plain."""
    assert in_sql(plain_sql(number(value))) == plain(value)


@given(st.integers(-(10**20), 10**20))
def test_whole_numbers_keep_their_zeros(value: int) -> None:
    """A number without a point is not shortened."""
    assert in_sql(plain_sql(f"CAST('{value}' AS DECIMAL(38,0))")) == plain(Decimal(value)) == str(value)
