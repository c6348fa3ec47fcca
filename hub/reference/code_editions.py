"""The editions of the waste code schemes, and what each is known to list.

The 2016 and 2025 hazardous lists and the third level of the 2024 catalogue are not at hand (data/README.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import pyarrow as pa

from hub.reference import published

# What people and their spreadsheets leave around a code.
SPACES = " \t\r\n\v\f\u00a0\u3000\ufeff"

# HW08-900-249-08 and HW08/900-249-08: the class is said twice.
HW_WITH_CLASS = r"HW([0-9]{2})[-/]([0-9]{3}-[0-9]{3}-[0-9]{2})"

# Statuses of a listed code that is passed with a mark all the same.
MARKED = ("memory", "other_edition")


@dataclass(frozen=True)
class Edition:
    """One edition of a scheme, in force on valid_from ≤ day < valid_to (date.max: open).

    ``complete``: a code that is not listed is wrong. ``form`` matches a whole canonical code, in Python as in RE2.
    ``class_part`` and a code's last two digits name its class; None: the scheme's classes are not known.
    ``marks``: an unlisted code of legal form passes with a mark.
    """

    scheme: str
    edition: str
    valid_from: date
    valid_to: date
    complete: bool
    form: str
    class_part: str | None
    marks: bool = True

    def in_force(self, day: date) -> bool:
        """Whether ``day`` lies within the edition."""
        return self.valid_from <= day and (day < self.valid_to or self.valid_to == date.max)


_HW = r"HW[0-9]{2}|[0-9]{3}-[0-9]{3}-[0-9]{2}"
_SW = r"SW[0-9]{2}|[0-9]{3}-0(?:0[1-9]|[1-9][0-9])-S[0-9]{2}"

EDITIONS: tuple[Edition, ...] = (
    Edition("HW", "2016", date.min, date(2021, 1, 1), False, _HW, "HW"),
    Edition("HW", "2021", date(2021, 1, 1), date(2025, 1, 1), True, _HW, "HW"),
    Edition("HW", "2025", date(2025, 1, 1), date.max, False, _HW, "HW"),
    Edition("SW", "2024", date.min, date.max, False, _SW, "SW"),
    Edition("SW82", "2021", date.min, date.max, False, r"SW[0-9]{2}", None),
    Edition("GB39198", "2020", date.min, date.max, False, r"[0-9]{3}-[0-9]{3}-[0-9]{2}", ""),
    Edition("LOCAL", "", date.min, date.max, False, r"(?s).+", None, marks=False),
)


@dataclass(frozen=True)
class Listed:
    """A code in an edition; ``status`` as in :func:`codes`."""

    edition: Edition
    code: str
    name_zh: str | None
    status: str


@cache
def classes() -> pa.Table:
    """Columns scheme, class, name_zh, status: official (read in the official text), count_agrees (from memory, but
    their number is the published one) or memory."""
    names = class_names()
    return pa.table({
        "scheme": pa.array([scheme for scheme, _ in names], pa.string()),
        "class": pa.array([name for _, name in names], pa.string()),
        "name_zh": pa.array([name for name, _ in names.values()], pa.string()),
        "status": pa.array([status for _, status in names.values()], pa.string()),
    })


@cache
def codes() -> pa.Table:
    """Every code that an edition is known to have; (scheme, edition, code) is unique.

    Columns scheme, edition, code, name_zh, valid_from, valid_to (exclusive), status: as for classes, or rule (legal by
    the list's own rule: 900-000-XX, which has no name), other_edition (a class known from another edition).
    """
    every = listed()
    return pa.table({
        "scheme": pa.array([x.edition.scheme for x in every], pa.string()),
        "edition": pa.array([x.edition.edition for x in every], pa.string()),
        "code": pa.array([x.code for x in every], pa.string()),
        "name_zh": pa.array([x.name_zh for x in every], pa.string()),
        "valid_from": pa.array([x.edition.valid_from for x in every], pa.date32()),
        "valid_to": pa.array([x.edition.valid_to for x in every], pa.date32()),
        "status": pa.array([x.status for x in every], pa.string()),
    })


@cache
def class_names() -> dict[tuple[str, str], tuple[str, str]]:
    """(scheme, class) → (name, status)."""
    hw = {("HW", row["code"]): (row["name_zh"], "official") for row in published.rows("hw_2021") if row["level"] == "1"}
    sw = {
        ("SW", row["code"]): (row["name_zh"], "count_agrees")
        for row in published.rows("sw_2024_partial_unverified") if row["level"] == "2"
    }
    gb = {("GB39198", row["code"]): (row["name_zh"], "memory") for row in published.rows("gb39198_classes")}
    return hw | sw | gb


@cache
def listed() -> tuple[Listed, ...]:
    """The rows of :func:`codes`."""
    found: list[Listed] = []
    for edition in EDITIONS:
        if edition.scheme == "HW":
            found += _hazardous(edition)
        elif edition.scheme == "SW":
            found += [
                Listed(edition, row["code"], row["name_zh"], "count_agrees" if row["level"] == "2" else "memory")
                for row in published.rows("sw_2024_partial_unverified") if row["level"] != "1"
            ]
    return tuple(found)


def _hazardous(edition: Edition) -> list[Listed]:
    rows = published.rows("hw_2021")
    heads = [row for row in rows if row["level"] == "1"]
    status = "official" if edition.complete else "other_edition"
    identified = [Listed(edition, f"900-000-{row['code'][-2:]}", None, "rule") for row in heads]
    known = rows if edition.complete else heads
    return [Listed(edition, row["code"], row["name_zh"], status) for row in known] + identified


@cache
def listed_by_code() -> dict[tuple[str, str], tuple[Listed, ...]]:
    """(scheme, code) → its rows in every edition, oldest first."""
    index: dict[tuple[str, str], tuple[Listed, ...]] = {}
    for entry in listed():
        key = (entry.edition.scheme, entry.code)
        index[key] = (*index.get(key, ()), entry)
    return index
