"""What a batch of records comes to, and where its rows stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class Coming:
    """So many events, made when they are appended: on that thread, which has less to do than the one that maps."""

    count: int
    make: Callable[[], pa.Table]


@dataclass
class Said:
    """What a batch comes to; ``matched`` counts the rows whose key
    was known to be in the source; ``keyless`` has the ids of its records without a readable key."""

    events: list[Coming] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[tuple[str, int, int, str | None]] = field(default_factory=list)
    alike: list[tuple[str, str, str]] = field(default_factory=list)
    keyless: set[str] = field(default_factory=set)
    read: int = 0
    unchanged: int = 0
    skipped: int = 0
    matched: int = 0

    def event_count(self) -> int:
        """How many events."""
        return sum(coming.count for coming in self.events)

    def tables(self) -> list[pa.Table]:
        """The events, in the schema's columns and ``content``."""
        return [coming.make() for coming in self.events]


@dataclass(frozen=True)
class Origin:
    """Where rows came from: the place as text for a line, and what the source lacks of what the mapping reads."""

    name: str
    missing: frozenset[str] = frozenset()

    def place(self, line: int | None) -> str:
        """``in/a.csv:12``, or the table's name."""
        return self.name if line is None or line < 1 else f"{self.name}:{line}"


@dataclass
class Tally:
    """What a read came to. ``keys``: every key that the source has, batch by batch; ``complete``: all could be read;
    ``keyless``: ids of the records of which none could."""

    read: int = 0
    events: int = 0
    unchanged: int = 0
    skipped: int = 0
    quarantined: int = 0
    matched: int = 0
    complete: bool = True
    keys: list[pa.Array] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)
    keyless: set[str] = field(default_factory=set)
    hashes: list[npt.NDArray[np.uint64]] = field(default_factory=list)

    def include(self, other: Tally) -> None:
        """Count what another read came to."""
        for name in ("read", "events", "unchanged", "skipped", "quarantined"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def add(self, said: Said) -> None:
        """Count what a batch came to."""
        self.read += said.read
        self.events += said.event_count()
        self.unchanged += said.unchanged
        self.skipped += said.skipped
        self.quarantined += len(said.quarantine)
        self.matched += said.matched
        self.keyless |= said.keyless
