"""Arrow ⇄ Avro, a batch at a time. Byte for byte what :mod:`hub.events.single` does for one message.

A message is good if it decodes with the schema it was written with and encoding that again gives the same bytes: so
trailing junk, overlong numbers and numbers out of range are all found. Encoding everything again would cost three
quarters of the decoding, so lengths are compared instead (their sum, computed from the decoded columns): decoding
reads a prefix, and the canonical form of what was read is never longer than it, so the sums are equal only if every
message's is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyruhvro

from hub.errors import Refused, SetAside
from hub.events import schema as schemas

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BadMessage:
    """A message that cannot be used: its index in what was given to :func:`decode`, and why."""

    index: int
    reason: str


@dataclass(frozen=True)
class Decoded:
    """``table`` in the current Arrow schema; its row i is ``values[kept[i]]``. Every index is in kept or in bad."""

    table: pa.Table
    kept: Int64s
    bad: tuple[BadMessage, ...]


def encode(table: pa.Table | pa.RecordBatch, name: str) -> pa.BinaryArray:
    """One Avro body per row. Columns are found by name, in any order, and cast; a missing one gets its default,
    further ones are left out; times with a zone become UTC. Under 2 GiB a call. Raises SetAside where a column does
    not fit: facts field, reason."""
    if table.num_rows == 0:
        return pa.array([], pa.binary())
    columns = [_column(table, field) for field in schemas.fields(schemas.text(name))]
    batch = pa.RecordBatch.from_arrays(columns, schema=schemas.arrow(name))
    return _write(batch, schemas.text(name))


def decode(values: Sequence[bytes], writer: str, name: str) -> Decoded:
    """Read messages written with the schema ``writer`` (JSON text) as the current schema of ``name``: fields that it
    lacks get our defaults, those that we lack are dropped. A bad message does not touch the others."""
    listed = values if isinstance(values, list) else list(values)
    try:
        sources = schemas.resolution(writer, name)
    except Refused as error:
        all_bad = tuple(BadMessage(i, str(error)) for i in range(len(listed)))
        return Decoded(_empty(name), np.empty(0, np.int64), all_bad)
    tables, kept, bad = [_empty(name)], [np.empty(0, np.int64)], []
    for start, piece in _pieces(listed, 0, writer):
        if isinstance(piece, BadMessage):
            bad.append(piece)
            continue
        whole = _required_there(piece, sources)
        indices = start + np.arange(piece.num_rows, dtype=np.int64)
        bad += [BadMessage(int(i), "null where a value must be") for i in indices[~whole]]
        tables.append(_read_as(piece if whole.all() else piece.filter(pa.array(whole)), sources, name))
        kept.append(indices[whole])
    return Decoded(pa.concat_tables(tables), np.concatenate(kept), tuple(sorted(bad, key=lambda x: x.index)))


def _column(table: pa.Table | pa.RecordBatch, field: schemas.Field) -> pa.Array:
    kind = schemas.ARROW[field.type]
    at = table.schema.get_field_index(field.name)
    try:
        if at < 0 and field.default is schemas.REQUIRED:
            raise pa.ArrowInvalid("the column is missing")
        if at < 0:
            return pa.array([field.default] * table.num_rows, kind)
        column = table.column(at).cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SetAside("{field} cannot be written: {reason}", field=field.name, reason=str(error)) from error
    if column.null_count and not field.nullable:
        raise SetAside("{field} cannot be written: {reason}", field=field.name, reason="null where a value must be")
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _pieces(values: list[bytes], start: int, writer: str) -> Iterator[tuple[int, pa.RecordBatch | BadMessage]]:
    """Decoded stretches of ``values`` and, halving until they are alone, the bad ones between them."""
    if not values:
        return
    try:
        batch = pyruhvro.deserialize_array(values, writer)
        reason = "" if _faithful(batch, values, writer) else "not what encoding its content again gives"
    except Exception as error:  # noqa: BLE001 - whatever the decoder cannot do is the message's fault
        reason = str(error)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        reason = f"the decoder gave up: {error}"
    if not reason:
        yield start, batch
    elif len(values) == 1:
        yield start, BadMessage(start, reason)
    else:
        half = len(values) // 2
        yield from _pieces(values[:half], start, writer)
        yield from _pieces(values[half:], start + half, writer)


def _faithful(batch: pa.RecordBatch, values: list[bytes], writer: str) -> bool:
    """Whether the texts are UTF-8 (pyruhvro does not look) and encoding ``batch`` again would give ``values``."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        return False
    total = 0
    for field, column in zip(schemas.fields(writer), batch.columns, strict=True):
        length, certain = _encoded_length(column, field)
        if not certain:
            return bool(_write(batch, writer).equals(pa.array(values, pa.binary())))
        total += length
    return total == sum(map(len, values))


def _encoded_length(column: pa.Array, field: schemas.Field) -> tuple[int, bool]:
    """Bytes that the column takes in Avro; and whether that decides: a number of the longest form may have lost its
    highest bits when it was read."""
    rows = len(column)
    branch = rows if field.nullable else 0
    if field.type == "boolean":
        return branch + rows - column.null_count, True
    if field.type == "string":
        offsets = np.frombuffer(column.buffers()[1], np.int32, rows + 1, column.offset * 4)
        sizes = _varints(np.diff(offsets), 6)
        return branch + int(offsets[-1] - offsets[0]) + sizes - column.null_count, True
    wide = pa.int64() if column.type.bit_width == 64 else pa.int32()
    numbers = pc.fill_null(column.view(wide), 0).to_numpy().astype(np.int64)
    zigzag = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    longest = np.uint64(1) << np.uint64(63 if wide == pa.int64() else 28)
    return branch + _varints(zigzag, 7) - column.null_count, not bool((zigzag >= longest).any())


def _varints(numbers: npt.NDArray[np.int32] | npt.NDArray[np.uint64], first: int) -> int:
    """Bytes that these take as base-128 numbers, of which the first byte holds ``first`` bits (a length that is not
    negative takes one bit more as a zigzag)."""
    total, bits, top = numbers.size, first, int(numbers.max(initial=0))
    while top >> bits:
        total += int(np.count_nonzero(numbers >= numbers.dtype.type(1 << bits)))
        bits += 7
    return total


def _required_there(batch: pa.RecordBatch, sources: Sequence[schemas.Source]) -> npt.NDArray[np.bool_]:
    """Which rows have all we require: a writer's schema may allow nulls where ours does not."""
    whole = np.ones(batch.num_rows, np.bool_)
    for source in sources:
        if source.writer is not None and source.writer.nullable and not source.field.nullable:
            whole &= batch.column(source.writer.name).is_valid().to_numpy(zero_copy_only=False)
    return whole


def _read_as(batch: pa.RecordBatch, sources: Sequence[schemas.Source], name: str) -> pa.Table:
    arrays = []
    for source in sources:
        kind = schemas.ARROW[source.field.type]
        if source.writer is None:
            arrays.append(pa.array([source.field.default] * batch.num_rows, kind))
        else:
            arrays.append(batch.column(source.writer.name).cast(kind))
    return pa.Table.from_arrays(arrays, schema=schemas.arrow(name))


def _empty(name: str) -> pa.Table:
    return schemas.arrow(name).empty_table()


def _write(batch: pa.RecordBatch, schema: str) -> pa.BinaryArray:
    return pyruhvro.serialize_record_batch(batch, schema, 1)[0]
