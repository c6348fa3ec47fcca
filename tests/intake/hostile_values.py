"""Hostile values: the same text in every format and column, and what a record with it must come to."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

COLUMNS = ("K", "N", "M", "X", "T", "C", "R")
"""Two columns of a key, the mass in kilograms, any text, a day, a code, a region."""
PLAIN = {"K": "k", "M": "5", "X": "x", "T": "2026-03-01", "C": "900-001-S17", "R": "371502"}

MASSES: dict[str, int | None] = {
    "5": 5_000, "1,234.5": 1_234_500, "１２３．５": 123_500, " 7 ": 7_000, "0": 0, "0.0005": 1, "0.0004": 0, "+3": 3_000,
    "007": 7_000, "1,234,567": 1_234_567_000, "\u30005\u3000": 5_000, "-0": 0, "10000000000": 10**13,
    "1,234.5 吨": None, "5t": None, "1e3": None, "1_000": None, "-5": None, "－5": None, "inf": None, "NaN": None,
    "0x10": None, "999999999999999999999999": None, "9" * 400: None, "10000000001": None, "五": None, "=1+1": None,
    "@SUM(A1)": None, "+cmd|' /C calc'!A0": None, "'; DROP TABLE events; --": None, "1); DROP TABLE T; --": None,
    "${jndi:ldap://x}": None, "{{7*7}}": None, "<script>alert(1)</script>": None, "1/0": None, "--5": None,
    "5..5": None, "1 000": None, "٣": None, "५": None, "²": None, "½": None, "1.7976931348623157e308": None,
    "%s%n": None, "%00": None, "true": None, "null": None, "None": None, "\\N": None, "#REF!": None, "#VALUE!": None,
    "5\u200b": None, "\u202e5": None, "5,": None, ",5": None, "1,2,3": None, "1.2.3": None, "0.0000000001": None,
    "{5}": None, "[5]": None, '"5"': None, "5;": None, "": None, "   ": None, "2026-03-01": None, "5%": None, "￥5": None,
}  # fmt: skip
"""Text of a mass in kilograms → grams; None: it must wait. Nothing between is guessed."""

TEXTS: tuple[str, ...] = (
    "'", '"', '""', "\\", "a,b", "a;b", "a\tb", "a|b", "a\nb", "a\n\n\"b\"", "聊城", "𠮷𠮷", "e\u0301", "\u202eabc", "\u200b",
    "\ufeff",
    "=cmd|' /C calc'!A0", "-1+1", "@x", "'; DROP TABLE T; --", "x' OR '1'='1", "${jndi:ldap://x}", "../../etc/passwd",
    "%s%s%n",
    "<b>", "\x1b[2J", "\x07", "null", "NaN", "-1", "1e999", "371502199001011234",
    "2026-02-30", "a" * 70_000, "😀" * 500,
    "\ud7ff",
    "\ufffd", "\uffff", "｛｝", "{}", "[1,2", '{"a":', "\\u000", "\\x00", "_x0000_", "&#0;", "&amp;", "<![CDATA[", "]]>",
    "\u2028",
)  # fmt: skip
"""Texts that no column of text may stumble over."""

DAYS: dict[str, bool | None] = {
    "2026-03-01": True, "2026/3/1": True, "20260301": True, "2026年3月1日": True, "2026年3月": True, "２０２６年３月": True,
    "2026年第一季度": True, "2026-03-01 08:05:00": True, "2026-02-28": True, "2024-02-29": True,
    "2026-02-30": False, "2026-02-29": False, "2026-13-01": False, "2026-00-10": False, "2026-03-00": False,
    "2026-03-01 25:00": False, "2026-03-01 24:00:00": False, "infinity": False, "-infinity": False, "epoch": False, "now": False,
    "0000-00-00": False, "yesterday": False, "昨天": False, "2026-3-1-1": False, "-2026-03-01": False, "": False, "NaN": False,
    "99999-01-01": False, "2026年13月": False, "2026年第五季度": False, "2026Q5": False, "'; DROP TABLE T; --": False,
    "1e5": False, "2026-03-01T08:05:00+99:00": False, "3/1/2026": None, "2026": None, "45000": None, "1900-02-29": None,
    "9999-12-31": None,
}  # fmt: skip
"""Text of a day → whether it is one; None: either, but alike in every format."""

Row = dict[str, str]


def rows() -> dict[str, Row]:
    """N → the record with one hostile value. N names the column and the value."""
    found: dict[str, Row] = {}
    values = {"M": tuple(MASSES), "X": TEXTS, "K": TEXTS, "T": tuple(DAYS), "C": TEXTS, "R": TEXTS}
    for column, texts in values.items():
        for number, text in enumerate(texts):
            name = f"{column}{number:03d}"
            found[name] = PLAIN | {"N": name, column: text}
    return found


def expected(row: Row) -> int | None:
    """Grams that must stand, -1 for either, None where the record must wait."""
    column = row["N"][0]
    if column == "M":
        return MASSES[row["M"]]
    if column == "T":
        return {True: 5_000, False: None, None: -1}[DAYS[row["T"]]]
    return 5_000 if column in "KX" and row["K"].strip() else None


def as_csv(folder: Path, records: Sequence[Row]) -> None:
    """Quoted as a writer of CSV does it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([COLUMNS, *([row[c] for c in COLUMNS] for row in records)])
    (folder / "a.csv").write_bytes(buffer.getvalue().encode())


def as_jsonl(folder: Path, records: Sequence[Row]) -> None:
    """Every value a text."""
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")


def as_xlsx(folder: Path, records: Sequence[Row]) -> None:
    """Every value a text; a cell holds at most 32,767 letters."""
    book = xlsxwriter.Workbook(folder / "a.xlsx", {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    for line, cells in enumerate([COLUMNS, *([row[c] for c in COLUMNS] for row in records)]):
        for column, cell in enumerate(cells):
            sheet.write_string(line, column, cell[:32_767])
    book.close()


def as_parquet(folder: Path, records: Sequence[Row]) -> None:
    """Columns of text."""
    pq.write_table(pa.table({c: [row[c] for row in records] for c in COLUMNS}), folder / "a.parquet")


def as_table(folder: Path, records: Sequence[Row]) -> None:
    """A table of an SQLite database, without types."""
    with closing(sqlite3.connect(folder.parent / "source.db")) as db, db:
        db.execute(f"CREATE TABLE T ({', '.join(COLUMNS)})")
        marks = ", ".join("?" * len(COLUMNS))
        db.executemany(f"INSERT INTO T VALUES ({marks})", [[row[c] for c in COLUMNS] for row in records])


FORMATS: dict[str, Callable[[Path, Sequence[Row]], None]] = {
    "csv": as_csv, "jsonl": as_jsonl, "xlsx": as_xlsx, "parquet": as_parquet, "table": as_table,
}  # fmt: skip
