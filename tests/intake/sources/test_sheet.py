"""XLSX: cells as text, and workbooks that are none."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.intake.sources.reading import Read, read

Fill = Callable[[Any, Any], None]


def workbook(fill: Fill, *, name: str = "报表") -> bytes:
    """A workbook with one sheet."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    fill(book, book.add_worksheet(name))
    book.close()
    return buffer.getvalue()


def read_cells(folder: Path, *cells: Any, form: str | None = None) -> Read:
    """One column ``a`` of cells."""

    def fill(book: Any, sheet: Any) -> None:
        style = book.add_format({"num_format": form}) if form else None
        sheet.write(0, 0, "a")
        sheet.write(0, 1, "n")
        for row, cell in enumerate(cells, 1):
            sheet.write(row, 0, cell, style)
            sheet.write_string(row, 1, "x")

    return read(folder, "a.xlsx", workbook(fill))


CELLS: list[tuple[Any, str | None, str]] = [
    (16000, None, "16000"),
    (0.1, None, "0.1"),
    (1 / 3, None, "0.333333333333333"),
    (1e-7, None, "0.0000001"),
    (-2.50, None, "-2.5"),
    (999999999999999, None, "999999999999999"),
    ("0012", None, "0012"),
    (" 2 ", None, " 2 "),
    ("371502199001011234", None, "371502199001011234"),
    (True, None, "true"),
    (date(2026, 3, 1), "yyyy-mm-dd", "2026-03-01"),
    (datetime(2026, 3, 1, 8, 5), "yyyy-mm-dd hh:mm", "2026-03-01 08:05:00"),  # noqa: DTZ001 - a sheet has no zones
    (time(8, 5), "hh:mm", "08:05:00"),
]


@pytest.mark.parametrize(("cell", "form", "text"), CELLS, ids=[text for _, _, text in CELLS])
def test_cells_as_text(tmp_path: Path, cell: Any, form: str | None, text: str) -> None:
    """A cell comes as Excel shows it at full precision, without exponent, dates as ISO."""
    assert read_cells(tmp_path, cell, form=form).rows == [{"a": text, "n": "x"}]


def test_formulas_and_errors(tmp_path: Path) -> None:
    """A formula gives the value stored with it, an error cell its own text."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(2, 1, ["a", "b", "c"])
        sheet.write_formula(4, 1, "=1+1", None, 2)
        sheet.write_formula(4, 2, "=1/0", None, "#DIV/0!")
        sheet.write_formula(4, 3, "=Z99", None, "#REF!")

    found = read(tmp_path, "a.xlsx", workbook(fill))
    assert found.rows == [{"a": "2", "b": "#DIV/0!", "c": "#REF!"}]
    assert found.lines == [5]


def test_spoilt_numbers_are_set_aside_by_cell(tmp_path: Path) -> None:
    """A number of more than 15 digits has lost some: its row waits, the cell is named, and its neighbours are read."""
    found = read_cells(tmp_path, 1, 371502199001011234, "371502199001011234")
    assert [row["a"] for row in found.rows] == ["1", "371502199001011234"]
    assert found.lines == [2, 4]
    assert found.errors == [(3, "EXCEL_DIGITS_LOST")]
    assert "A3" in found.unreadable[0].found
    assert b'"n":"x"' in found.unreadable[0].raw


def test_merged_headers(tmp_path: Path) -> None:
    """Merged cells of several header rows name each of their columns; an unmerged empty cell is not filled in."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.write(0, 0, "某市农业固废季报")
        sheet.merge_range(2, 0, 3, 0, "区划")
        sheet.merge_range(2, 1, 2, 2, "秸秆")
        sheet.write_row(3, 1, ["产生", "利用", "备注"])
        sheet.write_row(4, 0, ["371502", 1, 2, "无"])
        sheet.write_row(6, 0, ["371503", 3, 4])

    found = read(tmp_path, "a.xlsx", workbook(fill), header=(3, 4))
    assert found.rows == [
        {"区划": "371502", "秸秆.产生": "1", "秸秆.利用": "2", "备注": "无"},
        {"区划": "371503", "秸秆.产生": "3", "秸秆.利用": "4"},
    ]
    assert found.lines == [5, 7]


def test_dropped_columns_are_nowhere_in_a_sheet(tmp_path: Path) -> None:
    """A dropped column is in no row and no piece, and what is spoilt in it spoils nothing."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["编号", "身份证", "电话"])
        sheet.write_row(1, 0, [1, 371502199001011234, 1])
        sheet.write_row(2, 0, [1234567890123456789, 371502199001011234, 2])

    found = read(tmp_path, "a.xlsx", workbook(fill), drop=("身份证",))
    assert found.rows == [{"编号": "1", "电话": "1"}]
    assert found.errors == [(3, "EXCEL_DIGITS_LOST")]
    assert b"3715" not in found.unreadable[0].raw


def test_a_sheet_by_name(tmp_path: Path) -> None:
    """The sheet asked for is read; where it is missing, those that exist are named."""
    content = workbook(lambda _, sheet: sheet.write_column(0, 0, ["a", 1]))
    assert read(tmp_path, "a.xlsx", content, sheet="报表").rows == [{"a": "1"}]
    missing = read(tmp_path, "a.xlsx", content, sheet="一月")
    assert missing.errors == [(None, "SHEET_MISSING")]
    assert "报表" in missing.unreadable[0].found


def _rezipped(content: bytes, name: str, text: bytes) -> bytes:
    """The workbook with one of its parts replaced or added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, text)
    return buffer.getvalue()


PLAIN = workbook(lambda _, sheet: sheet.write_column(0, 0, ["a", 1]))
FAR = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    b'<c r="A1"><v>1</v></c></row><row r="1048576"><c s="0" r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
)
WHOLE = [
    ("zip_bomb.xlsx", _rezipped(PLAIN, "xl/media/bomb.bin", b"\0" * (64 << 20)), "ARCHIVE_TOO_LARGE"),
    ("cell_far_out.xlsx", _rezipped(PLAIN, "xl/worksheets/sheet1.xml", FAR), "ARCHIVE_TOO_LARGE"),
    ("truncated.xlsx", PLAIN[: len(PLAIN) // 2], "FILE_UNREADABLE"),
    ("broken_xml.xlsx", _rezipped(PLAIN, "xl/worksheets/sheet1.xml", b"<worksheet><row"), "FILE_UNREADABLE"),
    ("no_workbook.xlsx", b"PK\x03\x04" + b"\0" * 100, "FILE_UNREADABLE"),
    ("text.xlsx", b"a,b\n1,2\n", "FILE_UNREADABLE"),
    ("web_page.xls", b"<html><table><tr><td>1</td></tr></table></html>", "FILE_UNREADABLE"),
    ("broken.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "FILE_UNREADABLE"),
    ("empty_sheet.xlsx", workbook(lambda _, sheet: None), "NO_HEADER"),
]


@pytest.mark.parametrize(("name", "content", "error"), WHOLE, ids=[each[0] for each in WHOLE])
def test_a_workbook_that_is_none_is_one_piece(tmp_path: Path, name: str, content: bytes, error: str) -> None:
    """A workbook that is broken, hostile or empty gives no row and one piece that says why."""
    found = read(tmp_path, name, content)
    assert found.rows == []
    assert found.errors == [(None, error)]
    assert found.unreadable[0].raw == content[: 64 << 10]


def _stored(content: bytes) -> bytes:
    """The workbook unpacked within its archive, so that a changed byte is a changed letter."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    return buffer.getvalue()


TOLD = workbook(lambda _, sheet: [sheet.write_row(row, 0, [f"key{row:05d}", row * 7, "站"]) for row in range(60)])


@pytest.mark.parametrize("content", [TOLD, _stored(TOLD)], ids=["packed", "stored"])
def test_a_damaged_workbook_says_nothing_else(tmp_path: Path, content: bytes) -> None:
    """Whatever byte of a workbook is another: its rows come as they were, or the file is set aside whole."""
    whole, chance = read(tmp_path, "a.xlsx", content).rows, random.Random(5)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] ^= chance.randint(1, 255)
        found = read(tmp_path, "a.xlsx", bytes(damaged))
        assert (found.rows == whole and not found.errors) or (not found.rows and len(found.errors) == 1)
        refused += not found.rows
    assert refused > 75
