"""Values that no mapping can take, and the error each must be set aside with."""

from __future__ import annotations

from dataclasses import dataclass

UNMAPPED = "CODE_UNMAPPED"
CLASS_UNKNOWN = "CODE_CLASS_UNKNOWN"
REPLACED = "REGION_REPLACED"
NUMBER = "NUMBER_UNREADABLE"
TIME = "TIME_UNREADABLE"
NEGATIVE = "MASS_NEGATIVE"
MISSING = "FIELD_MISSING"
UNIT = "UNIT_UNKNOWN"
CHECK = "CHECK_FAILED"


@dataclass(frozen=True)
class Bad:
    """Columns of a record overwritten, so that it must be set aside with ``error`` and none else."""

    changes: dict[str, str | None]
    error: str
    rate: float

    def spoil(self, row: dict[str, str | None]) -> dict[str, str | None]:
        """The record with its fault."""
        return row | self.changes
