"""Reading a file that a test writes: put it down, let it be old enough, read it whole."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.intake.sources.file import FileSource
from hub.intake.sources.port import Batch, Unreadable


@dataclass(frozen=True)
class Read:
    """All batches of a file as plain values."""

    batches: list[Batch]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every row, in order, without its NULLs."""
        return [
            {name: value for name, value in row.items() if value is not None}
            for batch in self.batches
            for row in batch.rows.to_pylist()
        ]

    @property
    def lines(self) -> list[int]:
        """The line of every row."""
        return [line for batch in self.batches for line in batch.lines.to_pylist()]

    @property
    def unreadable(self) -> list[Unreadable]:
        """Every piece that is no record."""
        return [bad for batch in self.batches for bad in batch.unreadable]

    @property
    def errors(self) -> list[tuple[int | None, str]]:
        """Where, and what."""
        return [(bad.line, bad.error) for bad in self.unreadable]


def put(folder: Path, name: str, content: bytes, age: float = 60.0) -> Path:
    """Write a file last changed ``age`` seconds ago."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    settle(path, age)
    return path


def settle(path: Path, age: float = 60.0) -> None:
    """As if last changed ``age`` seconds ago."""
    then = time.time() - age
    os.utime(path, (then, then))


def read(folder: Path, name: str, content: bytes | None = None, *, rows: int = 50_000, **layout: Any) -> Read:
    """The records of one file, written first where ``content`` is given."""
    if content is not None:
        put(folder, name, content)
    source = FileSource(folder, name, **layout)
    (file,) = source.found().files
    return Read(list(source.read(file, rows)))
