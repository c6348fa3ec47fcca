"""住建: a database of construction-waste slips, 移出 and 接收, in 方, 吨 and 千克.

The same dictionary C016 means one thing in the first table and another in the second. Slips are marked deleted
(SCBZ) or simply gone; drivers' names, identity and telephone numbers stand in every row.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hub.demo.database import save
from hub.demo.faults import CHECK, MISSING, NEGATIVE, NUMBER, REPLACED, TIME, UNIT, UNMAPPED, Bad
from hub.demo.places import OLD_COUNTY, Place, person, plates, some_places
from hub.demo.scene import Scene, period
from hub.demo.statements import Row, Statement, Table
from hub.demo.truth import Flow

DISPATCH, RECEIPT = "housing.construction_dispatch", "housing.construction_receipt"
#: Kinds of waste: weight, code in C016 as 移出 has it, code as 接收 has it, tenths of a tonne per 方.
TYPES = {
    "SW70": (66, "01", "01", 16), "SW71": (10, "04", "02", 12), "SW73": (12, "02", "04", 16),
    "SW74": (8, "03", None, None), "SW72": (4, None, "03", None),
}
_A_DAY = 84
_COMMON = "LDBH TEXT, LJLX TEXT, DW TEXT, QHDM TEXT, CPH TEXT, SJXM TEXT, SJSFZ TEXT, SJDH TEXT, SCBZ TEXT, GXSJ TEXT"
_DISPATCH_COLUMNS = f"YCDH TEXT PRIMARY KEY, SL NUMERIC, CC INTEGER, YCSJ TEXT, GDBH TEXT, YSQY TEXT, {_COMMON}"
_RECEIPT_COLUMNS = (
    "JSDH TEXT PRIMARY KEY, MZ NUMERIC, PZ NUMERIC, JZ NUMERIC, JSSJ TEXT, CZFS TEXT, XNCBH TEXT, XNCMC TEXT, "
    f"{_COMMON}"
)
_BAD_BOTH = {
    "old_region": Bad({"QHDM": OLD_COUNTY}, REPLACED, 0.001),
    "no_region": Bad({"QHDM": None}, MISSING, 0.0003),
    "strange_unit": Bad({"DW": "车"}, UNIT, 0.0005),
}
BAD_DISPATCH = _BAD_BOTH | {
    "unknown_type": Bad({"LJLX": "99", "SL": "20", "DW": "吨"}, UNMAPPED, 0.0005),
    "no_number": Bad({"SL": "1,234.5 吨", "DW": "吨"}, NUMBER, 0.0002),
    "no_such_day": Bad({"YCSJ": "2026-02-30 08:05:00"}, TIME, 0.0002),
    "negative": Bad({"SL": "-12.5", "DW": "吨"}, NEGATIVE, 0.0002),
}
BAD_RECEIPT = _BAD_BOTH | {
    "unknown_type": Bad({"LJLX": "05"}, UNMAPPED, 0.0005),
    "unbalanced": Bad({"PZ": "1"}, CHECK, 0.0005),
}
_LATER = {"corrected": 0.002, "silent": 0.0005, "soft": 0.001, "hard": 0.0005}
_FIFTEEN_TONNES: dict[str, Row] = {
    DISPATCH: {"SL": "15000", "DW": "千克"}, RECEIPT: {"MZ": "26500", "PZ": "11500", "JZ": "15000"},
}


@dataclass
class _Slip:
    """One vehicle's trips of a day between one site and one place of treatment; masses in kilograms."""

    number: str
    day: date
    second: int
    place: Place
    code: str
    trips: int
    kg: int
    vehicle: tuple[str, str]


def write(scene: Scene) -> None:
    """``jzlj.db`` with the tables JZLJ_YC (移出) and JZLJ_JS (接收)."""
    rng = scene.rng("construction")
    slips = list(_slips(scene, rng))
    sent = [_dispatch(rng, slip) for slip in slips if TYPES[slip.code][1]]
    got = [_receipt(rng, slip) for slip in slips if TYPES[slip.code][2] and rng.random() < 0.98]
    tables = {
        "JZLJ_YC": (_DISPATCH_COLUMNS, _table(DISPATCH, BAD_DISPATCH).rows(scene, sent)),
        "JZLJ_JS": (_RECEIPT_COLUMNS, _table(RECEIPT, BAD_RECEIPT).rows(scene, got)),
    }
    save(scene.folder("housing") / "jzlj.db", tables, scene.end + timedelta(days=30 if scene.later else 5))


def _table(connector: str, bad: dict[str, Bad]) -> Table:
    def correct(statement: Statement) -> Statement:
        entries = tuple((flow, 15_000_000, count) for flow, _, count in statement.entries)
        return Statement(statement.row | _FIFTEEN_TONNES[connector], entries)

    return Table(connector, bad, {"SCBZ": "1"}, "GXSJ", correct, 0.003, _LATER)


def _slips(scene: Scene, rng: random.Random) -> Iterator[_Slip]:
    a_day = scene.count(_A_DAY)
    vehicles = list(zip(plates(rng, 200), (person(rng) for _ in range(200)), strict=True))
    codes, weights = list(TYPES), [kind[0] for kind in TYPES.values()]
    for day in scene.days:
        drawn = zip(some_places(rng, a_day), rng.choices(codes, weights, k=a_day), strict=True)
        for number, (place, code) in enumerate(drawn, 1):
            trips = rng.randrange(1, 9)
            area = place.code if place.code.isdigit() else "371502"
            yield _Slip(
                f"{area}{day:%Y%m%d}{number:05d}", day, rng.randrange(6 * 3600, 18 * 3600), place, code, trips,
                trips * rng.randrange(1000, 1500) * 20, rng.choice(vehicles),
            )


def _shared(slip: _Slip, kind: str | None, unit: str, when: datetime) -> Row:
    return {
        "LDBH": slip.number, "LJLX": kind, "DW": unit, "QHDM": slip.place.code, "CPH": slip.vehicle[0],
        "SJXM": slip.vehicle[1], "SJSFZ": f"371502198{slip.second % 10}0101{slip.second % 10_000:04d}",
        "SJDH": f"1380000{slip.second % 10_000:04d}", "SCBZ": "0", "GXSJ": str(when + timedelta(minutes=7)),
    }


def _dispatch(rng: random.Random, slip: _Slip) -> Statement:
    _, kind, _, density = TYPES[slip.code]
    unit = rng.choices(("方", "吨", "千克"), (60 if density else 0, 25, 15))[0]
    if unit == "方" and density:
        tenths = slip.kg // (10 * density)
        amount, mass_g = f"{tenths // 10}.{tenths % 10}", tenths * density * 10_000
    elif unit == "吨":
        amount, mass_g = f"{slip.kg // 1000}.{slip.kg % 1000 // 10:02d}", slip.kg // 10 * 10_000
    else:
        amount, mass_g = str(slip.kg), slip.kg * 1000
    when = datetime.combine(slip.day, time(0)) + timedelta(seconds=slip.second)
    row: Row = {
        "YCDH": "Y" + slip.number, "SL": amount, "CC": str(slip.trips), "YCSJ": str(when),
        "GDBH": f"GD{slip.second % 97:03d}", "YSQY": f"聊城第{slip.second % 23 + 1}渣土运输公司",
        **_shared(slip, kind, unit, when),
    }
    return Statement(row, tuple((_flow(slip, name), mass_g, None) for name in ("GENERATED", "DISPATCHED")))


def _receipt(rng: random.Random, slip: _Slip) -> Statement:
    """Weighed in kilograms; a little was lost on the way."""
    net = slip.kg - rng.randrange(slip.kg // 40)
    tare = slip.trips * 11_500
    when = datetime.combine(slip.day, time(0)) + timedelta(seconds=slip.second + rng.randrange(1800, 9000))
    way = rng.choices(("01", "02", "03", None), (45, 25, 25, 5))[0]
    site = slip.second % 9 + 1
    row: Row = {
        "JSDH": "J" + slip.number, "MZ": str(net + tare), "PZ": str(tare), "JZ": str(net), "JSSJ": str(when),
        "CZFS": way, "XNCBH": f"XN{site:02d}", "XNCMC": f"第{site}消纳场",
        **_shared(slip, TYPES[slip.code][2], "千克", when),
    }
    kinds = ("RECEIVED",) if way is None else ("RECEIVED", "DISPOSED" if way == "03" else "UTILISED")
    return Statement(row, tuple((_flow(slip, name), net * 1000, None) for name in kinds))


def _flow(slip: _Slip, kind: str) -> Flow:
    return Flow(period(slip.day), slip.place.code, "construction", "SW", slip.code, kind, "housing")

