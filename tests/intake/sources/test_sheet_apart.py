"""Workbooks that ruin their reader ruin nothing else; old ones are read like new ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.intake.sources import sheet_apart
from hub.intake.sources.layout import FileUnusable
from hub.intake.sources.pieces import joined
from hub.intake.sources.port import Batch
from hub.intake.sources.sheet import read_sheet
from hub.intake.sources.sheet_apart import read_sheet_apart
from tests.intake.sources.reading import put, read
from tests.intake.sources.test_sheet import WHOLE, workbook

OLD = (Path(__file__).parent / "samples" / "old_excel.xls").read_bytes()
"""A table under a title, of texts, numbers, days, a number of 18 digits, and 1/0; written by xlwt 1.3 for this test."""
TABLE = workbook(lambda _, sheet: sheet.write_column(0, 0, ["a", "x"]) or sheet.write_column(0, 1, ["b", 1]))


def _with_part(name: str, old: bytes, new: bytes) -> bytes:
    """The workbook with something else in one of its parts, its check sums right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(TABLE)) as before, zipfile.ZipFile(buffer, "w") as after:
        for entry in before.infolist():
            part = before.read(entry)
            assert entry.filename != name or old in part
            after.writestr(entry.filename, part.replace(old, new) if entry.filename == name else part)
    return buffer.getvalue()


def _with_bytes(changes: dict[int, int]) -> bytes:
    changed = bytearray(OLD)
    for place, byte in changes.items():
        changed[place] = byte
    return bytes(changed)


RUINOUS = {
    "four thousand million texts.xlsx": _with_part("xl/sharedStrings.xml", b'uniqueCount="3"', b'uniqueCount="4294967295"'),
    "a cell beyond all columns.xlsx": _with_part("xl/worksheets/sheet1.xml", b'r="A2"', b'r="ZZZZZZZ2"'),
    "a far cell in small letters.xlsx": _with_part("xl/worksheets/sheet1.xml", b'r="B2"', b'r="xfd1048576"'),
    "four other bytes.xls": _with_bytes({2756: 246, 3052: 139, 3736: 198, 3804: 137}),
    "cut.xls": OLD[:3923],
}


def test_an_old_workbook(tmp_path: Path) -> None:
    """An .xls gives its rows as an .xlsx does: days as ISO, spoilt numbers set aside, an error as nothing readable."""
    found = read(tmp_path, "a.xls", OLD, header=(2, 2))
    assert found.rows == [
        {"编号": "0012", "重量": "16000", "单位": "千克", "日期": "2026-03-01", "备注": "渣土"},
        {"编号": "0013", "重量": "1.5", "单位": "吨", "日期": "2026-03-02", "备注": "𠮷"},
        {"编号": "14", "重量": "1,234.5", "单位": "千克", "日期": "2026年3月3日"},
        {"编号": "0016", "单位": "吨"},
        {"编号": "0017", "重量": "true", "单位": "吨"},
    ]
    assert (found.lines, found.errors) == ([3, 4, 5, 7, 8], [(6, "EXCEL_DIGITS_LOST")])
    assert read(tmp_path, "a.xls", OLD, sheet="二月").rows == []
    assert read(tmp_path, "a.xls", OLD, sheet="三月").errors == [(None, "SHEET_MISSING")]


@pytest.mark.parametrize("name", RUINOUS)
def test_a_workbook_that_ruins_its_reader(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It waits as a whole, nothing is printed, and the next one is read."""
    found = read(tmp_path, name, RUINOUS[name])
    assert (found.rows, found.errors) == ([], [(None, "FILE_UNREADABLE")])
    assert read(tmp_path, "b.xlsx", TABLE).rows == [{"a": "x", "b": "1"}]
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_ended_meanwhile(tmp_path: Path) -> None:
    """It ends when it is idle: the next file starts another."""
    for _ in range(2):
        assert read(tmp_path, "a.xlsx", TABLE).rows == [{"a": "x", "b": "1"}]
        process = sheet_apart._OTHER._process
        assert process is not None
        process.kill()
        process.wait()


SHEETS = {"plain.xlsx": TABLE, "old.xls": OLD} | {name: content for name, content, _ in WHOLE}


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("drop", [(), ("a",)])
def test_apart_is_as_within(tmp_path: Path, name: str, drop: tuple[str, ...]) -> None:
    """The other process gives what the reader gives here."""
    path = put(tmp_path, name, SHEETS[name])

    def outcome(reader: Callable[..., Iterator[Batch]]) -> tuple[str, str] | list[Batch]:
        try:
            return list(joined(reader(path, None, None, drop), 100))
        except FileUnusable as error:
            return error.error, error.found

    assert outcome(read_sheet_apart) == outcome(read_sheet)
