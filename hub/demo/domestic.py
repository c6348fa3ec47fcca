"""城市管理: the weighbridge of the transfer stations writes one GB18030 CSV a day, in kilograms.

What goes wrong there: a day's file repeats rows of the day before, a row comes days late, a weight is corrected or a
slip cancelled by sending it again, and some rows are plainly wrong.
"""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from hub.demo.faults import CHECK, MISSING, NEGATIVE, NUMBER, REPLACED, TIME, UNMAPPED, Bad
from hub.demo.places import OLD_COUNTY, Place, person, plates, some_places
from hub.demo.scene import Scene, period, settle, spread
from hub.demo.truth import Flow, Truth

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
# resent: same row in the next file; late: days later; corrected: other weight later; cancelled: withdrawn later;
# mended: bad at first; spoilt: good at first, then bad, so that the first statement stands.
_MOVES = {"resent": 0.01, "late": 0.01, "corrected": 0.005, "cancelled": 0.002, "mended": 0.0003, "spoilt": 0.0002}
RATES = _MOVES | {name: bad.rate for name, bad in BAD.items()}

_LATER_MOVES = {"resent": 0.0005, "corrected": 0.0005, "cancelled": 0.0003, "spoilt": 0.0001}

Row = dict[str, str | None]
Slip = tuple[date, Place, Row]


def write(scene: Scene) -> None:
    """The daily files ``磅单_YYYYMMDD.csv``, each written the next morning."""
    rng = scene.rng("domestic")
    slips = list(_slips(scene, rng))
    faults = spread(rng, len(slips), RATES)
    later = spread(scene.rng("domestic later"), len(slips), _LATER_MOVES) if scene.later else {}
    desk = _Desk(scene.truth)
    for number, (day, place, row) in enumerate(slips):
        fault = faults.get(number)
        if fault in BAD:
            desk.put(day, BAD[fault].spoil(row))
            desk.set_aside(BAD[fault])
        elif fault is not None:
            _move(fault, desk, (day, place, row), day + timedelta(days=1 if fault == "resent" else rng.randrange(2, 9)))
        elif number in later:
            _move(later[number], desk, (day, place, row), scene.end + timedelta(days=20))
        else:
            desk.put(day, row)
            desk.stands(day, place, row)
    _write_files(scene, desk)


def _write_files(scene: Scene, desk: _Desk) -> None:
    folder = scene.folder("urban_management")
    for day, rows in desk.files.items():
        path = folder / f"磅单_{day:%Y%m%d}.csv"
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        path.write_bytes(text.getvalue().encode("gb18030"))
        settle(path, day + timedelta(days=1))


def _slips(scene: Scene, rng: random.Random) -> Iterator[Slip]:
    a_day = scene.count(_TRAILERS_A_DAY)
    trailers, drivers = plates(rng, 60), [person(rng) for _ in range(60)]
    names, weights = list(KINDS), [kind[2] for kind in KINDS.values()]
    for day in scene.days:
        places = some_places(rng, a_day)
        kinds = rng.choices(names, weights, k=a_day)
        for number, (place, kind) in enumerate(zip(places, kinds, strict=True), 1):
            second = 5 * 3600 + (number * 57_600) // (a_day + 1) + rng.randrange(60)
            net, tare, trailer = rng.randrange(700, 1300) * 20, rng.randrange(700, 800) * 20, rng.randrange(60)
            yield day, place, {
                "磅单号": f"LC{day:%Y%m%d}{number:05d}",
                "称重时间": f"{day} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
                "垃圾类别": kind, "毛重": str(net + tare), "皮重": str(tare), "净重": str(net), "单位": "千克",
                "区划代码": place.code if place.code.isdigit() else "", "收运区域": place.name,
                "处理设施": _PLANTS[trailer % 3], "车牌": trailers[trailer], "司机": drivers[trailer], "状态": "有效",
            }


class _Desk:
    """The files as they grow, and what is true of them."""

    def __init__(self, truth: Truth) -> None:
        self.files: defaultdict[date, list[Row]] = defaultdict(list)
        self.truth = truth

    def put(self, day: date, row: Row) -> None:
        self.files[day].append(row)
        self.truth.records += 1

    def stands(self, day: date, place: Place, row: Row) -> None:
        stream, code, _ = KINDS[row["垃圾类别"] or ""]
        flow = Flow(period(day), place.code, stream, "SW", code, "COLLECTED", "urban_management")
        self.truth.add(flow, int(row["净重"] or 0) * 1000)

    def set_aside(self, bad: Bad) -> None:
        self.truth.quarantined[CONNECTOR, bad.error] += 1


def _move(fault: str, desk: _Desk, slip: Slip, afterwards: date) -> None:
    """A record that is stated late or twice."""
    day, place, row = slip
    if fault != "late":
        desk.put(day, BAD["unknown_type"].spoil(row) if fault == "mended" else row)
    if fault == "cancelled":
        desk.put(afterwards, row | {"状态": "作废"})
        desk.truth.retracted += 1
        return
    if fault == "corrected":
        row = _reweighed(row)
    if fault == "spoilt":
        desk.put(afterwards, BAD["no_type"].spoil(row))
        desk.set_aside(BAD["no_type"])
    else:
        desk.put(afterwards, row)
    desk.stands(day, place, row)


def _reweighed(row: Row) -> Row:
    net = int(row["净重"] or 0) - 340
    return row | {"净重": str(net), "毛重": str(net + int(row["皮重"] or 0))}

