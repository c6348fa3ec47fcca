"""城市管理: the weighbridge of the transfer stations writes one GB18030 CSV a day, in kilograms.

What goes wrong there: a day's file repeats rows of the day before, a row comes days late, a weight is corrected or a
slip cancelled by sending it again, and some rows are plainly wrong.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from datetime import date, timedelta

from hub.demo.faults import CHECK, MISSING, NEGATIVE, NUMBER, REPLACED, TIME, UNMAPPED, Bad
from hub.demo.files import Files
from hub.demo.places import OLD_COUNTY, person, plates, some_places
from hub.demo.scene import Scene, period, settle, spread
from hub.demo.statements import Books, Row, Statement
from hub.demo.truth import Flow

CONNECTOR = "urban_management.domestic_weighbridge"
COLUMNS = (
    "磅单号", "称重时间", "垃圾类别", "毛重", "皮重", "净重", "单位", "区划代码", "收运区域", "处理设施",
    "车牌", "司机", "状态",
)
#: The station's own words, their code and how often they come.
KINDS = {
    "其他垃圾": ("domestic", "SW64", 700), "易腐垃圾": ("domestic", "SW61", 180), "大件垃圾": ("domestic", "SW63", 45),
    "有害垃圾": ("domestic", "SW60", 5), "可回收物": ("recyclable", "SW62", 70),
}
_PLANTS = ("LC-FSC-01", "LC-FSC-02", "LC-FSC-03")
_TRAILERS_A_DAY = 300
BAD = {
    "unknown_type": Bad({"垃圾类别": "建筑垃圾"}, UNMAPPED, 0.0004),
    "old_region": Bad({"区划代码": OLD_COUNTY}, REPLACED, 0.001),
    "no_number": Bad({"净重": "1,234.5 吨"}, NUMBER, 0.0001),
    "no_such_day": Bad({"称重时间": "2026-02-30 08:05:00"}, TIME, 0.0001),
    "negative": Bad({"毛重": "9000", "皮重": "15000", "净重": "-6000"}, NEGATIVE, 0.0001),
    "no_type": Bad({"垃圾类别": ""}, MISSING, 0.0003),
    "unbalanced": Bad({"皮重": "1"}, CHECK, 0.0003),
}
_MOVES = {"resent": 0.01, "late": 0.01, "corrected": 0.005, "cancelled": 0.002, "mended": 0.0003, "spoilt": 0.0002}

_LATER_MOVES = {"resent": 0.0005, "corrected": 0.0005, "cancelled": 0.0003, "spoilt": 0.0001}


def write(scene: Scene) -> None:
    """The daily files ``磅单_YYYYMMDD.csv``, each written the next morning."""
    rng = scene.rng("domestic")
    slips = list(_slips(scene, rng))
    faults = spread(rng, len(slips), _MOVES | {name: bad.rate for name, bad in BAD.items()})
    later = spread(scene.rng("domestic later"), len(slips), _LATER_MOVES) if scene.later else {}
    files = Files(Books(scene.truth, CONNECTOR), BAD, BAD["no_type"], _reweighed, {"状态": "作废"})
    for number, (day, slip) in enumerate(slips):
        if number in faults:
            fault = faults[number]
            files.tell(slip, day, fault, day + timedelta(days=1 if fault == "resent" else rng.randrange(2, 9)))
        else:
            files.tell(slip, day, later.get(number), scene.end + timedelta(days=20))
    _write_files(scene, files)


def _write_files(scene: Scene, files: Files) -> None:
    folder = scene.folder("urban_management")
    for day, rows in files.rows.items():
        path = folder / f"磅单_{day:%Y%m%d}.csv"
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        path.write_bytes(text.getvalue().encode("gb18030"))
        settle(path, day + timedelta(days=1))


def _slips(scene: Scene, rng: random.Random) -> Iterator[tuple[date, Statement]]:
    a_day = scene.count(_TRAILERS_A_DAY)
    trailers, drivers = plates(rng, 60), [person(rng) for _ in range(60)]
    names, weights = list(KINDS), [kind[2] for kind in KINDS.values()]
    for day in scene.days:
        places = some_places(rng, a_day)
        kinds = rng.choices(names, weights, k=a_day)
        for number, (place, kind) in enumerate(zip(places, kinds, strict=True), 1):
            second = 5 * 3600 + (number * 57_600) // (a_day + 1) + rng.randrange(60)
            net, tare, trailer = rng.randrange(700, 1300) * 20, rng.randrange(700, 800) * 20, rng.randrange(60)
            row: Row = {
                "磅单号": f"LC{day:%Y%m%d}{number:05d}",
                "称重时间": f"{day} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
                "垃圾类别": kind, "毛重": str(net + tare), "皮重": str(tare), "净重": str(net), "单位": "千克",
                "区划代码": place.code if place.code.isdigit() else "", "收运区域": place.name,
                "处理设施": _PLANTS[trailer % 3], "车牌": trailers[trailer], "司机": drivers[trailer], "状态": "有效",
            }
            stream, code, _ = KINDS[kind]
            flow = Flow(period(day), place.code, stream, "SW", code, "COLLECTED", "urban_management")
            yield day, Statement(row, ((flow, net * 1000, None),))


def _reweighed(slip: Statement) -> Statement:
    net, ((flow, mass_g, count),) = int(slip.row["净重"] or 0) - 340, slip.entries
    row = slip.row | {"净重": str(net), "毛重": str(net + int(slip.row["皮重"] or 0))}
    return Statement(row, ((flow, mass_g - 340_000, count),))
