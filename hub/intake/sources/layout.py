"""From header rows to column names, and which of them the connector drops.

Rules, in this order: line breaks inside a name are taken out, spaces around it too; of several header rows an empty
cell of an upper row takes the text to its left (a merged cell), and a column is named ``upper.lower``, or by the one
that is not empty, or just once where both say the same; a column without any name is ``column_7`` (its number from
1); a name that was there already (upper and lower case count as equal) gets ``_2``, ``_3`` …. The drop list compares
names before such a number is added, so that both of two equal columns go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.errors import SetAside

COLUMNS_MAX = 4096
DROPPED_MISSING = "DROPPED_MISSING"
"""No refusal of a file but of the connector: a personal column that is not there may have come under another name."""


class FileUnusable(SetAside):
    """A whole file holds no record that can be read; ``error`` is the stable name, ``found`` what was found."""

    def __init__(self, error: str, found: str) -> None:
        super().__init__("{error}: {found}", error=error, found=found)
        self.error = error
        self.found = found


@dataclass(frozen=True)
class Columns:
    """The columns of a source: unique ``names`` of all, and the indices (``kept``) of those that may be delivered."""

    names: tuple[str, ...]
    kept: tuple[int, ...]

    @property
    def delivered(self) -> tuple[str, ...]:
        """Names of the columns that leave the source."""
        return tuple(self.names[index] for index in self.kept)


def columns_of(header: Sequence[str], drop: Sequence[str] = ()) -> Columns:
    """Name the columns of a (merged) header. FileUnusable NO_HEADER, TOO_MANY_COLUMNS, DROPPED_MISSING."""
    if len(header) > COLUMNS_MAX:
        raise FileUnusable("TOO_MANY_COLUMNS", f"{len(header)} columns, {COLUMNS_MAX} at most")
    cleaned = [clean_name(name) for name in header]
    if not any(cleaned):
        raise FileUnusable("NO_HEADER", "the header row has no name in it")
    dropped = {name.casefold() for name in drop}
    there = {name.casefold() for name in cleaned}
    missing = [name for name in drop if name.casefold() not in there]
    if missing:
        raise FileUnusable(DROPPED_MISSING, ", ".join(missing))
    kept = tuple(i for i, name in enumerate(cleaned) if name.casefold() not in dropped)
    namer = Namer()
    return Columns(tuple(namer.name(name or f"column_{i + 1}") for i, name in enumerate(cleaned)), kept)


def clean_name(name: str) -> str:
    """A column name without line breaks and surrounding spaces."""
    return "".join(name.replace("\ufeff", "").splitlines()).strip()


def merge_header(rows: Sequence[Sequence[str]], *, fill_right: bool = True) -> list[str]:
    """Several header rows as one. ``fill_right`` is False where merged cells were filled in already."""
    width = max(map(len, rows), default=0)
    merged = [""] * width
    for depth, row in enumerate(rows):
        cells = [clean_name(cell) for cell in row] + [""] * (width - len(row))
        if fill_right and depth < len(rows) - 1:
            for i in range(1, width):
                cells[i] = cells[i] or cells[i - 1]
        merged = [_joined(upper, lower) for upper, lower in zip(merged, cells, strict=True)]
    return merged


def _joined(upper: str, lower: str) -> str:
    if not upper or not lower or upper == lower:
        return upper or lower
    return upper if upper.endswith(f".{lower}") else f"{upper}.{lower}"


class Namer:
    """Gives every name once; engines fold case, so ``a`` and ``A`` count as equal."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, wanted: str) -> str:
        """``wanted``, or with the next free number behind it."""
        name, number = wanted, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name.casefold())
        return name
