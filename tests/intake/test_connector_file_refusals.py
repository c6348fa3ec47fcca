"""What a connector.yaml may not say: every refusal with its caret, the nearest name, and all mistakes at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigWrong
from hub.intake.connector_file import REFUSALS, examine_connector, parse_connector, read_connector
from hub.intake.connector_problems import MOST_PROBLEMS
from tests.intake.connector_texts import EXAMPLE, PATH, SMALL, SQL, parsed

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
