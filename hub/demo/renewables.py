"""商务: monthly figures of the recycling stations as JSON lines, nested, with 台 and 辆 counted beside the tonnes.

Ten kinds, as the ministry's report has them; lead batteries beside them are the same tonnes that 生态环境 has in its
manifests.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hub.demo.faults import NUMBER, REPLACED, UNMAPPED, Bad
from hub.demo.files import Files
from hub.demo.places import OLD_COUNTY, Company, companies, person
from hub.demo.scene import Scene, period, settle, spread
from hub.demo.statements import Books, Row, Statement
from hub.demo.truth import Flow

CONNECTOR = "commerce.renewables_monthly"
#: The stations' words: stream, scheme, code, tonnes a month from and to, kilograms of a counted thing, its counter.
KINDS = {
    "废钢铁": ("recyclable", "SW", "900-001-S17", 100, 500, 0, None),
    "废有色金属": ("recyclable", "SW", "900-002-S17", 20, 120, 0, None),
    "废塑料": ("recyclable", "SW", "900-003-S17", 10, 90, 0, None),
    "废轮胎": ("recyclable", "SW", "900-006-S17", 5, 60, 0, None),
    "废纸": ("recyclable", "SW", "900-005-S17", 40, 220, 0, None),
    "废弃电器电子产品": ("recyclable", "SW", "900-008-S17", 3, 40, 28, "台"),
    "报废机动车": ("recyclable", "SW", "SW17", 5, 70, 1_450, "辆"),
    "废旧纺织品": ("recyclable", "SW", "900-007-S17", 2, 25, 0, None),
    "废玻璃": ("recyclable", "SW", "900-004-S17", 4, 50, 0, None),
    "废电池": ("recyclable", "SW", "900-012-S17", 1, 8, 0, None),
    "废铅蓄电池": ("hazardous", "HW", "900-052-31", 1, 20, 0, None),
}
_STATIONS = 64
BAD = {
    "unknown_kind": Bad({"品种": "废木材"}, UNMAPPED, 0.001),
    "no_number": Bad({"回收": '{"数量":"1,234.5 吨","单位":"吨"}'}, NUMBER, 0.0005),
    "old_region": Bad({"区划": OLD_COUNTY}, REPLACED, 0.001),
}
_MOVES = {"resent": 0.004, "late": 0.004, "corrected": 0.004, "mended": 0.0005, "spoilt": 0.0005}
_LATER_MOVES = {"resent": 0.001, "corrected": 0.002}


def write(scene: Scene) -> None:
    """``再生资源_YYYYMM.jsonl``, each written on the eighth of the next month; corrections stand in a later file."""
    rng = scene.rng("renewables")
    figures = list(_figures(scene, rng))
    faults = spread(rng, len(figures), _MOVES | {name: bad.rate for name, bad in BAD.items()})
    later = spread(scene.rng("renewables later"), len(figures), _LATER_MOVES) if scene.later else {}
    files = Files(Books(scene.truth, CONNECTOR), BAD, BAD["unknown_kind"], _corrected)
    for number, (month, figure) in enumerate(figures):
        if number in faults:
            files.tell(figure, month, faults[number], _next(month))
        else:
            files.tell(figure, month, later.get(number), _next(_next(scene.end.replace(day=1))))
    folder = scene.folder("commerce")
    for month, rows in files.rows.items():
        path = folder / f"再生资源_{month:%Y%m}.jsonl"
        path.write_text("".join(_line(row) for row in rows), encoding="utf-8")
        settle(path, _next(month) + timedelta(days=7))


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _figures(scene: Scene, rng: random.Random) -> Iterator[tuple[date, Statement]]:
    stations = companies(rng, scene.count(_STATIONS), "再生资源回收公司")
    for month in scene.months:
        for number, station in enumerate(stations, 1):
            for item, kind in enumerate(KINDS, 1):
                key = f"ZS{month:%Y%m}{number:03d}{item:02d}"
                yield month, _figure(rng, key, station, month, kind)


def _figure(rng: random.Random, key: str, station: Company, month: date, kind: str) -> Statement:
    stream, scheme, code, least, most, each_kg, counter = KINDS[kind]
    collected = rng.randrange(least * 100, most * 100)  # hundredths of a tonne
    sorted_out = collected - rng.randrange(collected // 20 + 1)
    used = sorted_out * rng.randrange(80, 100) // 100
    counted = collected * 10 // each_kg if each_kg else None
    only_counted = counted is not None and rng.random() < 0.05
    amounts = [(("回收", "COLLECTED"), None if only_counted else collected)]
    if stream == "recyclable":
        amounts += [(("分拣", "RECEIVED"), sorted_out), (("利用", "UTILISED"), used)]
    row: Row = {
        "编号": key, "月份": f"{month.year}年{month.month}月", "品种": kind, "区划": station.place.code,
        "企业": json.dumps({"代码": station.id, "名称": station.name}, ensure_ascii=False), "填报人": person(rng),
    }
    entries = []
    for (column, name), hundredths in amounts:
        things = counted if column == "回收" else None
        row[column] = _measure(hundredths, things, counter)
        flow = Flow(period(month), station.place.code, stream, scheme, code, name, "commerce")
        entries.append((flow, (hundredths or 0) * 10_000, things))
    return Statement(row, tuple(entries))


def _measure(hundredths: int | None, things: int | None, counter: str | None) -> str:
    """A nested object, its tonnes as a number of two decimals."""
    parts = [] if hundredths is None else [f'"数量":{hundredths // 100}.{hundredths % 100:02d}', '"单位":"吨"']
    if things is not None:
        parts += [f'"件数":{things}', f'"件数单位":"{counter}"']
    return "{" + ",".join(parts) + "}"


def _corrected(figure: Statement) -> Statement:
    (flow, _, things), *others = figure.entries
    counter = KINDS[figure.row["品种"] or ""][6]
    row = figure.row | {"回收": _measure(4_321, things, counter)}
    return replace(figure, row=row, entries=((flow, 43_210_000, things), *others))


def _line(row: dict[str, Any]) -> str:
    nested = ("企业", "回收", "分拣", "利用")
    parts = (
        f"{json.dumps(name, ensure_ascii=False)}:{value if name in nested else json.dumps(value, ensure_ascii=False)}"
        for name, value in row.items()
    )
    return "{" + ",".join(parts) + "}\n"
