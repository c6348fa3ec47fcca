"""Masses: exact decimals, rounded half up to the gram, once."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

MAX_MASS_G = 10**13
"""Ten million tonnes: no single record states more."""

_EXACT = Context(prec=120)


def mass_g(value: Decimal, grams_per_unit: Decimal) -> int:
    """``value`` × ``grams_per_unit``, rounded half up to whole grams."""
    return int(_EXACT.multiply(value, grams_per_unit).quantize(Decimal(1), ROUND_HALF_UP, _EXACT))


def plain(value: Decimal) -> str:
    """A decimal as text: no exponent, no trailing zeros after the point, no negative zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def plain_sql(value: str) -> str:
    """DuckDB text for :func:`plain` over a DECIMAL expression."""
    text = f"({value})::VARCHAR"
    return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"


def mass_sql(value: str, grams: str) -> str:
    """DuckDB text for :func:`mass_g`; NULL where the mass does not fit (then it is over MAX_MASS_G anyway).

    A product of several numbers has room for so many decimals that 38 digits may not hold the mass beside them: then 18
    decimals of the value count.
    """
    exact = f"TRY(CAST(round(({value}) * ({grams}), 0) AS BIGINT))"
    return f"coalesce({exact}, TRY(CAST(round(CAST({value} AS DECIMAL(38,18)) * ({grams}), 0) AS BIGINT)))"
