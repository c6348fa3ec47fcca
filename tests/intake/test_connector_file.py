"""A connector.yaml: the contract's example, every refusal with its caret, and text from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigWrong
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
from hub.intake.connector_file import REFUSALS, examine_connector, parse_connector, read_connector
from hub.intake.connector_problems import MOST_PROBLEMS

PATH = Path("connectors/housing/weighbridge/connector.yaml")

EXAMPLE = """\
hub: 1
name: housing.weighbridge
title: 建筑垃圾消纳场磅单
department: housing                # environment | urban_management
source:
  kind: sql                        # sql | file
  url: env:HOUSING_DB              # an SQLAlchemy URL
  table: BDJL                      # or  query
  key: [DJBH]
  cursor: {by: GXSJ, lag: 10m}     # keyset on (GXSJ, key)
  version: GXSJ                    # what orders two statements about one key
  deleted: SCBZ = '1'              # soft delete -> retraction
  limits: {rows_per_second: 500, statement_timeout: 30s, quiet: "08:30-09:30"}
every: 5m
drop: [SJXM, SJSFZ, SJDH]          # personal fields
lists:                             # versioned reference data
  zj_waste: {version: "2026-01", map: {"01": SW70, "02": SW71, "03": SW73, "04": SW74}}
  density:  {version: "2026-03", unit: t/m3, map: {"01": 1.6, "02": 1.2}}      # numeric values: a factor table
map:                               # left: a field of the event
  kind: "'RECEIVED'"
  stream: "'construction'"
  scheme: "'SW'"
  code: code('zj_waste', ZLLX)
  value: num(JZ)
  unit: DW
  occurred_at: ts(CZSJ)
  region: region(QHDM)
  holder: XNCBH
  holder_name: XNCMC
  vehicle: CPH
  manifest: LDH
checks:
  net_is_gross_minus_tare: num(MZ) - num(PZ) = num(JZ)
each:
  - {part: received, map: {}}
tests:
  - name: 一车渣土
    row:    {DJBH: A1, ZLLX: "01", JZ: "16000", DW: 千克, CZSJ: "2026-03-01 08:05:00", QHDM: "371502", CPH: 鲁P12345}
    expect: {kind: RECEIVED, code: SW70, mass_g: 16000000, region: "371502"}
  - name: 未知类型
    row:    {DJBH: A2, ZLLX: "99", JZ: "1", DW: 吨, CZSJ: "2026-03-01", QHDM: "371502"}
    quarantine: {field: code, error: CODE_UNMAPPED}
"""

SMALL = """\
hub: 1
name: a.b
department: housing
source:
  kind: file
  path: in/*.csv
  key: K
map:
  kind: "'RECEIVED'"
  stream: "'construction'"
  scheme: "'SW'"
  code: C
  value: num(V)
  unit: U
  occurred_at: ts(T)
  region: R
"""
SQL = SMALL.replace("kind: file\n  path: in/*.csv", "kind: sql\n  url: sqlite:x.db\n  table: T")


def parsed(text: str) -> Connector:
    connector, problems = parse_connector(text, PATH)
    assert problems == []
    assert connector is not None
    return connector


def test_the_example_of_the_contract_is_read_exactly() -> None:
    """The contract's connector.yaml becomes exactly this connector."""
    at = Position

    def e(text: str, line: int, column: int) -> Expression:
        return Expression(text, at(line, column))

    assert parsed(EXAMPLE) == Connector(
        path=PATH,
        name="housing.weighbridge",
        identity="housing.weighbridge",
        title="建筑垃圾消纳场磅单",
        department="housing",
        source=SqlSpec(
            url="env:HOUSING_DB", table="BDJL", query=None, key=("DJBH",), cursor=Cursor("GXSJ", 600.0),
            version=e("GXSJ", 11, 12), deleted=e("SCBZ = '1'", 12, 12), limits=Limits(500, 30.0, ((510, 570),)),
            at=at(6, 3),
        ),
        every_seconds=300.0,
        drop=("SJXM", "SJSFZ", "SJDH"),
        lists={
            "zj_waste": ListSpec(
                "zj_waste", "2026-01", None, {"01": "SW70", "02": "SW71", "03": "SW73", "04": "SW74"}, None, at(17, 13)
            ),
            "density": ListSpec("density", "2026-03", "t/m3", {"01": "1.6", "02": "1.2"}, None, at(18, 13)),
        },
        parts=(Part("received", {
            "kind": e("'RECEIVED'", 20, 10), "stream": e("'construction'", 21, 12), "scheme": e("'SW'", 22, 12),
            "code": e("code('zj_waste', ZLLX)", 23, 9), "value": e("num(JZ)", 24, 10), "unit": e("DW", 25, 9),
            "occurred_at": e("ts(CZSJ)", 26, 16), "region": e("region(QHDM)", 27, 11), "holder": e("XNCBH", 28, 11),
            "holder_name": e("XNCMC", 29, 16), "vehicle": e("CPH", 30, 12), "manifest": e("LDH", 31, 13),
        }),),
        checks={"net_is_gross_minus_tare": e("num(MZ) - num(PZ) = num(JZ)", 33, 28)},
        warn=frozenset(),
        max_mass_g=10**13,
        tests=(
            Case(
                "一车渣土",
                {"DJBH": "A1", "ZLLX": "01", "JZ": "16000", "DW": "千克", "CZSJ": "2026-03-01 08:05:00",
                 "QHDM": "371502", "CPH": "鲁P12345"},
                ({"kind": "RECEIVED", "code": "SW70", "mass_g": "16000000", "region": "371502"},), None, at(37, 5),
            ),
            Case(
                "未知类型",
                {"DJBH": "A2", "ZLLX": "99", "JZ": "1", "DW": "吨", "CZSJ": "2026-03-01", "QHDM": "371502"},
                None, {"field": "code", "error": "CODE_UNMAPPED"}, at(40, 5),
            ),
        ),
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


# name of the refusal, what is replaced in SMALL ("" = appended), by what; ▸ stands before the place of the caret.
REFUSED = [
    ("BAD_CHARACTER", "path: in", "path: ▸\x00in"),
    ("BAD_CHARACTER", "path: in", "path: i▸\u2028n"),
    ("TAB", "  key: K", "▸\tkey: K"),
    ("FULLWIDTH_COLON", "name: a.b", "name▸：a.b"),
    ("NOT_YAML", "  key: K", "  key: ▸[K"),
    ("NOT_YAML", "  code: C", "  code: a▸: C"),
    ("TOO_DEEP", "", "drop: " + "[" * 19 + "▸[" + "[" * 30),
    ("MANY_DOCUMENTS", "", "▸---\nhub: 1"),
    ("ANCHOR", "code: C", "code: ▸&c C"),
    ("ALIAS", "unit: U", "unit: ▸*c"),
    ("TAG", "code: C", "code: ▸!!python/object:os.system C"),
    ("MERGE_KEY", "  code: C", "  code: C\n  ▸<<: {}"),
    ("KEY_NOT_TEXT", "", "lists: {▸[a]: b}"),
    ("KEY_TWICE", "  code: C", "  code: C\n  ▸code: D"),
    ("KEY_TWICE", "", 'lists: {l: {version: a, map: {"01": b, ▸01: c}}}'),
    ("NOT_A_TEXT", "  code: C", "  code: ▸[C]"),
    ("NOT_A_LIST", "", "tests: ▸x"),
    ("NOT_A_MAP", "", "tests: [{row: ▸[], expect: []}]"),
    ("UNKNOWN_KEY", "  key: K", "  key: K\n  ▸kye: K"),
    ("UNKNOWN_KEY", "  code: C", "  code: C\n  ▸vehicel: D"),
    ("UNKNOWN_KEY", "", "tests: [{row: {}, expect: {▸mass: 1}}]"),
    ("MISSING_KEY", "hub: 1\nname: a.b\n", "▸hub: 1\n"),
    ("MISSING_KEY", "hub: 1\n", "▸"),
    ("MISSING_KEY", "", "tests: [▸{expect: []}]"),
    ("VALUE_MISSING", "name: a.b", "▸name: ~"),
    ("VALUE_MISSING", "code: C", "code: ▸' '"),
    ("HUB_VERSION", "hub: 1", "hub: ▸2"),
    ("NAME_FORM", "name: a.b", "name: ▸../a"),
    ("NAME_FORM", "", "identity: ▸住建"),
    ("DEPARTMENT_UNKNOWN", "housing", "▸houzing"),
    ("KIND_UNKNOWN", "kind: file", "kind: ▸sqll"),
    ("KIND_NOT_YET", "kind: file", "kind: ▸kafka"),
    ("PATH_OUTSIDE", "in/*.csv", "▸../*.csv"),
    ("PATH_OUTSIDE", "", "lists: {l: {version: a, file: ▸/etc/passwd}}"),
    ("PATH_OUTSIDE", "", "lists: {l: {version: a, file: ▸'C:\\x'}}"),
    ("ENCODING_UNKNOWN", "key: K", "key: K\n  encoding: ▸gbk18030"),
    ("HEADER_FORM", "key: K", "key: K\n  header: ▸3-2"),
    ("HEADER_FORM", "key: K", "key: K\n  header: ▸0"),
    ("DURATION_FORM", "", "every: ▸10"),
    ("DURATION_FORM", "", "every: ▸0s"),
    ("DURATION_FORM", "", "every: ▸400d"),
    ("MASS_FORM", "", "max_mass: ▸10000001t"),
    ("MASS_FORM", "", "max_mass: ▸0.0001g"),
    ("MASS_FORM", "", "max_mass: ▸viel"),
    ("COLUMN_TWICE", "key: K", "key: [K, ▸K]"),
    ("COLUMN_DROPPED", "", "drop: [A, ▸K]"),
    ("COLUMN_DROPPED", "key: K", 'key: K\n  version: \'"V"\'\ndrop: ▸V'),
    ("LIST_NAME", "", "lists: {▸1l: {version: a, map: {}}}"),
    ("LIST_CONTENT", "", "lists: {l: ▸{version: a}}"),
    ("LIST_CONTENT", "", "lists: {l: ▸{version: a, map: {}, file: b}}"),
    ("FACTOR_FORM", "", "lists: {units: {version: a, map: {车: ▸5t}}}"),
    ("FACTOR_FORM", "", "lists: {l: {version: a, unit: t/m3, map: {车: ▸0.0}}}"),
    ("FIELD_COMPUTED", "  code: C", "  code: C\n  ▸mass_g: M"),
    ("QUOTES_LOST", "\"'SW'\"", "▸SW"),
    ("FIELD_NOT_MAPPED", "map:", "▸map:", "  region: R\n"),
    ("FIELD_NOT_MAPPED", "", "each: [{part: a, ▸map: {}}]", "  region: R\n"),
    ("MEASURE_NOT_MAPPED", "map:", "▸map:", "  value: num(V)\n  unit: U\n"),
    ("UNIT_NOT_MAPPED", "map:", "▸map:", "  unit: U\n"),
    ("EACH_EMPTY", "", "each: ▸[]"),
    ("PART_NAME", "", "each: [{part: ▸a/b}]"),
    ("PART_TWICE", "", "each: [{part: a}, {part: ▸a}]"),
    ("PART_UNKNOWN", "", "tests: [{row: {}, expect: {part: ▸a}}]"),
    ("CHECK_UNKNOWN", "", "checks: {net: A = B}\nwarn: [▸nett]"),
    ("EXPECT_OR_QUARANTINE", "", "tests: [▸{row: {}}]"),
    ("EXPECT_OR_QUARANTINE", "", "tests: [▸{row: {}, expect: [], quarantine: {field: a, error: b}}]"),
]
SQL_REFUSED = [
    ("TABLE_OR_QUERY", "  kind: sql", "  ▸kind: sql", "  table: T\n"),
    ("TABLE_OR_QUERY", "  table: T", "  table: T\n  ▸query: SELECT 1"),
    ("QUERY_NOT_SELECT", "table: T", "query: ▸DELETE FROM T"),
    ("NUMBER_FORM", "key: K", "key: K\n  limits: {rows_per_second: ▸1.5}"),
    ("QUIET_FORM", "key: K", 'key: K\n  limits: {quiet: [▸"8:30-25:00"]}'),
    ("COLUMN_DROPPED", "key: K", "key: K\n  cursor: G\ndrop: [▸G]"),
]
ELSEWHERE = {"NO_CONNECTOR", "FILE_UNREADABLE", "FILE_TOO_LARGE", "NOT_UTF8", "TOO_MANY_VALUES", "TOO_MANY_PROBLEMS"}


@pytest.mark.parametrize(
    ("base", "case"),
    [(SMALL, case) for case in REFUSED] + [(SQL, case) for case in SQL_REFUSED],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_refusal_stands_at_its_place(base: str, case: tuple[str, ...]) -> None:
    """Each mistake has its name, and its caret stands where the mistake is."""
    error, old, new, *without = case
    for part in without:
        assert part in base
        base = base.replace(part, "")
    assert old in base
    text = base.replace(old, new, 1) if old else base + new
    line = text[: text.index("▸")].count("\n")
    column = text.split("\n")[line].index("▸")
    text = text.replace("▸", "")
    connector, problems = parse_connector(text, PATH)
    assert connector is None
    assert (error, line + 1, column + 1) in [(p.error, p.line, p.column) for p in problems]
    for problem in problems:
        assert problem.text()
        assert problem.line is None or problem.source_line == text.split("\n")[problem.line - 1]


def test_every_refusal_has_a_case() -> None:
    """The closed list of refusals and the cases above name the same errors."""
    assert {case[0] for case in REFUSED + SQL_REFUSED} | ELSEWHERE == set(REFUSALS)


@pytest.mark.parametrize(
    ("old", "new", "suggestion"),
    [
        ("  code: C", "  code: C\n  vehicel: D", "vehicle"),
        ("department: housing", "department: Housing", "housing"),
        ("  key: K", "  keys: K", "key"),
        ("kind: file", "kind: SQL", "sql"),
        ("hub: 1", "hub: 1\nchekcs: {}", "checks"),
        ("hub: 1", "hub: 1\nchecks: {net: A}\nwarn: nett", "net"),
    ],
)
def test_the_nearest_valid_name_is_suggested(old: str, new: str, suggestion: str) -> None:
    """A slip of the keyboard is answered with the name that was probably meant."""
    _, problems = parse_connector(SMALL.replace(old, new, 1), PATH)
    assert suggestion in [problem.suggestion for problem in problems]


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    """One reading names every mistake, wherever it stands."""
    text = SMALL.replace("hub: 1", "hub: 7").replace("housing", "house").replace("key: K", "kee: K\n  key: &a K")
    text = text.replace("code: C", "code: C\n  mass_g: M") + "every: soon\nwarn: [x]\ntests: [{expect: {}}]\n"
    _, problems = parse_connector(text, PATH)
    assert [problem.error for problem in problems] == [
        "HUB_VERSION", "DEPARTMENT_UNKNOWN", "UNKNOWN_KEY", "ANCHOR", "FIELD_COMPUTED", "DURATION_FORM",
        "CHECK_UNKNOWN", "MISSING_KEY",
    ]


def test_endless_mistakes_end() -> None:
    """After a hundred problems one more says that there are others."""
    _, problems = parse_connector(SMALL + "".join(f"x{number}: y\n" for number in range(2_000)), PATH)
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1].error == "TOO_MANY_PROBLEMS"


@pytest.mark.parametrize("text", ["", "# nothing\n", "~", "x", "[]", "{}", "---\n", "- hub: 1"])
def test_what_is_no_map_is_no_connector(text: str) -> None:
    """An empty file, a text or a list is refused as no connector; an empty map lacks every key."""
    connector, problems = parse_connector(text, PATH)
    assert connector is None
    assert [problem.error for problem in problems] == (["MISSING_KEY"] * 5 if text == "{}" else ["NO_CONNECTOR"])


def test_reading_a_file_raises_all_its_mistakes(tmp_path: Path) -> None:
    """A right file, BOM and Windows line ends included, gives its connector; a wrong one raises every mistake."""
    path = tmp_path / "connector.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode())
    connector = read_connector(path)
    assert (connector.path, connector.parts) == (path, parsed(EXAMPLE).parts)
    path.write_text(SMALL.replace("hub: 1", "hub: 2\nx: y"), encoding="utf-8")
    with pytest.raises(ConfigWrong) as raised:
        read_connector(path)
    assert [problem.error for problem in raised.value.problems] == ["HUB_VERSION", "UNKNOWN_KEY"]


def test_a_file_that_is_not_utf8_is_pointed_into(tmp_path: Path) -> None:
    """A file saved in a Chinese Windows encoding is refused at its first such character."""
    path = tmp_path / "connector.yaml"
    path.write_bytes("hub: 1\ntitle: 磅单\n".encode("gb18030"))
    connector, (problem,) = examine_connector(path)
    assert connector is None
    assert (problem.error, problem.line, problem.column) == ("NOT_UTF8", 2, 8)
    assert problem.source_line == "title: "


def test_files_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    """An absent file, a folder and one too large are refused."""
    path = tmp_path / "connector.yaml"
    path.write_bytes(b"#" * ((1 << 20) + 1))
    found = [examine_connector(file)[1][0].error for file in (tmp_path / "absent", tmp_path, path)]
    assert found == ["FILE_UNREADABLE", "FILE_UNREADABLE", "FILE_TOO_LARGE"]
