"""Units of mass. Other units have a factor of their own, or stand in a local list."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import pyarrow as pa

from hub.errors import ConfigWrong, Problem
from hub.reference.lists import decimal_of, decimal_table

OFFICIAL: Mapping[str, Decimal] = MappingProxyType({
    "吨": Decimal(1_000_000),
    "t": Decimal(1_000_000),
    "千克": Decimal(1_000),
    "公斤": Decimal(1_000),
    "kg": Decimal(1_000),
    "克": Decimal(1),
    "g": Decimal(1),
    "斤": Decimal(500),
    "万吨": Decimal(10_000_000_000),
})


def units(local: Mapping[str, str] | None = None) -> pa.Table:
    """Columns unit (string, unique) and grams (decimal128 of the smallest sufficient scale).

    ``local``: unit → grams as a decimal text. ConfigWrong where one is no number above zero, or says something else
    about an official unit.
    """
    grams = dict(OFFICIAL)
    problems: list[Problem] = []
    for unit, text in (local or {}).items():
        number = decimal_of(text)
        if number is None or number <= 0:
            problems.append(_problem("UNIT_NOT_POSITIVE", "{unit} = {grams}: no number of grams above 0", unit, text))
        elif grams.setdefault(unit, number) != number:
            problems.append(_problem("UNIT_OFFICIAL", "{unit} is an official unit and cannot be {grams} g", unit, text))
    if problems:
        raise ConfigWrong(problems)
    return decimal_table("unit", "grams", grams)


def _problem(error: str, message: str, unit: str, grams: str) -> Problem:
    return Problem("lists.units", None, None, error, message, facts={"unit": unit, "grams": grams})
