"""A connector.yaml: what it says, and what the contract's example is read as."""

from __future__ import annotations

import pytest

from hub.intake.connector import (
    Case,
    Connector,
    Cursor,
    Expression,
    FileSpec,
    Limits,
    ListSpec,
    Part,
    Position,
    SqlSpec,
)
from tests.intake.connector_texts import EXAMPLE, PATH, SMALL, SQL, parsed


def _e(text: str, line: int, column: int) -> Expression:
    return Expression(text, Position(line, column))


SOURCE = SqlSpec(
    url="env:HOUSING_DB", table="BDJL", query=None, key=("DJBH",), cursor=Cursor("GXSJ", 600.0),
    version=_e("GXSJ", 11, 12), deleted=_e("SCBZ = '1'", 12, 12), limits=Limits(500, 30.0, ((510, 570),)), at=Position(6, 3),
)  # fmt: skip
LISTS = {
    "zj_waste": ListSpec(
        "zj_waste", "2026-01", None, {"01": "SW70", "02": "SW71", "03": "SW73", "04": "SW74"}, None, Position(17, 13)
    ),
    "density": ListSpec("density", "2026-03", "t/m3", {"01": "1.6", "02": "1.2"}, None, Position(18, 13)),
}
MAP = {
    "kind": _e("'RECEIVED'", 20, 10), "stream": _e("'construction'", 21, 12), "scheme": _e("'SW'", 22, 12),
    "code": _e("code('zj_waste', ZLLX)", 23, 9), "value": _e("num(JZ)", 24, 10), "unit": _e("DW", 25, 9),
    "occurred_at": _e("ts(CZSJ)", 26, 16), "region": _e("region(QHDM)", 27, 11), "holder": _e("XNCBH", 28, 11),
    "holder_name": _e("XNCMC", 29, 16), "vehicle": _e("CPH", 30, 12), "manifest": _e("LDH", 31, 13),
}  # fmt: skip
TESTS = (
    Case(
        "一车渣土",
        {"DJBH": "A1", "ZLLX": "01", "JZ": "16000", "DW": "千克", "CZSJ": "2026-03-01 08:05:00",
         "QHDM": "371502", "CPH": "鲁P12345"},
        ({"kind": "RECEIVED", "code": "SW70", "mass_g": "16000000", "region": "371502"},), None, Position(37, 5),
    ),
    Case(
        "未知类型",
        {"DJBH": "A2", "ZLLX": "99", "JZ": "1", "DW": "吨", "CZSJ": "2026-03-01", "QHDM": "371502"},
        None, {"field": "code", "error": "CODE_UNMAPPED"}, Position(40, 5),
    ),
)  # fmt: skip


def test_the_example_of_the_contract_is_read_exactly() -> None:
    """The contract's connector.yaml becomes exactly this connector."""
    assert parsed(EXAMPLE) == Connector(
        path=PATH,
        name="housing.weighbridge",
        identity="housing.weighbridge",
        title="建筑垃圾消纳场磅单",
        department="housing",
        source=SOURCE,
        every_seconds=300.0,
        drop=("SJXM", "SJSFZ", "SJDH"),
        lists=LISTS,
        parts=(Part("received", MAP),),
        checks={"net_is_gross_minus_tare": _e("num(MZ) - num(PZ) = num(JZ)", 33, 28)},
        warn=frozenset(),
        max_mass_g=10**13,
        tests=TESTS,
    )


def test_a_file_source_says_how_its_files_are_laid_out() -> None:
    """path, encoding, sheet, header, scope and the rest of kind file are read."""
    layout = "  key: [月份, K]\n  encoding: gb18030\n  sheet: 表一\n  header: 2-3\n  scope: 月份\n"
    text = SMALL.replace("  key: K\n", layout)
    source = parsed(text).source
    assert isinstance(source, FileSpec)
    assert (source.path, source.key, source.encoding, source.sheet) == ("in/*.csv", ("月份", "K"), "gb18030", "表一")
    assert (source.header, source.scope) == ((2, 3), Expression("月份", Position(11, 10)))
    assert (source.version, source.deleted) == (None, None)


@pytest.mark.parametrize(("written", "header"), [("2", (2, 2)), ("2-3", (2, 3)), ("[2, 3]", (2, 3)), ("~", None)])
def test_header_is_one_row_or_two(written: str, header: tuple[int, int] | None) -> None:
    """A header is a row, a range or a pair."""
    source = parsed(SMALL.replace("  key: K", f"  key: K\n  header: {written}")).source
    assert isinstance(source, FileSpec)
    assert source.header == header


@pytest.mark.parametrize(
    ("written", "seconds"), [("500ms", 0.5), ("30s", 30), ("10m", 600), ("1h", 3600), ("1d", 86400), ("1.5 h", 5400)]
)
def test_durations_are_seconds(written: str, seconds: float) -> None:
    """Each unit of time counts in seconds."""
    assert parsed(SMALL + f"every: {written}\n").every_seconds == seconds


@pytest.mark.parametrize(
    ("written", "grams"),
    [("500t", 5 * 10**8), ("100kg", 10**5), ("0.5 吨", 5 * 10**5), ("7", 7), ("10000000t", 10**13)],
)
def test_max_mass_is_whole_grams(written: str, grams: int) -> None:
    """A mass may be written in t, kg or g."""
    assert parsed(SMALL + f"max_mass: {written}\n").max_mass_g == grams


def test_quiet_hours_are_minutes_and_may_pass_midnight() -> None:
    """Several windows are read, and one may end on the next day."""
    text = SQL.replace("  key: K\n", '  key: K\n  limits: {quiet: ["08:30-09:30", 23:00-1:00, 20:00-24:00]}\n')
    source = parsed(text).source
    assert isinstance(source, SqlSpec)
    assert source.limits.quiet == ((510, 570), (1380, 60), (1200, 1440))


def test_a_cursor_may_be_just_a_column() -> None:
    """``cursor: GXSJ`` is a cursor without a lag."""
    source = parsed(SQL.replace("  key: K", "  key: K\n  cursor: GXSJ")).source
    assert isinstance(source, SqlSpec)
    assert source.cursor == Cursor("GXSJ", 0.0)


def test_texts_stay_as_written() -> None:
    """What YAML would guess to be numbers, booleans, dates or nothing stays text; only ~ and nothing are null."""
    row = "{01: 010, a: yes, b: null, c: 2026-03-01, d: 1e3, e: 0x1F, f: ~, g: , h: '', i: 1_000, j: 12:30"
    row += ", k: {l: [off]}}"
    case = parsed(SMALL + f"tests:\n  - row: {row}\n    expect: []\n").tests[0]
    assert case.row == {
        "01": "010", "a": "yes", "b": "null", "c": "2026-03-01", "d": "1e3", "e": "0x1F", "f": None, "g": None,
        "h": "", "i": "1_000", "j": "12:30", "k": {"l": ["off"]},
    }


def test_expectations_are_one_event_or_several_or_none() -> None:
    """A map is one event, a list several, an empty list says that no event comes of it."""
    each = "each:\n  - part: p\n  - part: q\n    map: {code: D}\n"
    tests = "tests:\n  - {row: {}, expect: {code: ~}}\n  - {row: {}, expect: [{part: p}, {part: q, code: x}]}\n"
    connector = parsed(SMALL + each + tests + "  - {row: {}, expect: []}\n")
    assert [case.expect for case in connector.tests] == [
        ({"code": None},), ({"part": "p"}, {"part": "q", "code": "x"}), (),
    ]


def test_the_parts_own_map_lies_on_top() -> None:
    """A part has the shared map with its own fields on top, and may bring what the shared one lacks."""
    text = SMALL.replace("  value: num(V)\n  unit: U\n", "")
    each = "each:\n  - {part: p, map: {value: num(A), unit: \"'t'\"}}\n  - {part: q, map: {count: num(B), region: Q}}\n"
    p, q = parsed(text + each).parts
    assert (p.map["value"].text, p.map["unit"].text, p.map["region"].text) == ("num(A)", "'t'", "R")
    assert (q.map["count"].text, q.map["region"].text, "value" in q.map) == ("num(B)", "Q", False)


def test_a_rename_may_keep_its_identity() -> None:
    """The identity is the name unless the file keeps an older one; the title is the name unless it has its own."""
    connector = parsed(SMALL + "identity: old.name\nwarn: [c]\nchecks: {c: A = B}\n")
    assert (connector.identity, connector.name, connector.title) == ("old.name", "a.b", "a.b")
    assert connector.warn == {"c"}
