"""The shape of an entry, and how decoded events become candidates for one. Pure.

An entry is the wide row that ``entries_v1`` shows. Its times are ISO 8601 texts of fixed width in UTC (they sort as
time does, in every store), its ids canonical UUID texts; beside the rows stand both ids as pairs of 64-bit numbers,
big-endian, so that comparing numbers orders as comparing the ids does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ids = npt.NDArray[np.uint64]
Int64s = npt.NDArray[np.int64]

_INTEGERS = frozenset(
    {"revision", "restated", "retracted", "mass_g", "count", "manifest_line", "partition", "position"}
)
COLUMNS = (
    "entity_id", "revision", "restated", "event_id", "retracted", "kind", "stream", "scheme", "code", "method",
    "mass_g", "count", "basis", "period", "business_day", "occurred_at", "precision", "region", "department",
    "connector", "source_key", "holder", "counterparty", "facility", "vehicle", "manifest", "manifest_line",
    "partition", "position",
)  # fmt: skip
NULLABLE = frozenset(
    {"method", "count", "business_day", "holder", "counterparty", "facility", "vehicle", "manifest", "manifest_line"}
)
SCHEMA = pa.schema([pa.field(name, pa.int64() if name in _INTEGERS else pa.string()) for name in COLUMNS])

_INDEXED = (
    "period", "region", "stream", "scheme", "code", "kind", "department", "identity", "part", "connector",
)  # fmt: skip
LONGEST_KEY_BYTES = 2000
"""A page of a B-tree holds at least three keys: in PostgreSQL 2.7 kB each."""

_UUID = r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z"
_DIGITS = np.array([i not in (8, 13, 18, 23) for i in range(36)])


@dataclass(frozen=True)
class Statements:
    """Some events about entities: ``rows`` in :data:`SCHEMA`; ``entity`` and ``event`` (n × 2) are their ids."""

    rows: pa.Table
    entity: Ids
    event: Ids

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def numbers(self, column: str) -> Int64s:
        """An integer column without nulls."""
        return np.asarray(self.rows.column(column).to_numpy(), dtype=np.int64)

    def take(self, index: Int64s) -> Statements:
        """These rows, in this order."""
        if len(index) == len(self) and (index == np.arange(len(self))).all():
            return self
        return Statements(self.rows.take(pa.array(index)), self.entity[index], self.event[index])


def statements(rows: pa.Table) -> Statements:
    """Rows in :data:`SCHEMA` (further columns are dropped) with well-formed ids."""
    rows = rows.select(COLUMNS).cast(SCHEMA)
    return Statements(rows, ids(rows.column("entity_id")), ids(rows.column("event_id")))


def join(parts: Sequence[Statements]) -> Statements:
    """One after the other."""
    return Statements(
        pa.concat_tables([part.rows for part in parts]),
        np.concatenate([part.entity for part in parts]),
        np.concatenate([part.event for part in parts]),
    )


def countable(events: pa.Table) -> npt.NDArray[np.bool_]:
    """Which decoded events can be counted: what tells their line and their source must go into an index of any store."""
    lengths = [np.asarray(pc.binary_length(events.column(name)).to_numpy()) for name in _INDEXED]
    total: Int64s = np.sum(lengths, axis=0, dtype=np.int64)
    return np.less_equal(total, LONGEST_KEY_BYTES)


def usable(events: pa.Table) -> npt.NDArray[np.bool_]:
    """Which decoded events can have an entry: those whose two ids are canonical UUID texts."""
    good = pc.and_(
        pc.match_substring_regex(events.column("entity_id"), _UUID),
        pc.match_substring_regex(events.column("event_id"), _UUID),
    )
    return np.asarray(good.to_numpy(zero_copy_only=False), dtype=np.bool_)


def from_events(events: pa.Table, partition: int, positions: Int64s) -> Statements:
    """Decoded events with usable ids (Arrow schema of ``waste_event``) that stand at ``positions``."""
    made = {
        "occurred_at": instants(events.column("occurred_at")),
        "partition": pa.array(np.full(len(positions), partition, dtype=np.int64)),
        "position": pa.array(positions),
    }
    columns = [made[name] if name in made else events.column(name) for name in COLUMNS]
    return statements(pa.table([_plain(column) for column in columns], names=list(COLUMNS)))


def instants(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """µs since the epoch (timestamp or integer) → ``2026-03-01T00:05:00.000000Z``."""
    texts = times.cast(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T", max_replacements=1), "Z", "")


def ids(texts: pa.ChunkedArray) -> Ids:
    """Canonical UUID texts as numbers: (n × 2), the high and the low half."""
    joined = b"".join(map(_bytes, texts.chunks))
    digits = np.frombuffer(joined, dtype=np.uint8).reshape(-1, 36)[:, _DIGITS]
    whole = bytes.fromhex(digits.tobytes().decode("ascii"))
    return np.frombuffer(whole, dtype=">u8").reshape(-1, 2).astype(np.uint64)


def blobs(numbers: Ids) -> pa.Array:
    """The 16 bytes of each id."""
    whole = np.ascontiguousarray(numbers.astype(">u8")).tobytes()
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(whole)])


def _bytes(texts: pa.StringArray) -> bytes | memoryview:
    """All of its texts, one after the other, as they lie in memory."""
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return b""
    ends = np.frombuffer(offsets, dtype=np.int32)
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def shown(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same texts, in which a NUL is ␀: PostgreSQL has no text with one. The event keeps it."""
    if all(chunk.buffers()[2] is None or np.frombuffer(chunk.buffers()[2], np.uint8).all() for chunk in texts.chunks):
        return texts
    return pc.replace_substring(texts, "\0", "␀")


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_string(column.type):
        return shown(column)
    return column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
