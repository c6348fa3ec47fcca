"""Columns of text under headings, as wide as they need to be and no wider than the terminal.

Written here because the ledger must be there in a quarter of a second: a library for tables took half of that.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import click

from hub.cli.visible import width

GAP = "   "
PIPE_COLUMNS = 240
LEAST_COLUMNS = 12
"""A column is not made narrower than this: a cell of single characters under each other cannot be read."""


@dataclass(frozen=True)
class Column:
    """A heading; figures stand to the right."""

    heading: str
    is_figure: bool = False


def show_grid(columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print the rows under their headings. Cells that do not fit are folded, figures never."""
    for number, line in enumerate(grid(columns, rows, room())):
        if number == 0 and title:
            click.secho(title, bold=True)
        click.secho(line, bold=True) if number == 0 else click.echo(line)
    click.echo()


def room() -> int:
    """Columns of the terminal; into a pipe or file a line may be long."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_COLUMNS


def grid(columns: Sequence[Column], rows: Sequence[Sequence[str]], most: int) -> Iterator[str]:
    """The lines: headings, a rule, the rows; at most ``most`` columns wide as far as folding can do it."""
    headings = [column.heading for column in columns]
    widths = [max((_widest(cell) for cell in cells), default=0) for cells in zip(headings, *rows, strict=True)]
    widths = _fitting(widths, [not column.is_figure for column in columns], most - 2 - len(GAP) * (len(columns) - 1))
    figures = [column.is_figure for column in columns]
    yield from _lines(headings, widths, figures)
    yield " " + "─" * (sum(widths) + len(GAP) * (len(widths) - 1) + 1)
    for row in rows:
        yield from _lines(row, widths, figures)


def _widest(cell: str) -> int:
    return width(cell) if "\n" not in cell else max(map(width, cell.split("\n")))


def _fitting(widths: list[int], foldable: list[bool], most: int) -> list[int]:
    """The widest columns give way first."""
    widths = list(widths)
    while sum(widths) > most:
        wide = max((w for w, may in zip(widths, foldable, strict=True) if may), default=0)
        if wide <= LEAST_COLUMNS:
            break
        widths[next(i for i, w in enumerate(widths) if foldable[i] and w == wide)] -= 1
    return widths


def _lines(cells: Sequence[str], widths: Sequence[int], figures: Sequence[bool]) -> Iterator[str]:
    """A row; more than one line where a cell is folded."""
    folded = [fold(cell, most) for cell, most in zip(cells, widths, strict=True)]
    for line in zip_longest(*folded, fillvalue=""):
        padded = (
            " " * (most - width(text)) + text if is_figure else text + " " * (most - width(text))
            for text, most, is_figure in zip(line, widths, figures, strict=True)
        )
        yield (" " + GAP.join(padded)).rstrip()


def fold(text: str, most: int) -> list[str]:
    """``text`` in lines of at most ``most`` columns, broken at spaces and between Chinese characters where it can be."""
    if "\n" not in text and width(text) <= most:
        return [text]
    lines: list[str] = []
    for line in text.split("\n"):
        rest = line
        while (end := _break(rest, most)) < len(rest):
            lines.append(rest[:end].rstrip())
            rest = rest[end:].lstrip()
        lines.append(rest)
    return lines


def _break(text: str, most: int) -> int:
    """How many characters go into a line: all, or at least one."""
    taken, good = 0, 0
    for end, character in enumerate(text):
        taken += width(character)
        if taken > most:
            return good or max(end, 1)
        if character == " " or not character.isascii():
            good = end + 1
    return len(text)
