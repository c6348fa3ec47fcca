"""Numbers and ids on their way to PostgreSQL as they lie in memory: whole arrays as parameters, whole rows for COPY.

One Python object per value would take a quarter of a batch's time. Both are PostgreSQL's binary formats
(postgresql.org/docs: COPY, "Binary Format"; src/backend/utils/adt/arrayfuncs.c, array_recv).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL = b"\xff\xff"
_INT8, _INT8_ARRAY, _UUID, _UUID_ARRAY = 20, 1016, 2950, 2951
_SIZES = {_INT8: 8, _UUID: 16}


@dataclass(frozen=True)
class Packed:
    """A parameter: an array of bigints or uuids, in PostgreSQL's binary form."""

    data: bytes


class Int8s(Packed):
    """Of bigints."""


class Uuids(Packed):
    """Of uuids."""


class _Dumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Packed) -> Buffer:
        return obj.data


class _Int8sDumper(_Dumper):
    oid = _INT8_ARRAY


class _UuidsDumper(_Dumper):
    oid = _UUID_ARRAY


def register(connection: psycopg.Connection[Any]) -> None:
    """Let a connection take both as parameters."""
    connection.adapters.register_dumper(Int8s, _Int8sDumper)
    connection.adapters.register_dumper(Uuids, _UuidsDumper)


def packed(column: pa.ChunkedArray | pa.Array) -> Packed:
    """A column without nulls, of integers or of 16 bytes each."""
    kind, cells = _cells(column)
    head = np.array([1, 0, kind, len(cells), 1], dtype=">i4").tobytes() if len(cells) else bytes(8) + _int4(kind)
    rows = np.empty(len(cells), dtype=[("size", ">i4"), ("cell", cells.dtype)])
    rows["size"], rows["cell"] = _SIZES[kind], cells
    return (Int8s if kind == _INT8 else Uuids)(head + rows.tobytes())


def copied(rows: pa.Table) -> bytes:
    """Rows without nulls, of integers or of 16 bytes each, for ``COPY … (FORMAT binary)``."""
    columns = [_cells(column) for column in rows.columns]
    fields: list[Any] = [("fields", ">i2")]
    for number, (_, cells) in enumerate(columns):
        fields += [(f"size{number}", ">i4"), (f"cell{number}", cells.dtype)]
    made = np.empty(len(rows), dtype=fields)
    made["fields"] = len(columns)
    for number, (kind, cells) in enumerate(columns):
        made[f"size{number}"], made[f"cell{number}"] = _SIZES[kind], cells
    return _HEAD + made.tobytes() + _TAIL


def _cells(column: pa.ChunkedArray | pa.Array) -> tuple[int, np.ndarray[Any, Any]]:
    """The PostgreSQL type of its values, and they as they are sent."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_integer(whole.type):
        return _INT8, np.asarray(whole.to_numpy(zero_copy_only=False)).astype(">i8")
    data = whole.cast(pa.binary(16)).buffers()[1]
    first = 16 * whole.offset
    sliced = memoryview(data)[first : first + 16 * len(whole)] if data is not None else b""
    return _UUID, np.frombuffer(sliced, dtype="V16")


def _int4(number: int) -> bytes:
    return number.to_bytes(4, "big")
