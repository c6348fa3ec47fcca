"""XLSX and XLS. Cells are read typed, so that a number that Excel has spoilt is not taken for what was meant.

Numbers are written as Excel shows them at full precision: 15 significant digits, no exponent, integers plain. Integers
of 10^15 and more have lost digits (18-digit ids typed as numbers): their row is set aside as EXCEL_DIGITS_LOST.
Formulas give the value stored with them; an error cell gives its own text (``#REF!``).
"""

from __future__ import annotations

import errno
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastexcel
import pyarrow as pa
import python_calamine

from hub.intake.sources.layout import Columns, FileUnusable, columns_of, merge_header
from hub.intake.sources.pieces import lines_from, without_empty_rows
from hub.intake.sources.port import Batch, Unreadable
from hub.intake.sources.text import canonical, float_text, string_array, text_of

UNPACKED_MAX = 512 << 20
RATIO_MAX = 200
ENTRIES_MAX = 10_000
CELLS_MAX = 20_000_000
"""A sheet is held as a full rectangle: one cell far out would cost gigabytes."""

_RATIO_FROM = 1 << 20  # small parts of honest files compress better than any limit
_TORN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError, RuntimeError, EOFError, ValueError,
    OverflowError, KeyError,
)  # what zipfile raises of a damaged archive
_ROWS = 10_000
_DIGITS_LOST = 1e15
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
_ERROR = re.compile(r"Error\((\w+)\)")
_ERROR_TEXT = {
    "Div0": "#DIV/0!", "NA": "#N/A", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!", "Ref": "#REF!",
    "Value": "#VALUE!", "GettingData": "#GETTING_DATA",
}


def read_sheet(path: Path, name: str | None, header: tuple[int, int] | None, drop: Sequence[str]) -> Iterator[Batch]:
    """The rows of one sheet; ``name`` None: the first.

    FileUnusable: ARCHIVE_TOO_LARGE FILE_UNREADABLE SHEET_MISSING NO_HEADER TOO_MANY_COLUMNS.
    """
    if zipfile.is_zipfile(path):
        _check_archive(path)
    grid = _open(path, name)
    first, last = header or grid.first_filled()
    if len(grid.rows) < last:
        raise FileUnusable("NO_HEADER", f"the header is row {last}, the sheet has {len(grid.rows)}")
    titles = [[text_of(cell) or "" for cell in grid.header_row(row)] for row in range(first - 1, last)]
    columns = columns_of(merge_header(titles, fill_right=grid.merged is None), drop)
    for start in range(last, len(grid.rows), _ROWS):
        yield without_empty_rows(_piece(grid, columns, start))


@dataclass
class _Grid:
    """A sheet from its first row; columns count from ``left`` (the first one used). ``merged`` None: not known."""

    rows: list[list[Any]]
    left: int
    merged: list[tuple[tuple[int, int], tuple[int, int]]] | None
    errors: dict[int, dict[int, str]] = field(default_factory=dict)

    def first_filled(self) -> tuple[int, int]:
        """The first row with a text in it, as a header range."""
        for number, row in enumerate(self.rows, 1):
            if any(cell != "" for cell in row):
                return number, number
        raise FileUnusable("NO_HEADER", "the sheet is empty")

    def header_row(self, row: int) -> list[Any]:
        """A row in which a merged cell says the same in each of its columns (not further down: that is one name)."""
        cells = list(self.rows[row])
        for (top, left), (bottom, right) in self.merged or ():
            if top <= row <= bottom:
                for column in range(left - self.left, min(right - self.left + 1, len(cells))):
                    cells[column] = self.rows[top][left - self.left]
        return cells

    def cell(self, row: int, column: int) -> str:
        """The name that the sheet shows for a cell."""
        number, letters = column + self.left + 1, ""
        while number:
            number, letter = divmod(number - 1, 26)
            letters = chr(65 + letter) + letters
        return f"{letters}{row + 1}"


def _check_archive(path: Path) -> None:
    """Refuse what would unpack to too much, before anything is unpacked by a reader that trusts it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            packed = max(path.stat().st_size, 1)
            if len(entries) > ENTRIES_MAX or size > UNPACKED_MAX or (size > _RATIO_FROM and size > packed * RATIO_MAX):
                found = f"{len(entries)} entries, {size} bytes unpacked from {packed}"
                raise FileUnusable("ARCHIVE_TOO_LARGE", found)
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    _check_part(archive, entry)
    except OSError as error:
        if error.errno and error.errno != errno.EINVAL:
            raise
        raise FileUnusable("FILE_UNREADABLE", f"not a whole workbook: {error}") from error
    except _TORN as error:
        raise FileUnusable("FILE_UNREADABLE", f"not a whole workbook: {error}") from error


def _check_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Read a part to its end, where its check sum is compared (the other readers stop before it), and of a sheet find
    out how far it reaches."""
    columns = rows = 0
    tail = b""
    with archive.open(entry) as part:
        while block := part.read(1 << 20):
            if not entry.filename.startswith("xl/worksheets/"):
                continue
            text = tail + block
            found = _CELL.findall(text)
            columns = max([columns, *map(_column_number, {letters for letters, _ in found})])
            rows = max([rows, *(int(number) for _, number in found)])
            tail = text[-64:]
    if columns * rows > CELLS_MAX:
        raise FileUnusable("ARCHIVE_TOO_LARGE", f"a sheet of {rows} rows by {columns} columns")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _open(path: Path, name: str | None) -> _Grid:
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            names = book.sheet_names
            wanted = names[0] if name is None and names else name
            if wanted not in names:
                raise FileUnusable("SHEET_MISSING", f"no sheet {wanted}; there are: {', '.join(names)}")
            sheet = book.get_sheet_by_name(wanted)
            if sheet.start is None:
                raise FileUnusable("NO_HEADER", f"the sheet {wanted} is empty")
            grid = _Grid(list(sheet.iter_rows()), sheet.start[1], sheet.merged_cell_ranges)
        grid.errors = _error_cells(path, wanted)
    except python_calamine.PasswordError as error:
        raise FileUnusable("FILE_UNREADABLE", "the workbook is protected by a password") from error
    except (python_calamine.CalamineError, fastexcel.FastExcelError) as error:
        raise FileUnusable("FILE_UNREADABLE", f"not a workbook: {error}") from error
    except BaseException as error:
        # A panic of the reader on hostile input comes as a BaseException of its own and must not end the process.
        if type(error).__name__ != "PanicException":
            raise
        raise FileUnusable("FILE_UNREADABLE", "not a workbook: its reader gave up") from error
    return grid


def _error_cells(path: Path, sheet: str) -> dict[int, dict[int, str]]:
    """Row → column → text of the cells that hold an error (the other reader gives them as empty)."""
    loaded = fastexcel.read_excel(path).load_sheet(
        sheet, header_row=None, skip_rows=0, dtypes="string", schema_sample_rows=1
    )
    _, faults = loaded.to_arrow_with_errors()
    cells: dict[int, dict[int, str]] = {}
    for fault in faults.errors if faults is not None else ():
        found = _ERROR.search(fault.detail)
        row, column = fault.position
        cells.setdefault(row, {})[column] = _ERROR_TEXT.get(found.group(1), "#ERROR") if found else "#ERROR"
    return cells


def _piece(grid: _Grid, columns: Columns, start: int) -> Batch:
    chunk = grid.rows[start : start + _ROWS]
    bad: list[Unreadable] = []
    spoilt: list[bool] = []
    for row, cells in enumerate(chunk, start):
        for column, text in grid.errors.get(row, {}).items():
            cells[column] = text
        lost = next((i for i in columns.kept if _digits_lost(cells[i])), None)
        spoilt.append(lost is not None)
        if lost is not None:
            bad.append(_lost(grid, columns, row, lost))
    arrays = [string_array([_cell_text(cells[i]) for cells in chunk]) for i in columns.kept]
    table, lines = pa.table(arrays, names=list(columns.delivered)), lines_from(start + 1, len(chunk))
    if bad:
        good = pa.array([not each for each in spoilt])
        table, lines = table.filter(good), lines.filter(good)
    return Batch(table, lines, tuple(bad))


def _lost(grid: _Grid, columns: Columns, row: int, column: int) -> Unreadable:
    cells = grid.rows[row]
    record = {columns.names[i]: text for i in columns.kept if (text := _cell_text(cells[i])) is not None}
    found = f"cell {grid.cell(row, column)} ({columns.names[column]}) holds a number of more than 15 digits, not a text"
    return Unreadable(row + 1, canonical(record).encode(), "EXCEL_DIGITS_LOST", found)


def _digits_lost(cell: Any) -> bool:
    return isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= _DIGITS_LOST


def _cell_text(cell: Any) -> str | None:
    if isinstance(cell, float):
        return float_text(float(f"{cell:.15g}"))
    return None if cell == "" else text_of(cell)
