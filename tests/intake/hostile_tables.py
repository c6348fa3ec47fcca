"""Damaged workbooks and Parquet files: in their cells, and in the bytes around them."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tests.intake.hostile import Damaged

ROWS = 6
Cells = list[list[Any]]


def rows_of(mark: str, number: int) -> dict[str, int]:
    """Key → kilograms; no key is part of another."""
    return {f"{mark}{number:05d}r{n}z": 100 + 7 * n + number for n in range(ROWS)}


def cells_of(rows: dict[str, int]) -> Cells:
    """Header and records."""
    return [["K", "M", "X"], *([key, kg, f"站 {key}"] for key, kg in rows.items())]


class Formula(str):
    """A formula; the value stored with it stands behind a bar."""

    __slots__ = ()


def workbook(cells: Cells, *, top: int = 0, left: int = 0, merged: tuple[int, int] | None = None) -> bytes:
    """A workbook of these cells; ``merged``: (row, column) of a cell that reaches one row further down."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "nan_inf_to_errors": True})
    sheet, day = book.add_worksheet("表"), book.add_format({"num_format": "yyyy-mm-dd"})
    for row, line in enumerate(cells, top):
        for column, cell in enumerate(line, left):
            if isinstance(cell, Formula):
                formula, _, value = cell.partition("|")
                sheet.write_formula(row, column, formula, None, value)
            elif isinstance(cell, datetime):
                sheet.write_datetime(row, column, cell, day)
            elif isinstance(cell, str):
                sheet.write_string(row, column, cell)
            elif cell is not None:
                sheet.write(row, column, cell)
    if merged is not None:
        row, column = merged
        sheet.merge_range(row + top, column + left, row + top + 1, column + left, cells[row][column])
    book.close()
    return buffer.getvalue()


def _with(rows: dict[str, int], n: int, column: int, cell: Any) -> Cells:
    cells = cells_of(rows)
    cells[n + 1][column] = cell
    return cells


Rows = dict[str, int]
# What record n has for its measure (or another cell), and whether it then waits.
CELLS: dict[str, tuple[Callable[[Rows, int], Cells], bool]] = {
    "none": (lambda r, n: cells_of(r), False),
    "as text": (lambda r, n: _with(r, n, 1, str(list(r.values())[n])), False),
    "full width": (lambda r, n: _with(r, n, 1, "".join(chr(ord(d) + 0xFEE0) for d in str(list(r.values())[n]))), False),
    "a formula": (lambda r, n: _with(r, n, 1, Formula(f"=1+1|{list(r.values())[n]}")), False),
    "a formula's error": (lambda r, n: _with(r, n, 1, Formula("=1/0|#DIV/0!")), True),
    "a reference's error": (lambda r, n: _with(r, n, 1, Formula("=Z9|#REF!")), True),
    "a formula in text": (lambda r, n: _with(r, n, 2, "=cmd|' /C calc'!A0"), False),
    "nothing": (lambda r, n: _with(r, n, 1, None), True),
    "true": (lambda r, n: _with(r, n, 1, True), True),
    "a day": (lambda r, n: _with(r, n, 1, datetime(2026, 3, 1)), True),  # noqa: DTZ001 - a sheet has no zones
    "unit": (lambda r, n: _with(r, n, 1, "1,234.5 吨"), True),
    "negative": (lambda r, n: _with(r, n, 1, -5), True),
    "digits lost": (lambda r, n: _with(r, n, 2, 371502199001011234), True),
    "digits lost in the measure": (lambda r, n: _with(r, n, 1, 1e15), True),
    "not a number": (lambda r, n: _with(r, n, 1, float("nan")), True),
    "long text": (lambda r, n: _with(r, n, 2, "聊" * 32_767), False),
    "an escape": (lambda r, n: _with(r, n, 2, "_x0000_ _x000D_"), False),
    "wider": (lambda r, n: [[*line, None, "y"] if i == n + 1 else line for i, line in enumerate(cells_of(r))], False),
    "empty rows": (lambda r, n: [*cells_of(r)[: n + 1], [], [], *cells_of(r)[n + 1 :]], False),
    "far down": (lambda r, n: [*cells_of(r)[: n + 1], *([] for _ in range(3_000)), *cells_of(r)[n + 1 :]], False),
}  # fmt: skip


def sheet_files() -> Iterator[Damaged]:
    """Every damage of a cell at every place, wherever on the sheet the table begins."""
    choices = product(CELLS, (0, ROWS // 2, ROWS - 1), ((0, 0), (3, 2)))
    for number, (damage, n, (top, left)) in enumerate(choices):
        rows = rows_of("x", number)
        make, waits = CELLS[damage]
        harmed = frozenset([list(rows)[n]]) if waits else frozenset[str]()
        content = workbook(make(rows, n), top=top, left=left)
        yield Damaged(f"{damage.replace(' ', '_')}-{n}-{top}", content, rows, harmed, pieces=ROWS)
    rows = rows_of("y", 1)
    harmed = frozenset([list(rows)[3]])
    merged = _with(rows, 3, 0, None)
    yield Damaged("merged_keys", workbook(merged, merged=(3, 0)), rows, harmed, pieces=ROWS)


def torn_sheets(seed: int, count: int) -> Iterator[Damaged]:
    """Archives cut, changed, and with parts missing, emptied or replaced: they are read as they were, or refused whole."""
    chance = random.Random(seed)
    for number in range(count):
        rows = rows_of("w", number)
        content = workbook(cells_of(rows))
        how = chance.choice(("cut", "bytes", "stored", "part"))
        if how == "cut":
            content = content[: chance.randrange(100, len(content))]
        elif how == "part":
            content = _with_part(content, chance)
        else:
            changed = bytearray(_stored(content) if how == "stored" else content)
            for _ in range(chance.randint(1, 4)):
                changed[chance.randrange(len(changed))] ^= chance.randint(1, 255)
            content = bytes(changed)
        yield Damaged(how, content, rows, whole=True)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b']><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&j;</t></si></sst>'
)


def _with_part(content: bytes, chance: random.Random) -> bytes:
    """One part of the archive that the table needs is gone, empty, nonsense, or a bomb."""
    name = chance.choice(("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "[Content_Types].xml"))
    instead = chance.choice((None, b"", b"\0" * 500, b"<a><b></a>", BOMB))
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry.filename, old.read(entry))
            elif instead is not None:
                new.writestr(entry.filename, instead)
    return buffer.getvalue()


def _stored(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    return buffer.getvalue()


KINDS: dict[str, Callable[[Rows], pa.Array]] = {
    "int": lambda r: pa.array(list(r.values()), pa.int64()),
    "float": lambda r: pa.array([float(kg) for kg in r.values()]),
    "decimal": lambda r: pa.array([Decimal(kg) for kg in r.values()], pa.decimal128(20, 3)),
    "text": lambda r: pa.array([f" {kg}\u3000" for kg in r.values()]),
    "dictionary": lambda r: pa.array([str(kg) for kg in r.values()]).dictionary_encode(),
}
VALUES: dict[str, Any] = {"null": None, "nan": float("nan"), "infinite": float("inf"), "negative": -1.0, "huge": 1e300}


def parquet_files(seed: int, count: int) -> Iterator[Damaged]:
    """Any type of measure, values that are none, and files cut or changed anywhere (their pages have check sums)."""
    chance = random.Random(seed)
    for number in range(count):
        rows = rows_of("p", number)
        columns = {"K": pa.array(list(rows)), "M": chance.choice(list(KINDS.values()))(rows)}
        harmed, how = frozenset[str](), chance.choice(("kind", "value", "cut", "bytes"))
        if how == "value":
            n = chance.randrange(ROWS)
            said = [float(kg) for kg in rows.values()]
            columns["M"] = pa.array([*said[:n], chance.choice(list(VALUES.values())), *said[n + 1 :]])
            harmed = frozenset([list(rows)[n]])
        buffer = io.BytesIO()
        packing = chance.choice(("none", "snappy", "zstd"))
        pq.write_table(pa.table(columns), buffer, row_group_size=2, compression=packing, write_page_checksum=True)
        content = bytearray(buffer.getvalue())
        if how == "cut":
            del content[chance.randrange(20, len(content)) :]
        elif how == "bytes":
            content[chance.randrange(4, len(content) // 2)] ^= chance.randint(1, 255)
        torn = how in ("cut", "bytes")
        made = Damaged(how, bytes(content), rows, harmed, whole=torn, pieces=None if torn else ROWS)
        yield replace(made, name=f"{how}-{packing}")
