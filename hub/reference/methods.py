"""How waste was used or disposed of: R, D, C, Y and G codes, and the five uses of straw.

HJ 1259-2022 refers to HJ 1033 appendix F, which is not at hand: the codes are those seen in public systems. A code of
legal form that is not among them passes, without a name. The straw uses have no official code and go by their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from hub.reference import published

FORM = r"[RDCYG][1-9][0-9]?"


@dataclass(frozen=True)
class MethodCheck:
    """``legal``: a listed method, or a code of legal form. ``name_zh`` only where it is listed."""

    legal: bool
    name_zh: str | None


@cache
def methods() -> pa.Table:
    """Columns code, name_zh, family (R D C Y G straw), status: seen_in_code, or named (a name is the code)."""
    coded = [row for row in published.rows("hw_use_disposal_method") if row["level"] == "2"]
    rows = [(row["code"], row["name_zh"], row["parent"], "seen_in_code") for row in coded]
    for row in published.rows("straw_use_types"):
        short = row["name_zh"].partition("（")[0]
        rows.append((short, row["name_zh"], "straw", "named"))
    columns = zip(("code", "name_zh", "family", "status"), zip(*rows, strict=True), strict=True)
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns})


def check(method: str) -> MethodCheck:
    """Look a method up, as it stands."""
    name = _names().get(method)
    return MethodCheck(name is not None or re.fullmatch(FORM, method) is not None, name)


@cache
def _names() -> dict[str, str]:
    table = methods()
    return dict(zip(table["code"].to_pylist(), table["name_zh"].to_pylist(), strict=True))
