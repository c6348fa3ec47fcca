"""Regions by GB/T 2260 with their history, and the local ones that have no official code.

The list knows Liaocheng, Changzhou and Xingtai, and the towns of four of their counties; what it does not know is
REGION_UNKNOWN until a local list adds it. One row per code, so that a join never multiplies records:

- a code replaced in year Y is valid through Y, its successor from 1 January of Y: within Y both are;
- a code that kept its number under another name (130502, 130503) stays valid; ``former_name`` is its name before
  ``renamed``, the 1 January after that year;
- a town is valid no earlier than its county.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Literal

import pyarrow as pa

from hub.errors import ConfigWrong, Problem
from hub.reference import published
from hub.reference.lists import LocalList, LocalRegion

RegionError = Literal["REGION_UNKNOWN", "REGION_REPLACED"]
Local = LocalList | Mapping[str, str] | Mapping[str, LocalRegion]


@dataclass(frozen=True)
class Region:
    """A code, valid on valid_from ≤ day < valid_to (date.max: open). ``level``: province city county town local."""

    code: str
    name_zh: str
    level: str
    parent: str | None
    valid_from: date = date.min
    valid_to: date = date.max
    successor: str | None = None
    successor_name: str | None = None
    former_name: str | None = None
    renamed: date | None = None


@dataclass(frozen=True)
class RegionCheck:
    """What the list says about a code. All None: there was no code. ``successor`` goes with REGION_REPLACED only."""

    code: str | None = None
    name: str | None = None
    error: RegionError | None = None
    successor: str | None = None


@dataclass(frozen=True)
class RegionSql:
    """SQL for a SELECT: ``joins`` go into its FROM and never multiply rows, the others are expressions."""

    joins: list[str]
    canonical: str
    name: str
    error: str
    successor: str


def regions(local: Local | None = None) -> pa.Table:
    """All regions, the ``local`` ones (code → name, or with dates) included; the columns are the fields of Region."""
    known = list(_known(local).values())
    columns = {name: [getattr(region, name) for region in known] for name in Region.__dataclass_fields__}
    days = ("valid_from", "valid_to", "renamed")
    return pa.table({
        name: pa.array(values, pa.date32() if name in days else pa.string()) for name, values in columns.items()
    })


def check(code: str | None, day: date | None, local: Local | None = None) -> RegionCheck:
    """Look a code up in the list as it was on ``day``; without a day only whether it ever was one."""
    if code is None:
        return RegionCheck()
    region = _known(local).get(code)
    if region is None or (day is not None and day < region.valid_from):
        return RegionCheck(error="REGION_UNKNOWN")
    if day is not None and region.valid_to != date.max and day >= region.valid_to:
        return RegionCheck(error="REGION_REPLACED", successor=region.successor)
    former = day is not None and region.renamed is not None and day < region.renamed
    return RegionCheck(code, region.former_name if former else region.name_zh)


def check_sql(code: str, day: str, alias: str = "ref_region") -> RegionSql:
    """:func:`check` on SQL expressions (text, DATE) over the table ref_regions.

    ``alias`` begins the names of the joined tables: two checks in one SELECT need two.
    """
    said, says = f"{alias}_said", f"{alias}_says"
    error = (
        f"CASE WHEN {said}.code IS NULL THEN NULL"
        f" WHEN {alias}.code IS NULL OR {said}.day < {alias}.valid_from THEN 'REGION_UNKNOWN'"
        f" WHEN {alias}.valid_to <> DATE '{date.max}' AND {said}.day >= {alias}.valid_to THEN 'REGION_REPLACED' END"
    )
    name = f"CASE WHEN {said}.day < {alias}.renamed THEN {alias}.former_name ELSE {alias}.name_zh END"
    return RegionSql(
        joins=[
            f"CROSS JOIN LATERAL (SELECT {code} AS code, {day} AS day) AS {said}",
            f"LEFT JOIN ref_regions AS {alias} ON {alias}.code = {said}.code",
            f"CROSS JOIN LATERAL (SELECT {error} AS error) AS {says}",
        ],
        canonical=f"CASE WHEN {says}.error IS NULL THEN {said}.code END",
        name=f"CASE WHEN {says}.error IS NULL THEN {name} END",
        error=f"{says}.error",
        successor=f"CASE WHEN {says}.error = 'REGION_REPLACED' THEN {alias}.successor END",
    )


def _known(local: Local | None) -> dict[str, Region]:
    if local is None:
        return _official()
    known = dict(_official())
    problems: list[Problem] = []
    entries = (local.regions or local.values) if isinstance(local, LocalList) else local
    for code, entry in entries.items():
        row = entry if isinstance(entry, LocalRegion) else LocalRegion(entry)
        if code in known:
            message = "{code} {name} is an official code and cannot be a local one"
            facts = {"code": code, "name": known[code].name_zh}
            problems.append(Problem("lists.regions", None, None, "REGION_OFFICIAL", message, facts=facts))
        first, last = row.valid_from or date.min, row.valid_to or date.max
        known.setdefault(code, Region(code, row.name_zh, "local", None, first, last, row.successor))
    if problems:
        raise ConfigWrong(problems)
    return {code: _with_successor_name(region, known) for code, region in known.items()}


def _with_successor_name(region: Region, known: Mapping[str, Region]) -> Region:
    if region.successor is None or region.successor_name is not None or region.successor not in known:
        return region
    return replace(region, successor_name=known[region.successor].name_zh)


@cache
def _official() -> dict[str, Region]:
    known: dict[str, Region] = {}
    begun: dict[str, date] = {}
    history = published.rows("admin_region_history")
    for row in history:
        if row["successor_code"] != row["code"]:
            begun[row["successor_code"]] = date(int(row["year"]), 1, 1)
    kept = {row["code"]: row for row in history if row["successor_code"] == row["code"]}
    for row in published.rows("admin_regions"):
        code, parent = row["code"], row["parent"] or None
        # A successor that kept its own number was there before.
        first = date.min if code in kept else begun.get(code, begun.get(parent or "", date.min))
        region = Region(code, row["name_zh"], row["level"], parent, first)
        if code in kept:
            renamed = date(int(kept[code]["year"]) + 1, 1, 1)
            region = replace(region, former_name=kept[code]["name_zh"], renamed=renamed)
        known[code] = region
    for row in history:
        if row["code"] not in kept:
            known[row["code"]] = Region(
                row["code"], row["name_zh"], row["level"], row["parent"] or None,
                valid_to=date(int(row["year"]) + 1, 1, 1),
                successor=row["successor_code"], successor_name=row["successor_name"],
            )
    return known
