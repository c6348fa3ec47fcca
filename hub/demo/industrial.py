"""生态环境: the general industrial-waste ledger (公告2021年第82号 附表2), a row a company, waste and month.

One wide row states several things at once: what arose, went into storage, was used and disposed of, by the company or
others. 聊城's red mud (赤泥) makes it the largest stream of all; large companies report in 万吨.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hub.demo.database import save
from hub.demo.faults import CLASS_UNKNOWN, MISSING, NEGATIVE, NUMBER, REPLACED, TIME, UNIT, Bad
from hub.demo.places import COUNTIES, OLD_COUNTY, Company, companies, person
from hub.demo.scene import Scene, period
from hub.demo.statements import Row, Statement, Table
from hub.demo.truth import Flow

CONNECTOR = "environment.industrial_ledger"
#: Column, kind, for each amount of a row.
AMOUNTS = (
    ("CSL", "GENERATED"), ("ZCL", "STORED"), ("LJZCL", "COUNTED"), ("QCLJ", "OPENING"), ("ZXLYL", "UTILISED"),
    ("WTLYL", "UTILISED"), ("ZXCZL", "DISPOSED"), ("WTCZL", "DISPOSED"),
)
_COLUMNS = (
    "QYDM TEXT, TBYF TEXT, FWDM TEXT, QYMC TEXT, QHDM TEXT, FWMC TEXT, LB TEXT, DW TEXT, CSL NUMERIC, ZCL NUMERIC, "
    "LJZCL NUMERIC, QCLJ NUMERIC, ZXLYL NUMERIC, WTLYL NUMERIC, ZXCZL NUMERIC, WTCZL NUMERIC, TBR TEXT, SCBZ TEXT, "
    "GXSJ TEXT, PRIMARY KEY (QYDM, TBYF, FWDM)"
)
BAD = {
    "unknown_code": Bad({"FWDM": "SW08"}, CLASS_UNKNOWN, 0.001),
    "no_number": Bad({"CSL": "1,234.5 吨"}, NUMBER, 0.0005),
    "no_such_month": Bad({"TBYF": "2025-13"}, TIME, 0.0005),
    "negative": Bad({"CSL": "-10"}, NEGATIVE, 0.0005),
    "old_region": Bad({"QHDM": OLD_COUNTY}, REPLACED, 0.001),
    "no_unit": Bad({"DW": None}, MISSING, 0.0005),
    "strange_unit": Bad({"DW": "车"}, UNIT, 0.0005),
}
_LATER = {"corrected": 0.004, "silent": 0.001, "soft": 0.001, "hard": 0.001}


@dataclass(frozen=True)
class _Waste:
    """A waste, kilograms a month from and to, and per mille of it: used here, used elsewhere, disposed of elsewhere."""

    code: str
    name: str
    least: int
    most: int
    shares: tuple[int, int, int]


_RED_MUD = _Waste("SW09", "赤泥", 250_000_000, 400_000_000, (80, 120, 0))
_OF_POWER = (
    _Waste("SW02", "粉煤灰", 35_000_000, 80_000_000, (100, 820, 0)),
    _Waste("SW03", "炉渣", 8_000_000, 20_000_000, (50, 900, 50)),
    _Waste("SW06", "脱硫石膏", 8_000_000, 20_000_000, (0, 930, 0)),
)
_OTHERS = (
    _Waste("SW07", "污泥", 20_000, 900_000, (0, 600, 400)),
    _Waste("SW17", "可再生类废物", 5_000, 400_000, (100, 900, 0)),
    _Waste("SW13", "食品残渣", 20_000, 700_000, (300, 650, 50)),
    _Waste("SW15", "造纸印刷业废物", 10_000, 900_000, (0, 700, 300)),
    _Waste("SW59", "其他工业固体废物", 5_000, 500_000, (0, 500, 450)),
    _Waste("SW16", "化工废物", 5_000, 300_000, (0, 400, 600)),
)


def write(scene: Scene) -> None:
    """``gyfl.db`` with the table GYGF_FB2."""
    rng = scene.rng("industrial")

    def correct(statement: Statement) -> Statement:
        first, *others = statement.entries
        changed = (first[0], 7_000_000, None)
        return replace(statement, row=statement.row | {"CSL": _amount(7_000, statement.row["DW"])},
                       entries=(changed, *others))

    table = Table(CONNECTOR, BAD, {"SCBZ": "1"}, "GXSJ", correct, 0.002, _LATER)
    rows = table.rows(scene, list(_statements(scene, rng)))
    path = scene.folder("environment") / "gyfl.db"
    save(path, {"GYGF_FB2": (_COLUMNS, rows)}, scene.end + timedelta(days=30 if scene.later else 5))


def _statements(scene: Scene, rng: random.Random) -> Iterator[Statement]:
    chiping = (next(place for place in COUNTIES if place.name == "茌平区"),)
    makers: list[tuple[Company, tuple[_Waste, ...]]] = [
        (company, (_RED_MUD,)) for company in companies(rng, scene.count(3), "氧化铝公司", chiping)
    ]
    makers += [(company, _OF_POWER) for company in companies(rng, scene.count(7), "热电公司")]
    makers += [
        (company, tuple(rng.sample(_OTHERS, rng.randrange(1, 4))))
        for company in companies(rng, scene.count(140), "制造公司")
    ]
    for company, wastes in makers:
        for waste in wastes:
            stored = opening = rng.randrange(waste.most // 1000) * 1000
            for month in scene.months:
                parts = _month(rng, waste, stored, opening if month == scene.months[0] else None)
                stored = parts["LJZCL"] or 0
                yield _statement(company, waste, month, parts, person(rng))


def _month(rng: random.Random, waste: _Waste, stored: int, opening: int | None) -> dict[str, int | None]:
    """The amounts of one month in kilograms, whole tonnes: what arose is used, disposed of or stored."""
    arose = rng.randrange(waste.least, waste.most) // 1000 * 1000
    here, elsewhere, disposed = (arose // 1000 * share // 1000 * 1000 for share in waste.shares)
    rest = arose - here - elsewhere - disposed
    return {
        "CSL": arose, "ZCL": rest, "LJZCL": stored + rest, "QCLJ": opening,
        # An empty cell and a zero both occur; only the zero is a statement.
        "ZXLYL": here or rng.choice((0, None)), "WTLYL": elsewhere or None, "ZXCZL": None, "WTCZL": disposed or None,
    }


def _statement(
    company: Company, waste: _Waste, month: date, parts: dict[str, int | None], reporter: str
) -> Statement:
    unit = "万吨" if waste.most >= 100_000_000 else "吨"
    reported = (month + timedelta(days=40)).replace(day=min(15, 4 + len(waste.name)))
    row: Row = {
        "QYDM": company.id, "TBYF": period(month), "FWDM": waste.code, "QYMC": company.name,
        "QHDM": company.place.code, "FWMC": waste.name, "LB": "Ⅱ" if waste.code in ("SW09", "SW16") else "Ⅰ",
        "DW": unit, **{column: None if kg is None else _amount(kg, unit) for column, kg in parts.items()},
        "TBR": reporter, "SCBZ": "0", "GXSJ": f"{reported} 10:00:00",
    }
    entries = []
    for column, kind in AMOUNTS:
        kg = parts[column]
        if kg is not None:
            flow = Flow(period(month), company.place.code, "industrial", "SW", waste.code, kind, "environment")
            entries.append((flow, kg * 1000, None))
    return Statement(row, tuple(entries))


def _amount(kg: int, unit: str | None) -> str:
    if unit == "万吨":
        return f"{kg // 10_000_000}.{kg % 10_000_000 // 1000:04d}"
    return f"{kg // 1000}.{kg % 1000:03d}"
