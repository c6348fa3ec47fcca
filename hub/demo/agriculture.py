"""农业农村: quarterly returns of the towns as XLSX, with a title and a header of two merged rows, in 吨 or 万吨.

A return that is sent again replaces its quarter: rows that are not in it any more are withdrawn. Nothing is weighed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import xlsxwriter

from hub.demo.faults import NEGATIVE, NUMBER, UNIT, UNMAPPED, Bad
from hub.demo.places import PLACES, Place, person
from hub.demo.scene import Scene, settle, spread
from hub.demo.statements import Books, Row, Statement
from hub.demo.truth import Flow

CONNECTOR = "agriculture.quarterly_returns"
USES = ("肥料化", "饲料化", "燃料化", "基料化", "原料化")
#: The towns' words: code, quarters in which it arises, tonnes a town from and to, per mille that goes to each use.
KINDS = {
    "小麦秸秆": ("SW80", (2,), 8_000, 28_000, (720, 120, 60, 20, 40)),
    "玉米秸秆": ("SW80", (4,), 12_000, 38_000, (640, 200, 70, 20, 30)),
    "畜禽粪污": ("SW82", (1, 2, 3, 4), 4_000, 20_000, (850, 0, 60, 0, 0)),
    "废旧农膜": ("SW80", (1, 2, 3, 4), 5, 60, (0, 0, 0, 0, 860)),
}
_TOWNS = 12
_SINGLE = ("季度", "区县", "乡镇", "类别", "产生量")
_FIGURES = ("产生量", *USES)
_NUMERALS = "一二三四"
BAD = {
    "unknown_kind": Bad({"类别": "秸杆"}, UNMAPPED, 0.002),
    "no_number": Bad({"产生量": "1,234.5 吨"}, NUMBER, 0.002),
    "negative": Bad({"产生量": "-3"}, NEGATIVE, 0.002),
    "strange_unit": Bad({"单位": "亩"}, UNIT, 0.002),
}

_Cell = tuple[Statement, Bad | None]


@dataclass(frozen=True)
class _Town:
    """Who makes a return; some count in 万吨."""

    place: Place
    name: str
    thinks_big: bool
    reporter: str


def write(scene: Scene) -> None:
    """``农业废弃物_2025Q1.xlsx`` …; the second quarter is sent again a little later, in the end the first one too."""
    rng = scene.rng("agriculture")
    books = Books(scene.truth, CONNECTOR)
    again = [(scene.quarters[min(1, len(scene.quarters) - 1)], "重报", 40)]
    if scene.later:
        again.append((scene.quarters[0], "再报", 400))
    for quarter in scene.quarters:
        statements = list(_statements(scene, rng, quarter))
        faults = spread(rng, len(statements), {name: bad.rate for name, bad in BAD.items()})
        rows = [(statement, BAD.get(faults.get(number, ""))) for number, statement in enumerate(statements)]
        name, due = f"农业废弃物_{quarter.year}Q{_number(quarter)}", quarter + timedelta(days=110)
        _write_file(scene, f"{name}.xlsx", rows, due)
        for _, suffix, days in (sending for sending in again if sending[0] == quarter):
            rows = _revised(books, rows)
            _write_file(scene, f"{name}_{suffix}.xlsx", rows, due + timedelta(days=days))
        for statement, bad in rows:
            if bad is None:
                books.stands(statement)
            else:
                books.set_aside(statement, bad)


def _revised(books: Books, rows: Sequence[_Cell]) -> list[_Cell]:
    """A return sent again: of the sound rows the first two are gone, two corrected; a number is mended."""
    revised, sound = list[_Cell](), 0
    for statement, bad in rows:
        sound += bad is None
        if bad is None and sound <= 2:
            books.withdrawn(statement)
        elif bad is None and sound <= 4:
            (flow, _, count), *uses = statement.entries
            row = statement.row | {"产生量": "99999", "单位": "吨"}
            if statement.row["单位"] == "吨":
                revised.append((replace(statement, row=row, entries=((flow, 99_999_000_000, count), *uses)), None))
            else:
                revised.append((statement, None))
        else:
            revised.append((statement, None if bad is BAD["no_number"] else bad))
    return revised


def _number(quarter: date) -> int:
    return (quarter.month + 2) // 3


def _statements(scene: Scene, rng: random.Random, quarter: date) -> Iterator[Statement]:
    for index, place in enumerate(PLACES):
        for number in range(1, scene.count(_TOWNS) + 1):
            town = _Town(place, f"{place.name}第{number}镇", index % 2 == 0, person(rng))
            for kind, (_, quarters, *_) in KINDS.items():
                if _number(quarter) in quarters:
                    yield _statement(rng, quarter, town, kind)


def _statement(rng: random.Random, quarter: date, town: _Town, kind: str) -> Statement:
    code, _, least, most, shares = KINDS[kind]
    tonnes = rng.randrange(least, most)
    used = [tonnes * share // 1000 for share in shares]
    unit = "万吨" if town.thinks_big and least >= 1000 else "吨"
    number = _number(quarter)
    row: Row = {
        "季度": f"{quarter.year}年第{_NUMERALS[number - 1]}季度" if number % 2 else f"{quarter.year}Q{number}",
        "区县": town.place.name, "乡镇": town.name, "类别": kind, "产生量": _amount(tonnes, unit),
        **{use: _amount(part, unit) if part else None for use, part in zip(USES, used, strict=True)},
        "单位": unit, "填报人": town.reporter,
    }

    def entry(name: str, amount: int) -> tuple[Flow, int, None]:
        period = f"{quarter.year}Q{number}"
        return Flow(period, town.place.code, "agricultural", "SW", code, name, "agriculture"), amount * 1_000_000, None

    return Statement(row, (entry("GENERATED", tonnes), *(entry("UTILISED", part) for part in used if part)))


def _amount(tonnes: int, unit: str) -> str:
    return f"{tonnes // 10_000}.{tonnes % 10_000:04d}" if unit == "万吨" else str(tonnes)


def _write_file(scene: Scene, name: str, rows: Sequence[_Cell], day: date) -> None:
    """A sheet as offices make it: a title over all, names over two rows, 利用量 over its five uses."""
    path = scene.folder("agriculture") / name
    with xlsxwriter.Workbook(path, {"constant_memory": False}) as book:
        book.set_properties({"created": datetime(day.year, day.month, day.day)})  # noqa: DTZ001 - the format has no zone
        sheet = book.add_worksheet("汇总表")
        columns = [*_SINGLE, *USES, "单位", "填报人"]
        sheet.merge_range(0, 0, 0, len(columns) - 1, "聊城市农业废弃物季度汇总表")
        sheet.merge_range(1, len(_SINGLE), 1, len(_SINGLE) + len(USES) - 1, "利用量")
        for position, column in enumerate(columns):
            if column in USES:
                sheet.write(2, position, column)
            else:
                sheet.merge_range(1, position, 2, position, column)
        for line, (statement, bad) in enumerate(rows, 3):
            row = statement.row if bad is None else bad.spoil(statement.row)
            for position, column in enumerate(columns):
                text = row[column]
                if text is None:
                    continue
                if column in _FIGURES and text.replace(".", "").lstrip("-").isdigit():
                    sheet.write_number(line, position, float(text))
                else:
                    sheet.write_string(line, position, text)
    scene.truth.records += len(rows)
    settle(path, day)
