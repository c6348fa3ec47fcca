"""Bad input by the thousand: a clear error or quarantine, never a lost record, never a traceback."""

from __future__ import annotations

import io
import json
import os
import random
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.cli.run import here
from tests.intake.world import HEAD, connector, table_source

OLD = 1_700_000_000
HEADER = "K,M,X\n"
GOOD = "good,5,\n"


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub that reads every file in in/."""
    folder = tmp_path / "hub"
    assert here("new", folder).code == 0
    (folder / "in").mkdir()
    _connect(folder, connector("{kind: file, path: 'in/*', key: [K]}"))
    return folder


def _connect(hub: Path, yaml: str) -> None:
    path = hub / "connectors" / "housing" / "scales" / "connector.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml, encoding="utf-8")


def _put(hub: Path, name: str, content: bytes) -> None:
    path = hub / "in" / name
    path.write_bytes(content)
    os.utime(path, (OLD, OLD))


def _pull(hub: Path) -> dict[str, Any]:
    """A pull that ends well, after which every record is somewhere."""
    done = here("-C", hub, "pull", "--once", "--json")
    assert (done.code, "Traceback" in done.err) == (0, False), done.err
    (row,) = done.json["connectors"]
    assert row["read"] == row["events"] + row["unchanged"] + row["skipped"] + row["quarantined"]
    return dict(row)


def _ledger(hub: Path) -> dict[str, int]:
    """Key → grams, by the journal."""
    assert here("-C", hub, "project", "--once").code == 0
    with closing(sqlite3.connect(hub / "data" / "store.db")) as db:
        return {json.loads(key)[0]: mass for key, mass in db.execute("SELECT source_key, mass_g FROM entries_v1")}


def _errors(hub: Path) -> list[str]:
    done = here("-C", hub, "quarantine", "list", "--json")
    assert done.code == 0, done.err
    for row in done.json["rows"]:
        assert all(error["remedy"] for error in row["errors"]), row
        assert here("-C", hub, "quarantine", "show", row["id"], "--json").code == 0
    return sorted(row["errors"][0]["error"] for row in done.json["rows"])


# --- values

VALUES: list[tuple[str, int | None]] = [
    ("5", 5_000), ('"1,234.5"', 1_234_500), ("１２３．５", 123_500), (" 7 ", 7_000), ("0", 0), ("0.0005", 1), ("+3", 3_000),
    ('"1,234.5 吨"', None), ("5t", None), ("1e3", None), ("1_000", None), ("-5", None), ("inf", None), ("NaN", None),
    ("0x10", None), ("999999999999999999999999", None), ("10000000001", None), ("五", None), ("=1+1", None),
    ("@SUM(A1)", None), ("'; DROP TABLE events; --", None), ("${jndi:ldap://x}", None), ("1/0", None), ("\x01", None),
    ("--5", None), ("5..5", None), ("1 000", None), ("٣", None), ("1.7976931348623157e308", None), ("%s%n", None),
]  # fmt: skip


def test_numbers_as_people_write_them(hub: Path) -> None:
    """A number that can be read exactly is read; all else waits with its value; nothing is guessed."""
    lines = "".join(f"k{number:03d},{text},\n" for number, (text, _) in enumerate(VALUES))
    _put(hub, "a.csv", (HEADER + lines).encode())
    assert _pull(hub)["read"] == len(VALUES)
    expected = {f"k{number:03d}": grams for number, (_, grams) in enumerate(VALUES) if grams is not None}
    assert _ledger(hub) == expected
    assert len(_errors(hub)) == len(VALUES) - len(expected)


DAYS: list[tuple[str, str | None]] = [
    ("2026-03-01", "2026-03"), ("2026/3/1", "2026-03"), ("20260301", "2026-03"), ("2026年3月1日", "2026-03"),
    ("2026年3月", "2026-03"), ("２０２６年３月", "2026-03"), ("2026年第一季度", "2026Q1"), ("2026", None),
    ("2026-02-30", None), ("2026-13-01", None), ("2026-03-01 24:00:00", None), ("2026-03-01 25:00", None),
    ("infinity", None), ("0000-00-00", None), ("now", None), ("yesterday", None), ("2026-3-1-1", None), ("昨天", None),
]  # fmt: skip


def test_days_that_are_none(hub: Path) -> None:
    """A day that is not in the calendar waits; every accepted form gives its period."""
    _connect(hub, HEAD.format(source="{kind: file, path: 'in/*', key: [K]}", more="").replace(
        "\"ts('2026-03-01')\"", "ts(X)"))  # fmt: skip
    lines = "".join(f"k{number:03d},1,{text}\n" for number, (text, _) in enumerate(DAYS))
    _put(hub, "a.csv", (HEADER + lines).encode())
    _pull(hub)
    assert here("-C", hub, "project", "--once").code == 0
    with closing(sqlite3.connect(hub / "data" / "store.db")) as db:
        found = dict(db.execute("SELECT source_key, period FROM entries_v1"))
    certain = {f'["k{n:03d}"]': period for n, (text, period) in enumerate(DAYS) if period is not None}
    assert {key: period for key, period in found.items() if key in certain} == certain
    no_days = {f'["k{n:03d}"]' for n, (text, period) in enumerate(DAYS) if period is None and text != "2026"}
    assert not found.keys() & no_days


# --- files


def _workbook(fill: Callable[[Any], None]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    for column, name in enumerate(("K", "M", "X")):
        sheet.write(0, column, name)
    fill(sheet)
    book.close()
    return buffer.getvalue()


def _spoilt(sheet: Any) -> None:
    sheet.write(1, 0, 371502199001011234)  # a number: Excel keeps fifteen digits
    sheet.write(1, 1, 5)
    sheet.write(2, 0, "good")
    sheet.write(2, 1, 5)


def _formulas(sheet: Any) -> None:
    sheet.write(1, 0, "good")
    sheet.write_formula(1, 1, "=2+3", None, 5)
    sheet.write(2, 0, "bad")
    sheet.write_formula(2, 1, '=WEBSERVICE("http://127.0.0.1/")', None, "#VALUE!")


def _bomb() -> bytes:
    """A workbook whose sheet unpacks to 300 MB."""
    source, target = zipfile.ZipFile(io.BytesIO(_workbook(_spoilt))), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for item in source.infolist():
            content = source.read(item)
            if item.filename.endswith("sheet1.xml"):
                content = content.replace(b"<sheetData>", b"<sheetData>" + b" " * 300_000_000)
            packed.writestr(item.filename, content)
    return target.getvalue()


FILES: dict[str, tuple[str, bytes, int]] = {
    # name → (file name, content, grams of "good": 0 where nothing of the file can be used)
    "empty": ("a.csv", b"", 0),
    "only a header": ("a.csv", HEADER.encode(), 0),
    "blank lines": ("a.csv", f"\n\n{HEADER}\n{GOOD}\n\n".encode(), 5000),
    "gb18030": ("a.csv", (HEADER + GOOD + "镇,1,聊城\n").encode("gb18030"), 5000),
    "bom": ("a.csv", b"\xef\xbb\xbf" + (HEADER + GOOD).encode(), 5000),
    "utf-16": ("a.csv", (HEADER + GOOD).encode("utf-16"), -1),
    "bad bytes": ("a.csv", (HEADER + GOOD).encode() + b"b\xff\xfe\x80,1,\n", 5000),
    "nul": ("a.csv", (HEADER + GOOD).encode() + b"b\0,1,\n", 5000),
    "ragged": ("a.csv", (HEADER + "a,1\n" + "b,1,2,3,4\n" + GOOD).encode(), 5000),
    "open quote": ("a.csv", (HEADER + GOOD + 'b,"1,\nc,1,\n').encode(), 5000),
    "truncated": ("a.csv", (HEADER + GOOD + "b,1").encode(), 5000),
    "formulas": ("a.csv", (HEADER + GOOD + "=cmd|' /C calc'!A0,1,\n@x,1,\n").encode(), 5000),
    "twice a column": ("a.csv", b"K,M,M\ngood,5,6\n", -1),
    "wide": ("a.csv", ("K,M," + ",".join(f"c{n}" for n in range(100_000)) + "\ngood,5," + "," * 99_999 + "\n").encode(), -1),
    "wide row": ("a.csv", (HEADER + GOOD + "b,1" + ",x" * 100_000 + "\n").encode(), 5000),
    "long": ("a.csv", (HEADER + GOOD + "b,1," + "x" * 10_000_000 + "\n").encode(), 5000),
    "no line end": ("a.csv", b"x" * 5_000_000, 0),
    "json": ("a.jsonl", b'{"K": "good", "M": 5}\n{"K": "b", "M": \n[1, 2]\n"x"\nnull\n{"K": {"a": 1}, "M": [1]}\n', 5000),
    "deep json": ("a.jsonl", b'{"K": "good", "M": 5}\n' + b'{"K":' * 100_000 + b"1" + b"}" * 100_000 + b"\n", 5000),
    "long number": ("a.jsonl", b'{"K": "good", "M": 5}\n{"K": "b", "M": ' + b"9" * 100_000 + b"}\n", 5000),
    "key twice": ("a.jsonl", b'{"K": "good", "M": 5}\n{"K": "b", "M": 1, "M": 2}\n', 5000),
    "lone surrogate": ("a.jsonl", b'{"K": "good", "M": 5}\n{"K": "\\ud800", "M": 1}\n', 5000),
    "sheet": ("a.xlsx", _workbook(_spoilt), 5000),
    "sheet formulas": ("a.xlsx", _workbook(_formulas), 5000),
    "no sheet": ("a.xlsx", b"PK\x03\x04" + b"\0" * 100, 0),
    "torn sheet": ("a.xlsx", _workbook(_spoilt)[:2000], 0),
    "a page": ("a.xlsx", b"<html><table><tr><td>K</td></tr></table></html>", 0),
    "no parquet": ("a.parquet", b"PAR1" + b"\0" * 50 + b"PAR1", 0),
    "no suffix": ("a", (HEADER + GOOD).encode(), 5000),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_as_it_should_be(hub: Path, name: str) -> None:
    """What can be read counts, the rest waits, and a second pull finds nothing new."""
    file, content, grams = FILES[name]
    _put(hub, file, content)
    _pull(hub)
    stands = _ledger(hub)
    if grams >= 0:
        assert stands.get("good", 0) == grams
    waits = _errors(hub)
    if grams == 0 and name not in ("empty", "only a header", "no line end"):
        assert waits, "a file of which nothing can be used must say so"
    assert (_pull(hub)["events"], _errors(hub)) == (0, waits)


def test_a_bomb_in_a_sheet(hub: Path) -> None:
    """A small file that unpacks to a huge one waits as a whole, or is read; it never takes the process down."""
    _put(hub, "a.xlsx", _bomb())
    _put(hub, "b.csv", (HEADER + GOOD).encode())
    _pull(hub)
    assert _ledger(hub)["good"] == 5000


def test_a_thousand_random_faults(hub: Path) -> None:
    """Bytes thrown into good files: every record counts or waits."""
    chance = random.Random(7)
    for number in range(60):
        content = bytearray((HEADER + "".join(f"{number}-{n},{n},text {n}\n" for n in range(300))).encode())
        for _ in range(chance.randint(1, 40)):
            at = chance.randrange(len(HEADER), len(content))
            content[at : at + chance.randint(0, 3)] = bytes(chance.randrange(256) for _ in range(chance.randint(0, 4)))
        _put(hub, f"{number:04d}.csv", bytes(content))
    done = _pull(hub)
    assert done["read"] > 60 * 250
    assert len(_ledger(hub)) > 60 * 250


# --- folders


def test_what_is_no_file(hub: Path) -> None:
    """A folder named like a file, a link that leads out or nowhere, an office program's lock: passed over."""
    (hub / "in" / "x.csv").mkdir()
    (hub.parent / "outside.csv").write_text(HEADER + "outside,1,\n")
    (hub / "in" / "out.csv").symlink_to(hub.parent / "outside.csv")
    (hub / "in" / "nowhere.csv").symlink_to(hub / "in" / "missing")
    (hub / "in" / "loop.csv").symlink_to(hub / "in" / "loop.csv")
    os.mkfifo(hub / "in" / "pipe.csv")
    _put(hub, "~$a.xlsx", b"lock")
    _put(hub, "a.csv", (HEADER + GOOD).encode())
    _pull(hub)
    assert _ledger(hub) == {"good": 5000}


def test_a_folder_that_is_not_there(hub: Path) -> None:
    """The source does not answer: exit 3, a sentence, nothing taken back."""
    _put(hub, "a.csv", (HEADER + GOOD).encode())
    _pull(hub)
    (hub / "in").rename(hub / "away")
    done = here("-C", hub, "pull", "--once")
    assert (done.code, "Traceback" in done.err) == (3, False)
    assert _ledger(hub) == {"good": 5000}


def test_names_that_are_code(hub: Path) -> None:
    """Names of files and columns are only names."""
    _put(hub, "'; DROP TABLE x; --.csv", (HEADER + GOOD).encode())
    _put(hub, "$(touch x)\n.csv", b"K,M,\"a\"\"b'; DROP TABLE x; --\"\nb,1,2\n")
    _pull(hub)
    assert _ledger(hub) == {"good": 5000, "b": 1000}


# --- databases


def test_rows_of_a_database(hub: Path) -> None:
    """Blobs, infinities, NULs, huge numbers, SQL in values: they count or wait."""
    _connect(hub, connector(table_source().replace("source.db", str(hub / "source.db"))))
    with closing(sqlite3.connect(hub / "source.db")) as db, db:
        db.execute("CREATE TABLE T (K, M, X)")
        db.executemany(
            "INSERT INTO T VALUES (?, ?, ?)",
            [("good", 5, None), (b"\xff\x00", 1, None), ("b", float("inf"), None), ("c", "1\0", None), (2**62, -1, None),
             ("d", 10**17, None), ("e", "1); DROP TABLE T; --", None), (1.5, 1e-7, None), ("", 1, None),
             ("f", 1, "x" * 5_000_000)],
        )  # fmt: skip
        db.execute("INSERT INTO T VALUES ('g', CAST(x'ff31' AS TEXT), NULL)")
    assert _pull(hub)["read"] == 11
    assert _ledger(hub)["good"] == 5000
    waits = _errors(hub)
    assert (len(waits), len(_ledger(hub))) == (11 - len(_ledger(hub)), 11 - len(waits))
    assert (_pull(hub)["events"], _errors(hub)) == (0, waits)
