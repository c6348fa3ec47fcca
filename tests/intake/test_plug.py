"""A connector's file as a whole: every mistake of its map, lists and checks at once, each at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.errors import Problem
from hub.intake.plug import examine
from tests.intake.plugging import connector_text

WRONG = """\
hub: 1
name: housing.scales
department: housing
source:
  kind: sql
  url: sqlite:x.db
  table: T
  key: K
  deleted: DEL
drop: [NAME]
lists:
  w: {version: "1", map: {"01": SW70}}
  d: {version: "1", unit: t/m3, map: {"01": 1.6}}
map:
  kind: "'RECEIVED'"
  stream: "'construction'"
  scheme: getenv('HOME')
  code: code('ww', X)
  value: V
  unit: |
    CASE WHEN U = 'x'
         THEN lowr(U) END
  occurred_at: num(T)
  region: R ||
  holder_name: NAME
  count: factor('w', X)
checks:
  heavy: num(V) / 2 > 1
  said: num(V)
each:
  - {part: a, map: {}}
  - {part: b, map: {value: 'V * 2'}}
"""
FOUND = [
    (9, "DEL", "KIND_WRONG", None), (17, "getenv", "NOT_ALLOWED", None), (18, "'ww'", "LIST_UNKNOWN", "w"),
    (19, "V", "KIND_WRONG", "num(V)"),
    (22, "lowr", "NOT_ALLOWED", "lower"), (23, "num(T)", "KIND_WRONG", "ts(num(T))"), (24, "||", "EXPRESSION_UNREADABLE", None),
    (25, "NAME", "COLUMN_DROPPED", None), (26, "'w'", "LIST_KIND", None), (28, "num(V) / 2", "DIVISION", None),
    (29, "num(V)", "KIND_WRONG", None),
    (32, "V * 2", "KIND_WRONG", "num(V)"),
]


def problems_of(text: str, folder: Path, *, thoroughly: bool = False) -> list[Problem]:
    (folder / "connector.yaml").write_text(text, encoding="utf-8")
    plug, problems = examine(folder / "connector.yaml", thoroughly=thoroughly)
    assert (plug is None) == bool(problems)
    return problems


def test_all_mistakes_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    """Every expression that is wrong has a problem with line, caret, the line itself and the nearest valid name."""
    lines = WRONG.splitlines()
    found = sorted(problems_of(WRONG, tmp_path), key=lambda p: p.line or 0)
    told = []
    for problem in found:
        assert problem.line is not None
        assert problem.column is not None
        assert problem.source_line == lines[problem.line - 1]
        assert problem.text()
        told.append((problem.line, problem.source_line[problem.column - 1 :], problem.error, problem.suggestion))
    wanted = [(line, error, suggestion) for line, _, error, suggestion in FOUND]
    assert [(line, error, suggestion) for line, _, error, suggestion in told] == wanted
    for (_, rest, error, _), (_, there, _, _) in zip(told, FOUND, strict=True):
        assert rest.startswith(there), (error, rest)


def test_a_mistake_that_parts_share_is_told_once(tmp_path: Path) -> None:
    """Parts inherit the map: what is wrong there is one mistake."""
    text = connector_text({"code": "X >"}, each=[{"part": n, "map": {}} for n in "abc"])
    assert [p.error for p in problems_of(text, tmp_path)] == ["EXPRESSION_UNREADABLE"]


LISTS: list[tuple[dict[str, Any], str]] = [
    ({"w": {"version": "1", "unit": "t", "map": {"01": "x"}}}, "FACTOR_FORM"),
    ({"w": {"version": "1", "map": {"01": ""}}}, "VALUE_MISSING"),
    ({"units": {"version": "1", "map": {"吨": "5"}}}, "UNIT_OFFICIAL"),
    ({"units": {"version": "1", "map": {"车": "0"}}}, "FACTOR_FORM"),
    ({"regions": {"version": "1", "map": {"371502": "别处"}}}, "REGION_OFFICIAL"),
]


@pytest.mark.parametrize(("lists", "error"), LISTS)
def test_a_wrong_list_is_told_at_its_place(tmp_path: Path, lists: dict[str, Any], error: str) -> None:
    """What a list may not hold is a problem in the file, at the list, however thorough the look."""
    text = connector_text(lists=lists)
    [problem] = problems_of(text, tmp_path, thoroughly=True)
    assert problem.error == error
    assert problem.text()


def test_a_list_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A list names a file beside the connector's; a missing one is a problem with its name."""
    [problem] = problems_of(connector_text(lists={"w": {"version": "1", "file": "codes/w.csv"}}), tmp_path)
    assert "w.csv" in f"{problem.file} {problem.text()}"


def test_a_list_file_beside_the_connector_is_read(tmp_path: Path) -> None:
    """Its path counts from the connector's folder, and a wrong line is told with its number there."""
    (tmp_path / "w.csv").write_text("key,value\n01,SW70\n,SW71\n02,SW72\n", encoding="utf-8")
    [problem] = problems_of(connector_text(lists={"w": {"version": "1", "file": "w.csv"}}), tmp_path)
    assert (problem.error, problem.line) == ("LIST_KEY_EMPTY", 3)
    (tmp_path / "w.csv").write_text("key,value\n01,SW70\n", encoding="utf-8")
    assert problems_of(connector_text({"code": "code('w', X)"}, lists={"w": {"version": "1", "file": "w.csv"}}), tmp_path) == []


DUCKDB_REFUSES = [
    {"value": " * ".join(["num(V)"] * 5)},
    {"count": "num(V) * num(V) * num(V) * num(V) * num(V)"},
]


@pytest.mark.parametrize("mapped", DUCKDB_REFUSES, ids=str)
def test_a_thorough_look_finds_what_duckdb_refuses(tmp_path: Path, mapped: dict[str, str | None]) -> None:
    """A mapping that compiles and that DuckDB does not take is a problem of the file, not of the first record."""
    assert [p.error for p in problems_of(connector_text(mapped), tmp_path, thoroughly=True)] == ["EXPRESSION_REFUSED"]


def test_a_right_file_has_no_problems(tmp_path: Path) -> None:
    """The connector that the tests spoil is right, however thorough the look."""
    assert problems_of(connector_text(), tmp_path, thoroughly=True) == []
