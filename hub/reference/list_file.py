"""Where a local list is written: in connector.yaml or in a CSV file of its own."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.errors import ConfigWrong, Problem

_MAX_BYTES = 256 * 1024 * 1024
_MAX_ROWS = 1_000_000
# A file of another kind would fail on every line: the first hundred tell it.
_MAX_PROBLEMS = 100

_LAYOUTS = {"regions": ("code", "name_zh")}
# A number or a code is no name of a column: without a header the first entry would be lost without a word.
_ENTRY = re.compile(r"[0-9.]+|SW[0-9]{2}|[0-9]{3}-[0-9]{3}-S?[0-9]{2}")
_REGION_EXTRAS = ("valid_from", "valid_to", "successor")


@dataclass(frozen=True)
class Line:
    """One entry, trimmed; ``number`` counts from 1 in the file, None in connector.yaml."""

    number: int | None
    key: str
    value: str
    name: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


class Problems:
    """Collects what is wrong with a list."""

    def __init__(self, place: str, list_name: str) -> None:
        self._place = place
        self._list = list_name
        self._found: list[Problem] = []

    def add(self, line: int | None, error: str, message: str, **facts: Any) -> None:
        """Note one problem; at the hundredth ConfigWrong is raised."""
        facts["list"] = self._list
        self._found.append(Problem(self._place, line, None, error, message, facts=facts))
        if len(self._found) >= _MAX_PROBLEMS:
            self.raise_if_any()

    def raise_if_any(self) -> None:
        """ConfigWrong with all that were noted."""
        if self._found:
            raise ConfigWrong(self._found)


def from_entries(entries: Mapping[str, str]) -> Iterator[Line]:
    """The entries as written in connector.yaml."""
    for key, value in entries.items():
        yield Line(None, key.strip(), value.strip())


def from_file(path: Path, list_name: str, problems: Problems) -> Iterator[Line]:
    """The lines of a CSV file; problems are noted, and what cannot be read is left out."""
    text = _text(path, problems)
    if text is None:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    count = 0
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not _is_header(header, problems):
            return
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > _MAX_ROWS:
                problems.add(reader.line_num, "LIST_TOO_LONG", "more than {limit} rows", limit=_MAX_ROWS)
                return
            if len(cells) != len(header):
                message = "{found} cells under {wanted} columns"
                problems.add(reader.line_num, "LIST_ROW_RAGGED", message, found=len(cells), wanted=len(header))
                continue
            yield _line(reader.line_num, dict(zip(header, map(str.strip, cells), strict=True)), list_name)
    except csv.Error as error:
        problems.add(reader.line_num, "LIST_UNREADABLE", "not readable as CSV: {reason}", reason=str(error))


def _text(path: Path, problems: Problems) -> str | None:
    try:
        if path.stat().st_size > _MAX_BYTES:
            problems.add(None, "LIST_TOO_LONG", "larger than {limit} bytes", limit=_MAX_BYTES)
            return None
        raw = path.read_bytes()
    except OSError as error:
        problems.add(None, "LIST_FILE_MISSING", "{path}: {reason}", path=str(path), reason=error.strerror or str(error))
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.removeprefix(codecs.BOM_UTF8).decode(encoding)
        except UnicodeDecodeError:
            continue
    problems.add(None, "LIST_ENCODING", "neither UTF-8 nor GB18030")
    return None


def _is_header(header: list[str], problems: Problems) -> bool:
    if len(header) < 2 or len(set(header)) < len(header) or "" in header:
        problems.add(1, "LIST_HEADER", "the first line must name two or more different columns")
        return False
    entry = next((cell for cell in header if _ENTRY.fullmatch(cell)), None)
    if entry is not None:
        message = "the first line must name the columns, such as key,value; {cell} looks like an entry"
        problems.add(1, "LIST_HEADER", message, cell=entry)
    return entry is None


def _line(number: int, cells: dict[str, str], list_name: str) -> Line:
    wanted = _LAYOUTS.get(list_name, ("key", "value"))
    key, value = wanted if set(wanted) <= cells.keys() else tuple(cells)[:2]
    more = {name: cells[name] for name in _REGION_EXTRAS if name in cells} if list_name == "regions" else {}
    name = cells.get("name", "") if "name" not in (key, value) else ""
    return Line(number, cells[key], cells[value], name, more)
