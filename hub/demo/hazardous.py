"""生态环境: the database of hazardous waste. Batches as they arise (HJ 1259 表B.1), and transfer manifests.

A manifest is one trip with one or more lines, so the connector joins two tables. What a receiver accepts may differ
from what was sent, or not have come yet; manifests are voided, and back-entered days later.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hub.demo.database import save
from hub.demo.faults import CLASS_UNKNOWN, MISSING, NEGATIVE, NUMBER, REPLACED, TIME, Bad
from hub.demo.places import COUNTIES, OLD_COUNTY, Company, companies, person, plates
from hub.demo.scene import Scene, period
from hub.demo.statements import Row, Statement, Table
from hub.demo.truth import Flow

BATCHES, MANIFESTS = "environment.hazardous_generation", "environment.manifests"
#: Code, name, weight, kilograms of a line from and to, how the receiver deals with it (HJ 1033 附录F).
WASTES = (
    ("321-024-48", "铝灰渣", 20, 8_000, 28_000, "R4"), ("321-026-48", "再生铝灰渣", 10, 8_000, 28_000, "R4"),
    ("772-002-18", "生活垃圾焚烧飞灰", 25, 15_000, 30_000, "D1"), ("900-249-08", "废矿物油", 12, 1_000, 10_000, "R9"),
    ("900-214-08", "废机油", 10, 200, 5_000, "R9"), ("900-041-49", "沾染废物", 12, 200, 6_000, "D10"),
    ("900-052-31", "废铅蓄电池", 6, 500, 12_000, "R4"), ("900-047-49", "实验室废液", 3, 20, 1_000, "D10"),
    ("900-039-49", "废活性炭", 2, 1_000, 8_000, "D10"),
)
_MANIFESTS_A_DAY = 22
_BATCH_COLUMNS = (
    "QYDM TEXT, PCBM TEXT, QYMC TEXT, QHDM TEXT, FWDM TEXT, FWMC TEXT, CSL NUMERIC, CSSJ TEXT, CSSS TEXT, JBR TEXT, "
    "SFZF TEXT, GXSJ TEXT, PRIMARY KEY (QYDM, PCBM)"
)
_HEADER_COLUMNS = (
    "LDBH TEXT PRIMARY KEY, YCDW TEXT, YCDWMC TEXT, YCQH TEXT, YCSJ TEXT, CYDW TEXT, CPH TEXT, JSY TEXT, JSDW TEXT, "
    "JSDWMC TEXT, JSQH TEXT, JSSJ TEXT, SFZF TEXT, BLLX TEXT, GXSJ TEXT"
)
_LINE_COLUMNS = (
    "LDBH TEXT, XH INTEGER, FWDM TEXT, FWMC TEXT, PCBM TEXT, YCL NUMERIC, JSL NUMERIC, LYCZFS TEXT, "
    "PRIMARY KEY (LDBH, XH)"
)
BAD_BATCH = {
    "no_such_class": Bad({"FWDM": "900-999-51"}, CLASS_UNKNOWN, 0.0008),
    "no_number": Bad({"CSL": "1,234.5 吨"}, NUMBER, 0.0003),
    "no_code": Bad({"FWDM": None}, MISSING, 0.0005),
    "old_region": Bad({"QHDM": OLD_COUNTY}, REPLACED, 0.001),
}
BAD_MANIFEST = {
    "no_such_class": Bad({"FWDM": "900-999-43"}, CLASS_UNKNOWN, 0.0008),
    "no_such_day": Bad({"YCSJ": "2026-02-30 08:05:00"}, TIME, 0.0003),
    "negative": Bad({"YCL": "-3.5"}, NEGATIVE, 0.0003),
    "old_region": Bad({"YCQH": OLD_COUNTY}, REPLACED, 0.001),
}
_LATER = {"corrected": 0.004, "silent": 0.001, "soft": 0.002, "hard": 0.001}


def write(scene: Scene) -> None:
    """``wfgl.db`` with the tables WF_CSPC, WF_LD and WF_LDMX."""
    rng = scene.rng("hazardous")
    batches: list[Statement] = []
    headers: list[Statement] = []
    lines: dict[str, list[Row]] = {}
    for header, its_lines, its_batches in _manifests(scene, rng):
        headers.append(header)
        lines[header.row["LDBH"] or ""] = its_lines
        batches += its_batches
    table = Table(MANIFESTS, BAD_MANIFEST, {"SFZF": "1"}, "GXSJ", _accepted_five_tonnes, 0.01, _LATER)
    rows = table.rows(scene, headers)
    named = set(headers[0].row)
    tables = {
        "WF_CSPC": (_BATCH_COLUMNS, _batch_table().rows(scene, batches)),
        "WF_LD": (_HEADER_COLUMNS, [{name: row[name] for name in headers[0].row} for row in rows]),
        # What a fault changes in a line, it changes in every line of the manifest.
        "WF_LDMX": (_LINE_COLUMNS, [
            line | {name: value for name, value in row.items() if name not in named}
            for row in rows for line in lines[row["LDBH"] or ""]
        ]),
    }
    save(scene.folder("environment") / "wfgl.db", tables, scene.end + timedelta(days=30 if scene.later else 5))


def _batch_table() -> Table:
    def correct(batch: Statement) -> Statement:
        entries = tuple((flow, 2_500_000, count) for flow, _, count in batch.entries)
        return replace(batch, row=batch.row | {"CSL": "2.5"}, entries=entries)

    return Table(BATCHES, BAD_BATCH, {"SFZF": "1"}, "GXSJ", correct, 0.002, _LATER)


def _accepted_five_tonnes(manifest: Statement) -> Statement:
    entries = tuple(
        (flow, mass_g if flow.kind == "DISPATCHED" else 5_000_000, count) for flow, mass_g, count in manifest.entries
    )
    if len(entries) == manifest.records:  # nothing was accepted yet, and nothing is corrected
        return manifest
    return replace(manifest, row=manifest.row | {"JSL": "5"}, entries=entries)


def _manifests(scene: Scene, rng: random.Random) -> Iterator[tuple[Statement, list[Row], list[Statement]]]:
    senders = companies(rng, scene.count(150), "工业公司")
    receivers = companies(rng, 6, "危险废物利用处置公司", COUNTIES)
    carriers, vehicles = companies(rng, 8, "危险品运输公司", COUNTIES), plates(rng, 60)
    serials: Counter[int] = Counter()
    batches: Counter[tuple[str, date]] = Counter()
    for day in scene.days:
        for _ in range(scene.count(_MANIFESTS_A_DAY)):
            serials[day.year] += 1
            sender, receiver = rng.choice(senders), rng.choice(receivers)
            sent = datetime.combine(day, time(0)) + timedelta(seconds=rng.randrange(7 * 3600, 16 * 3600))
            came = None if rng.random() < 0.03 else sent + timedelta(seconds=rng.randrange(7200, 28_000))
            late = rng.random() < 0.01
            header: Row = {
                "LDBH": f"{day.year}3715{serials[day.year]:06d}", "YCDW": sender.id, "YCDWMC": sender.name,
                "YCQH": sender.place.code, "YCSJ": str(sent), "CYDW": rng.choice(carriers).id,
                "CPH": rng.choice(vehicles), "JSY": person(rng), "JSDW": receiver.id, "JSDWMC": receiver.name,
                "JSQH": receiver.place.code, "JSSJ": None if came is None else str(came), "SFZF": "0",
                "BLLX": "补录" if late else None,
                "GXSJ": str((came or sent) + timedelta(days=8 if late else 0, minutes=20)),
            }
            lines = []
            for number in range(1, 1 + rng.choices((1, 2, 3), (75, 18, 7))[0]):
                arose = max(scene.days[0], day - timedelta(days=rng.randrange(20)))
                batches[sender.id, arose] += 1
                batch = f"HWCS{arose:%Y%m%d}{batches[sender.id, arose]:03d}"
                line, made = _line(rng, header["JSSJ"] is not None, batch)
                lines.append((
                    {"LDBH": header["LDBH"], "XH": str(number), **line}, _batch(rng, sender, arose, line, made)
                ))
            entries = tuple(entry for line in lines for entry in _entries(header, line[0], sender, receiver, day))
            yield Statement(header, entries, len(lines)), [line[0] for line in lines], [line[1] for line in lines]


def _line(rng: random.Random, came: bool, batch: str) -> tuple[Row, int]:
    """A line of a manifest, and the kilograms of the batch that it takes away."""
    code, name, _, least, most, method = rng.choices(WASTES, [waste[2] for waste in WASTES])[0]
    kg = rng.randrange(least, most)
    accepted = kg - rng.randrange(1, kg // 20 + 2) if rng.random() < 0.05 else kg
    line: Row = {
        "FWDM": f"HW{code[-2:]}/{code}" if rng.random() < 0.05 else code, "FWMC": name, "PCBM": batch,
        "YCL": _tonnes(kg), "JSL": _tonnes(accepted) if came else None,
        "LYCZFS": method if came and rng.random() < 0.9 else None,
    }
    return line, kg + (rng.randrange(1, kg // 10 + 2) if rng.random() < 0.3 else 0)


def _batch(rng: random.Random, sender: Company, arose: date, line: Row, kg: int) -> Statement:
    code = (line["FWDM"] or "")[-10:]
    row: Row = {
        "QYDM": sender.id, "PCBM": line["PCBM"], "QYMC": sender.name, "QHDM": sender.place.code, "FWDM": code,
        "FWMC": line["FWMC"], "CSL": _tonnes(kg), "CSSJ": f"{arose} 08:00:00", "CSSS": f"MF{rng.randrange(1, 40):04d}",
        "JBR": person(rng), "SFZF": "0", "GXSJ": f"{arose} 17:30:00",
    }
    flow = Flow(period(arose), sender.place.code, "hazardous", "HW", code, "GENERATED", "environment")
    return Statement(row, ((flow, kg * 1000, None),))


def _entries(
    header: Row, line: Row, sender: Company, receiver: Company, day: date
) -> Iterator[tuple[Flow, int, int | None]]:
    code = (line["FWDM"] or "")[-10:]

    def flow(kind: str, company: Company) -> Flow:
        return Flow(period(day), company.place.code, "hazardous", "HW", code, kind, "environment")

    yield flow("DISPATCHED", sender), _grams(line["YCL"]), None
    if line["JSL"] is not None:
        yield flow("RECEIVED", receiver), _grams(line["JSL"]), None
        if line["LYCZFS"] is not None:
            kind = "UTILISED" if line["LYCZFS"].startswith("R") else "DISPOSED"
            yield flow(kind, receiver), _grams(line["JSL"]), None


def _tonnes(kg: int) -> str:
    return f"{kg // 1000}.{kg % 1000:03d}"


def _grams(tonnes: str | None) -> int:
    return int((tonnes or "0").replace(".", "")) * 1000
