"""Where the characters of an expression stand in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.connector import Expression, Position
from hub.intake.connector_file import locate, parse_connector

REST = """\
hub: 1
name: a.b
department: housing
source: {kind: file, path: x.csv, key: K, scope: K}
map:
  kind: "'RECEIVED'"
  stream: "'construction'"
  scheme: "'SW'"
  count: num(V)
  occurred_at: ts(T)
  region: R
  code:"""


def code_of(written: str) -> tuple[Expression, str]:
    """The expression written behind ``code:``, and the whole file."""
    text = REST + written + "\n"
    connector, problems = parse_connector(text, Path("connector.yaml"))
    assert problems == []
    assert connector is not None
    return connector.parts[0].map["code"], text


@pytest.mark.parametrize(
    "written",
    [
        " CASE WHEN A THEN B END",
        "   x || 'it''s'",
        " \"'a' || b\"",
        " \"  'a' || b \"",
        " 'a || \"中文\" || c'",
        " |\n    CASE WHEN A\n      THEN B\n\n    END",
        " |\n\n      A ||\n    \n      B",
        " >-\n    A ||\n    B\n\n    || C",
        "\n    A ||\n      B",
        " \"A ||\n     B || C\"",
    ],
)
def test_every_character_is_found_where_it_stands(written: str) -> None:
    """Each character that is no blank is located at that very character of the file, whatever the style."""
    expression, text = code_of(written)
    lines = text.split("\n")
    assert locate(expression, 0) == expression.at
    for offset, character in enumerate(expression.text):
        if not character.isspace():
            place = locate(expression, offset)
            assert lines[place.line - 1][place.column - 1] == character
    places = [locate(expression, offset) for offset, c in enumerate(expression.text) if not c.isspace()]
    keys = [(place.line, place.column) for place in places]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    "written",
    [
        " 'f(''x'') || zz'",
        ' "f(\\"x\\") || zz"',
        ' "\\u4e2d || zz"',
        ' "a\\n|| zz"',
        ' "a \\\\ || zz"',
    ],
)
def test_what_follows_an_escape_is_found(written: str) -> None:
    """Doubled quotes and escapes take the room that they take in the file."""
    expression, text = code_of(written)
    place = locate(expression, expression.text.index("zz"))
    assert text.split("\n")[place.line - 1][place.column - 1 :].startswith("zz")


def test_the_end_is_just_behind_the_last_character() -> None:
    """An offset at or past the end is the place behind the expression; one below 0 its beginning."""
    expression, _ = code_of(" ab + c")
    assert locate(expression, 6) == locate(expression, 99) == Position(12, 15)
    assert locate(expression, -1) == expression.at == Position(12, 9)


def test_an_expression_from_elsewhere_is_its_own_file() -> None:
    """Without the raw text the expression counts as written in one piece."""
    assert locate(Expression("a\n + b", Position(3, 5)), 4) == Position(4, 3)


@given(st.text("ab'\"\\u4 \n中", max_size=12), st.text("ab'\"\\u4 \n中", max_size=12), st.integers(-2, 20))
def test_no_text_breaks_locating(text: str, raw: str, offset: int) -> None:
    """Whatever text and raw text are, the place is not before the beginning."""
    place = locate(Expression(text, Position(2, 3), raw), offset)
    assert place.line > 2 or (place.line == 2 and place.column >= 3)
