"""A connector.yaml from somebody who means harm, or whose file was spoilt on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.intake.connector_file import parse_connector

PATH = Path("connector.yaml")

EXAMPLE = """\
hub: 1
name: housing.weighbridge
department: housing
source:
  kind: sql
  url: env:HOUSING_DB
  table: BDJL
  key: [DJBH]
  cursor: {by: GXSJ, lag: 10m}
  deleted: SCBZ = '1'
  limits: {rows_per_second: 500, statement_timeout: 30s, quiet: "08:30-09:30"}
drop: [SJXM]
lists:
  density:  {version: "2026-03", unit: t/m3, map: {"01": 1.6, "02": 1.2}}
map:
  kind: "'RECEIVED'"
  stream: "'construction'"
  scheme: "'SW'"
  code: code('zj_waste', ZLLX)
  value: num(JZ)
  unit: DW
  occurred_at: ts(CZSJ)
  region: |
    region(QHDM)
checks: {net: num(MZ) - num(PZ) = num(JZ)}
warn: [net]
each:
  - {part: received, map: {}}
tests:
  - row:    {DJBH: A1, ZLLX: "01", JZ: "16000", DW: 千克}
    expect: {kind: RECEIVED, code: SW70, mass_g: 16000000}
"""

BOMBS = {
    "laughs": "a: &a [x,x,x]\n" + "".join(f"a{i}: &b{i} [{','.join(['*a'] * 9)}]\n" for i in range(12)),
    "depth in flow": "[" * 500_000,
    "depth in maps": "{a: " * 200_000,
    "depth in blocks": "- " * 400_000,
    "depth in keys": "? " * 400_000,
    "one long key": "a" * 500_000 + ": b",
    "one long text": '"' + "\\u4e2d" * 50_000,
    "many lists": "[" + "[]," * 340_000 + "]",
    "comments in a query": 'source: {kind: sql, query: "' + "/* */" * 50_000 + '"}',
    "blank lines": "a: |\n" + "\n" * 200_000,
}


@pytest.mark.parametrize("bomb", list(BOMBS))
def test_bombs_do_not_go_off(bomb: str) -> None:
    """What would fill memory or the stack of a YAML reader is refused with a problem."""
    connector, problems = parse_connector(BOMBS[bomb], PATH)
    assert connector is None
    assert problems


PIECES = st.sampled_from([
    "hub: 1\n", "map:", "source:", "each:", "tests:", "lists:", "  ", "\n", "- ", ": ", "{", "}", "[", "]", ",", "&a ",
    "*a", "!!x ", "<<", "|\n", ">\n", "'", '"', "\\", "#", "?", "%", "---", "~", "key", "kind: sql\n", "limits",
    "quiet", "\t", "：", "\x00", "\ud800", "\u2028", "\ufeff", "9" * 30, "1e999d", "row", "expect", "part", "中", "𠀀",
    "\\U00110000",
    "%YAML 99999999999.1\n", "%TAG ! x\n", "header: 2-3\n", "drop", "checks", "warn",
])


@settings(max_examples=400)
@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=60).map("".join))
def test_any_text_gives_problems_and_never_raises(text: str) -> None:
    """Whatever stands in the file, there is a connector or there are problems that can be shown."""
    connector, problems = parse_connector(text, PATH)
    assert (connector is None) == bool(problems)
    for problem in problems:
        assert problem.text()


@settings(max_examples=400)
@given(st.integers(0, len(EXAMPLE)), st.integers(0, 30), st.one_of(PIECES, st.text(max_size=5)))
def test_a_spoilt_example_never_raises(start: int, length: int, piece: str) -> None:
    """The example with any piece cut out and another put in its place gives a connector or problems."""
    connector, problems = parse_connector(EXAMPLE[:start] + piece + EXAMPLE[start + length :], PATH)
    assert (connector is None) == bool(problems)
    for problem in problems:
        assert problem.text()


def test_the_example_is_right_before_it_is_spoilt() -> None:
    """The text that the tests above spoil is a connector."""
    connector, problems = parse_connector(EXAMPLE, PATH)
    assert problems == []
    assert connector is not None
