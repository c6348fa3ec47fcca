"""A source: where a connector's records are read. What every implementation promises.

Everything is text: a source delivers each column as ``string`` (or null), never guessed types, so that the mapping,
the inline tests and the evidence see the same. Native values of databases and sheets are rendered once, here:
integers plain, decimals as the source writes them, times ISO (``2026-03-01 08:05:00``, zone kept), dates ISO,
booleans true/false, binary as hex, nested JSON as canonical JSON. Nothing is trimmed and nothing is dropped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Whole:
    """SHA-256 (hex) and length in bytes of a piece of input, as it stood there."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Unreadable:
    """A piece of input that is no record: kept raw, with a stable error name and what was found there.

    ``raw`` is UTF-8, but for bytes that are none in the file either. Where it is not the whole of it as it stood there
    (told from another encoding, only its head, or withheld), ``whole`` is what the whole was.
    """

    line: int | None
    raw: bytes
    error: str
    found: str
    whole: Whole | None = None


@dataclass(frozen=True)
class Batch:
    """Some rows of a source, in its order.

    ``rows`` has string columns only; ``lines`` (int64, same length) says where each stands: the line or sheet row
    counted from 1 in a file, a running number in a table. ``cursor`` is opaque text: where a later read may go on
    after this batch (None: the source has none, or it did not move).
    """

    rows: pa.Table
    lines: pa.Int64Array
    unreadable: tuple[Unreadable, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True)
class FileFound:
    """A file that holds still: its path relative to the hub, its SHA-256, size in bytes and modification time in µs."""

    path: str
    sha256: str
    size: int
    modified_us: int

    @property
    def name(self) -> str:
        """The path as text that can be written down, whatever bytes a department's system named it with."""
        return path_text(self.path)


def path_text(path: str) -> str:
    """A path of the system as text: bytes that are no UTF-8 are GB18030 (an old archive's names) or shown as ``\\xff``."""
    raw = os.fsencode(path)
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")


Batches = Iterator[Batch]
