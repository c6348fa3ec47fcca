"""The lists that ship with the product, as they were found. data/README.md says where each comes from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Published:
    """A list: its Chinese title, whether it is ``complete``, and whether it was ``verified`` against an official text.

    Where ``own_keys`` the codes are this file's own: no authority gave them, and no source uses them.
    """

    title_zh: str
    complete: bool
    verified: bool
    own_keys: bool = False


PUBLISHED: dict[str, Published] = {
    "hw_2021": Published("国家危险废物名录（2021年版）", complete=True, verified=True),
    "hw_2021_hazard": Published("国家危险废物名录（2021年版）危险特性", complete=True, verified=True),
    "medical_waste_types": Published("医疗废物种类", complete=True, verified=True),
    "hw_batch_prefix": Published("危险废物台账批次编码前缀（HJ 1259-2022）", complete=True, verified=True),
    "hw_use_disposal_method": Published("利用处置方式代码", complete=False, verified=False),
    "sw_2024_partial_unverified": Published("固体废物分类与代码目录（部分）", complete=False, verified=False),
    "gb39198_classes": Published("GB/T 39198-2020 类别", complete=False, verified=False),
    "gbt4754_2017": Published("国民经济行业分类（GB/T 4754-2017）", complete=True, verified=False),
    "admin_regions": Published("行政区划代码（聊城、常州、邢台）", complete=False, verified=True),
    "admin_region_history": Published("行政区划变更", complete=False, verified=False),
    "msw_classes": Published("生活垃圾分类", complete=True, verified=False, own_keys=True),
    "cdw_types": Published("建筑垃圾种类", complete=True, verified=False, own_keys=True),
    "renewable_types": Published("再生资源品种", complete=True, verified=False, own_keys=True),
    "agri_types": Published("农业固体废物种类", complete=True, verified=False, own_keys=True),
    "straw_use_types": Published("秸秆利用方式", complete=True, verified=False, own_keys=True),
    "conversions": Published("折算系数", complete=False, verified=False),
    "uscc_prefix": Published("统一社会信用代码前两位", complete=False, verified=False),
}


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a list of :data:`PUBLISHED` (else KeyError), in its order; column → text, an empty cell is ``""``."""
    if name not in PUBLISHED:
        raise KeyError(name)
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines, strict=True))


def table(name: str) -> pa.Table:
    """The same as text columns."""
    found = rows(name)
    return pa.table({column: pa.array([row[column] for row in found], pa.string()) for column in found[0]})


def factors() -> pa.Table:
    """Published conversion factors, for people to choose from: none is applied by itself.

    ``factor`` is text as printed (a number, a range or a rule); ``status``: found (official text), found-web,
    found-code, memory.
    """
    return table("conversions")
