"""A chunk: up to 1,000 messages in one row, compressed together and sealed with a SHA-256 over the whole row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hub.errors import JournalCorrupt
from hub.texts import N_

MESSAGES = 1_000  # one message read by its position costs a whole chunk; larger ones compress hardly better
BYTES = 8 << 20  # so that a thousand messages of 4 MiB do not make a row that no database takes
LEVEL = 1  # zstd: higher levels halve the speed for a tenth of the size

Offsets = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Chunk:
    """``first`` position, ``count`` messages, ``payload`` = zstd(int32 offsets, count + 1 of them, then the bodies).

    ``raw_size``: bytes before compression; ``writer``: identity that appended it; ``seal``: SHA-256 over the rest.
    """

    topic: str
    first: int
    count: int
    appended_us: int
    schema_id: int
    writer: str
    raw_size: int
    payload: bytes
    seal: bytes = b""

    @property
    def next(self) -> int:
        """The position after the last message."""
        return self.first + self.count

    def sealed(self) -> tuple[str | int | bytes, ...]:
        """The row to store: the fields in order, with the seal that belongs to them."""
        return (*self._head(), self.payload, self._digest())

    def unpacked(self) -> tuple[Offsets, pa.Buffer]:
        """Offsets (count + 1) and the bodies one after the other. Raises JournalCorrupt where this is not what was
        written."""
        if self._digest() != self.seal:
            raise corrupt(self.topic, self.first, N_("the chunk is not what was written, its SHA-256 differs"))
        try:
            raw = _codec().decompress(self.payload, decompressed_size=self.raw_size)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise corrupt(self.topic, self.first, str(error)) from error
        head = (self.count + 1) * 4
        return np.frombuffer(raw, np.int32, self.count + 1), raw.slice(head)

    def _digest(self) -> bytes:
        digest = hashlib.sha256(repr(self._head()).encode())
        digest.update(self.payload)
        return digest.digest()

    def _head(self) -> tuple[str | int, ...]:
        return (self.topic, self.first, self.count, self.appended_us, self.schema_id, self.writer, self.raw_size)


@dataclass(frozen=True)
class Packed:
    """The part of a chunk that is known before its place is: made outside the write transaction."""

    count: int
    raw_size: int
    payload: bytes


def corrupt(topic: str, position: int, reason: str) -> JournalCorrupt:
    """The error for a place of the journal that cannot be trusted."""
    return JournalCorrupt(
        "the journal is damaged at {topic} {partition}:{position}: {reason}",
        remedy="Restore the journal from its backup or archive; nothing after this place was read.",
        topic=topic, partition=0, position=position, reason=reason,
    )  # fmt: skip


def packed(values: pa.BinaryArray) -> Iterator[Packed]:
    """Compressed pieces of ``values``, in order, each within MESSAGES and BYTES (a longer message stands alone)."""
    if len(values) == 0:
        return
    offsets = np.frombuffer(values.buffers()[1], np.int32, len(values) + 1, values.offset * 4)
    bodies = values.buffers()[2]
    start = 0
    while start < len(values):
        fitting = int(np.searchsorted(offsets, int(offsets[start]) + BYTES, side="right")) - 1
        end = min(max(fitting, start + 1), start + MESSAGES, len(values))
        low, high = int(offsets[start]), int(offsets[end])
        head = (offsets[start : end + 1] - np.int32(low)).tobytes()
        raw = b"".join((head, memoryview(bodies)[low:high] if high > low else b""))
        yield Packed(end - start, len(raw), _codec().compress(raw, asbytes=True))
        start = end


def messages(offsets: Offsets, bodies: pa.Buffer, start: int, end: int) -> list[bytes]:
    """Messages ``start`` up to ``end`` (counted within the chunk)."""
    array = pa.BinaryArray.from_buffers(pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), bodies])
    found: list[bytes] = array.slice(start, end - start).to_pylist()
    return found


def _codec() -> pa.Codec:
    return pa.Codec("zstd", compression_level=LEVEL)
