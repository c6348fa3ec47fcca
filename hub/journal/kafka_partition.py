"""Key → partition as Kafka's own Java client has it: murmur2 of the key's bytes. For whole columns at once.

The hub says the partition itself instead of leaving it to a client: then there is one rule, whatever client is used.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hub.journal.port import Int64s

_SEED: Final = 0x9747B28C
_M: Final = np.uint32(0x5BD1E995)
_R: Final = np.uint32(24)
_POSITIVE: Final = np.uint32(0x7FFFFFFF)

Hashes = npt.NDArray[np.uint32]


def partitions_of(keys: pa.StringArray, count: int) -> Int64s:
    """The partition, of ``count``, of each key (none null)."""
    return ((murmur2(keys) & _POSITIVE) % np.uint32(count)).astype(np.int64)


def murmur2(keys: pa.StringArray) -> Hashes:
    """The hash of each key's UTF-8 bytes: keys of one length together, as ids are."""
    offsets = np.frombuffer(keys.buffers()[1], np.int32, len(keys) + 1, keys.offset * 4) if len(keys) else np.zeros(1)
    lengths = np.diff(offsets)
    hashes = np.empty(len(keys), np.uint32)
    bodies = keys.buffers()[2] if len(keys) else None
    all_bytes = np.frombuffer(bodies, np.uint8) if bodies is not None else np.empty(0, np.uint8)
    for length in np.unique(lengths).tolist():
        which = np.flatnonzero(lengths == length)
        hashes[which] = _of_one_length(all_bytes[offsets[which, None] + np.arange(length)], length)
    return hashes


def _of_one_length(rows: npt.NDArray[np.uint8], length: int) -> Hashes:
    whole = length // 4
    words = np.ascontiguousarray(rows[:, : whole * 4]).view("<u4")
    found: Hashes = np.full(len(rows), _SEED ^ length, np.uint32)
    for at in range(whole):
        word = words[:, at] * _M
        word ^= word >> _R
        found = (found * _M) ^ (word * _M)
    tail = rows[:, whole * 4 :]
    for at in reversed(range(tail.shape[1])):
        found ^= tail[:, at].astype(np.uint32) << np.uint32(8 * at)
    if tail.shape[1]:
        found *= _M
    found ^= found >> np.uint32(13)
    found *= _M
    found ^= found >> np.uint32(15)
    return found
