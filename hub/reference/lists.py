"""A connector's own reference data: code lists, factor tables, and additions to the official units and regions.

A file is CSV in UTF-8 or GB18030 with a header: ``key,value[,name]``; for regions
``code,name_zh[,valid_from,valid_to,successor]``; under any other names the first two columns are key and value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from hub.errors import ConfigWrong, Problem
from hub.reference.list_file import Line, Problems, from_entries, from_file

# A decimal as people write it: no exponent, no inf, no nan, ASCII digits.
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DIGITS = 38


@dataclass(frozen=True)
class LocalRegion:
    """A region that the city added, valid on valid_from ≤ day < valid_to; None: open."""

    name_zh: str
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None


@dataclass(frozen=True)
class LocalList:
    """A list in one version. ``values``: key → value as written; ``names``: key → name, where the file has one.

    Of a list of regions ``values`` has the names and ``regions`` the dates.
    """

    name: str
    version: str
    unit: str | None
    values: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)
    regions: dict[str, LocalRegion] = field(default_factory=dict)

    @property
    def is_numeric(self) -> bool:
        """Whether every value is a decimal that is read as written."""
        return bool(self.values) and all(decimal_of(value) is not None for value in self.values.values())

    def as_factor_table(self) -> pa.Table:
        """Columns key (string) and value (decimal128, smallest scale that holds all). ConfigWrong if not numeric."""
        numbers = {key: decimal_of(value) for key, value in self.values.items()}
        wrong = [key for key, number in numbers.items() if number is None]
        if wrong:
            problems = Problems(f"lists.{self.name}", self.name)
            problems.add(None, "LIST_VALUE_NOT_NUMERIC", "the value of {key} is not a decimal number", key=wrong[0])
            problems.raise_if_any()
        return decimal_table("key", "value", {key: number for key, number in numbers.items() if number is not None})


def load_list(
    name: str, version: str, unit: str | None, entries: Mapping[str, str] | None, file: Path | None,
) -> LocalList:
    """Read a list from ``entries`` or from ``file``. ConfigWrong has every problem, with its line in the file.

    With a ``unit``, and for ``units``, every value must be a decimal number; a unit's is in grams and above zero.
    """
    problems = Problems(str(file) if file else f"lists.{name}", name)
    lines = from_file(file, name, problems) if file else from_entries(entries or {})
    values: dict[str, str] = {}
    names: dict[str, str] = {}
    regions: dict[str, LocalRegion] = {}
    for line in lines:
        if not _is_usable(line, values, problems):
            continue
        if unit is not None or name == "units":
            _check_number(line, name, problems)
        values[line.key] = line.value
        if line.name:
            names[line.key] = line.name
        if name == "regions":
            regions[line.key] = _region(line, problems)
    problems.raise_if_any()
    return LocalList(name, version, unit, values, names, regions)


def decimal_of(text: str) -> Decimal | None:
    """The exact number, or None where ``text`` is not a decimal of at most 38 digits."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = Decimal(text)
    return number if sum(_widths(number)) <= _DIGITS else None


def decimal_table(key: str, value: str, numbers: Mapping[str, Decimal]) -> pa.Table:
    """Two columns: texts and decimal128(precision, scale), both the smallest that hold every number.

    ConfigWrong where no 38 digits hold them all.
    """
    widths = [_widths(number) for number in numbers.values()] or [(1, 0)]
    scale = max(fraction for _, fraction in widths)
    precision = max(1, max(whole for whole, _ in widths) + scale)
    if precision > _DIGITS:
        message = "the numbers together need {digits} digits, more than {limit}"
        facts = {"digits": precision, "limit": _DIGITS}
        raise ConfigWrong([Problem(f"lists.{key}", None, None, "LIST_DECIMALS_TOO_WIDE", message, facts=facts)])
    column = pa.array(list(numbers.values()), pa.decimal128(precision, scale))
    return pa.table({key: pa.array(list(numbers), pa.string()), value: column})


def _widths(number: Decimal) -> tuple[int, int]:
    """Digits before and after the point, trailing zeros aside."""
    whole, _, fraction = f"{number:f}".lstrip("+-").partition(".")
    return len(whole.lstrip("0")), len(fraction.rstrip("0"))


def _is_usable(line: Line, known: Mapping[str, str], problems: Problems) -> bool:
    if not line.key:
        problems.add(line.number, "LIST_KEY_EMPTY", "the key is empty")
    elif not line.value:
        problems.add(line.number, "LIST_VALUE_EMPTY", "{key} has no value", key=line.key)
    elif _CONTROL.search(line.key + line.value):
        problems.add(line.number, "LIST_CONTROL_CHARACTER", "a control character")
    elif line.key in known:
        problems.add(line.number, "LIST_KEY_TWICE", "{key} is there twice", key=line.key)
    else:
        return True
    return False


def _check_number(line: Line, name: str, problems: Problems) -> None:
    number = decimal_of(line.value)
    if number is None:
        message = "the value of {key} is not a decimal number: {value}"
        problems.add(line.number, "LIST_VALUE_NOT_NUMERIC", message, key=line.key, value=line.value)
    elif name == "units" and number <= 0:
        problems.add(line.number, "UNIT_NOT_POSITIVE", "{key}: a unit weighs more than 0 g", key=line.key)


def _region(line: Line, problems: Problems) -> LocalRegion:
    days: dict[str, date | None] = {}
    for column in ("valid_from", "valid_to"):
        text = line.more.get(column, "")
        try:
            days[column] = date.fromisoformat(text) if text else None
        except ValueError:
            days[column] = None
            message = "{column}: no date of the form 2026-03-01: {value}"
            problems.add(line.number, "LIST_DATE", message, column=column, value=text)
    first, last = days["valid_from"], days["valid_to"]
    if first and last and first >= last:
        problems.add(line.number, "LIST_DATES_ORDER", "{key}: valid_to is not after valid_from", key=line.key)
    return LocalRegion(line.value, first, last, line.more.get("successor") or None)
