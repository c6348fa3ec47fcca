"""Columns of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cli.grid import LEAST_COLUMNS, Column, fold, grid, show_grid
from hub.cli.visible import width

CELLS = st.text(st.sampled_from("ab 垃圾，…é\n"), max_size=40)


def test_figures_stand_to_the_right_and_texts_to_the_left() -> None:
    """Chinese counts as two columns, so that what belongs under each other stands under each other."""
    columns = [Column("类别"), Column("质量", is_figure=True)]
    assert list(grid(columns, [["生活垃圾", "1"], ["x", "1,234"]], 80)) == [
        " 类别        质量",
        " ─────────────────",
        " 生活垃圾       1",
        " x          1,234",
    ]


def test_what_does_not_fit_is_folded() -> None:
    """The widest text gives way, at its spaces; a figure is never broken."""
    columns = [Column("a"), Column("b"), Column("n", is_figure=True)]
    lines = list(grid(columns, [["short", "one two three four five", "1,234,567,890"]], 44))
    assert lines[2:] == [" short   one two three        1,234,567,890", "         four five"]
    assert max(map(width, lines)) <= 44


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5), st.integers(LEAST_COLUMNS * 2 + 5, 60))
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, str]], most: int) -> None:
    """Whatever the cells hold, every line fits, and nothing but spaces and breaks is lost."""
    lines = list(grid([Column("x"), Column("y")], rows, most))
    assert max(map(width, lines)) <= most
    told = "".join(sorted("".join(lines[2:]).replace(" ", "")))
    assert told == "".join(sorted("".join("".join(row) for row in rows).replace(" ", "").replace("\n", "")))


@given(CELLS, st.integers(2, 20))
def test_a_folded_text_is_all_there(text: str, most: int) -> None:
    """Each line has at most so many columns, and the lines together are the text."""
    lines = fold(text, most)
    assert all(width(line) <= most for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_mark_over_a_letter_takes_no_column() -> None:
    """Combining marks and joiners have no width of their own."""
    assert (width("é"), width("é"), width("餐厨")) == (1, 1, 4)


def test_a_title_stands_over_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The title is the first line, also where there is no row."""
    show_grid([Column("a")], [], title="账户")
    assert capsys.readouterr().out.splitlines() == ["账户", " a", " ──", ""]
