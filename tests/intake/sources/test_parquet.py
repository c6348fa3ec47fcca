"""Parquet: every type as text."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.intake.sources.reading import read


def parquet(table: pa.Table) -> bytes:
    """A Parquet file with row groups of two rows."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, row_group_size=2)
    return buffer.getvalue()


MORNING = datetime(2026, 3, 1, 8, 5, tzinfo=timezone(timedelta(hours=8)))
VALUES: list[tuple[pa.Array, str]] = [
    (pa.array([16000], pa.int64()), "16000"),
    (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
    (pa.array([16000.0]), "16000"),
    (pa.array([1e22]), "10000000000000000000000"),
    (pa.array([1e-7]), "0.0000001"),
    (pa.array([Decimal("1.10")]), "1.10"),
    (pa.array([True]), "true"),
    (pa.array(["0012 "]), "0012 "),
    (pa.array(["x"], pa.large_string()), "x"),
    (pa.array(["x"]).dictionary_encode(), "x"),
    (pa.array([date(2026, 3, 1)]), "2026-03-01"),
    (pa.array([MORNING.replace(tzinfo=None)], pa.timestamp("us")), "2026-03-01 08:05:00"),
    (pa.array([MORNING.replace(tzinfo=None, microsecond=120)], pa.timestamp("us")), "2026-03-01 08:05:00.000120"),
    (pa.array([MORNING], pa.timestamp("ms", "Asia/Shanghai")), "2026-03-01 08:05:00+08:00"),
    (pa.array([29100], pa.time32("s")), "08:05:00"),
    (pa.array([b"\x00\xff"]), "00ff"),
    (pa.array([{"b": [1, 2.0], "a": "站"}]), '{"a":"站","b":[1,2]}'),
]


@pytest.mark.parametrize(("values", "text"), VALUES, ids=[text for _, text in VALUES])
def test_values_as_text(tmp_path: Path, values: pa.Array, text: str) -> None:
    """A value of any type comes in the words of the port; NULL stays NULL."""
    column: Any = pa.concat_arrays([values, pa.array([None], values.type)])
    found = read(tmp_path, "a.parquet", parquet(pa.table({"a": column, "n": ["x", "y"]})))
    assert found.rows == [{"a": text, "n": "x"}, {"n": "y"}]


def test_row_groups_and_drops(tmp_path: Path) -> None:
    """Rows are numbered through all row groups; a dropped column is not there."""
    found = read(tmp_path, "a.parquet", parquet(pa.table({"a": [1, 2, 3], "姓名": ["x", "y", "z"]})), drop=("姓名",))
    assert found.rows == [{"a": "1"}, {"a": "2"}, {"a": "3"}]
    assert found.lines == [1, 2, 3]


def test_bad_texts_stay_alone(tmp_path: Path) -> None:
    """A row with invalid UTF-8 or a NUL is set aside; the others are read."""
    raw = pa.array([b"x", b"\xff", b"a\0b", b"y"])
    texts = pa.Array.from_buffers(pa.string(), 4, raw.buffers())
    found = read(tmp_path, "a.parquet", parquet(pa.table({"a": texts})))
    assert found.rows == [{"a": "x"}, {"a": "y"}]
    assert found.errors == [(2, "ENCODING"), (3, "NUL_BYTE")]


def test_a_broken_file_is_one_piece(tmp_path: Path) -> None:
    """A truncated Parquet file gives no row and one piece that says why."""
    content = parquet(pa.table({"a": [1]}))
    assert read(tmp_path, "a.parquet", content[:-20]).errors == [(None, "FILE_UNREADABLE")]


CHECKED: dict[str, Any] = {"row_group_size": 50, "compression": "none", "use_dictionary": False}


def test_a_damaged_page_does_not_leave_half_of_a_file(tmp_path: Path) -> None:
    """Where a later row group is damaged, none of the rows before it is given: the file waits as a whole."""
    buffer = io.BytesIO()
    table = pa.table({"a": [f"key{n:05d}" for n in range(200)]})
    pq.write_table(table, buffer, write_page_checksum=True, **CHECKED)
    content = buffer.getvalue()
    assert len(read(tmp_path, "a.parquet", content).rows) == 200
    damaged = content.replace(b"key00199", b"key00198")
    assert damaged != content
    found = read(tmp_path, "a.parquet", damaged)
    assert (found.rows, found.errors) == ([], [(None, "FILE_UNREADABLE")])


FAR: list[tuple[pa.Array, str]] = [
    (pa.array([5_000, 2**62], pa.duration("ns")), "[ 4611686018427387904 ]"),
    (pa.array([[5_000], [2**62]], pa.list_(pa.timestamp("us"))), "out of range: 4611686018427387904"),
    (pa.array([[5_000], [2**62 + 1]], pa.list_(pa.timestamp("ns"))), "2116-02-20 23:53:38.427387905"),
]


@pytest.mark.parametrize(("values", "text"), FAR, ids=[text for _, text in FAR])
def test_times_that_no_python_time_can_hold(tmp_path: Path, values: pa.Array, text: str) -> None:
    """Such a value is told as Arrow shows it, nothing of it rounded; its neighbours are read as ever."""
    content = parquet(pa.table({"a": ["x", "y"], "v": values}))
    near, far = read(tmp_path, "a.parquet", content).rows
    assert (near["a"], far["a"]) == ("x", "y")
    assert "[ " not in near["v"]
    assert text in far["v"]
