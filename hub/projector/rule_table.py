"""Tables that decide what a projection shows (postings, chains, authority), written as CSV by people."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import Problem
from hub.reference.kinds import DEPARTMENTS, KINDS, STREAMS

Row = tuple[str | int, ...]

_MAX_PROBLEMS = 100
_WORDS: Mapping[str, Mapping[str, Any]] = {"kind": KINDS, "stream": STREAMS, "department": DEPARTMENTS}
"""A word that no event has would never match, silently: refused in columns of these names."""


@dataclass(frozen=True)
class RuleTable:
    """``columns``: name → text or integer; ``key``: the columns that no two rows share."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    rows: tuple[Row, ...]


def read_rule_table(
    text: str, path: Path, columns: Mapping[str, str], key: tuple[str, ...]
) -> tuple[tuple[Row, ...], list[Problem]]:
    """Its rows, and all that is wrong with it (file and line), at most a hundred."""
    problems: list[Problem] = []

    def wrong(line: int, error: str, message: str, suggestion: str | None = None, **facts: Any) -> None:
        problems.append(Problem(str(path), line, 1, error, message, suggestion, facts=facts))

    reader = csv.reader(io.StringIO(text, newline=""))
    header = tuple(cell.strip() for cell in next(reader, ()))
    if header != tuple(columns):
        wrong(1, "HEADER", "the first line must be {columns}", ",".join(columns), columns=",".join(columns))
        return (), problems
    rows: dict[Row, Row] = {}
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        row = _row([cell.strip() for cell in cells], reader.line_num, columns, wrong)
        if row is not None:
            named = tuple(value for column, value in zip(columns, row, strict=True) if column in key)
            if named in rows:
                wrong(reader.line_num, "SAID_TWICE", "{what} is said twice", what="/".join(map(str, named)))
            rows[named] = row
        if len(problems) >= _MAX_PROBLEMS:
            break
    return tuple(rows.values()), problems


def _row(cells: list[str], line: int, columns: Mapping[str, str], wrong: Any) -> Row | None:
    if len(cells) != len(columns):
        wrong(line, "RAGGED_ROW", "{found} cells, not {wanted}", found=len(cells), wanted=len(columns))
        return None
    row: list[str | int] = []
    for cell, (column, kind) in zip(cells, columns.items(), strict=True):
        words = _WORDS.get(column)
        if words is not None and cell not in words:
            near = next(iter(difflib.get_close_matches(cell, words, 1)), None)
            wrong(line, "WORD_UNKNOWN", "{column} {cell} is unknown", near, column=column, cell=cell)
        if kind == "integer" and not (cell.isascii() and cell.isdigit() and len(cell) < 19):
            wrong(line, "NOT_A_NUMBER", "{column} must be a whole number", column=column)
            return None
        row.append(int(cell) if kind == "integer" else cell)
    return tuple(row)
