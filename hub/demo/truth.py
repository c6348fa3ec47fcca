"""What the ledger must say in the end, counted while the systems are written and never read back from them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

#: Whose report is booked where two departments report the same tonnes: (stream, kind) -> department.
AUTHORITY = {
    ("recyclable", "COLLECTED"): "commerce",
    ("hazardous", "COLLECTED"): "environment",
}


class Flow(NamedTuple):
    """The key of a line of ``flows_v1``, without ``booked``."""

    period: str
    region: str
    stream: str
    scheme: str
    code: str
    kind: str
    department: str


COLUMNS = (*Flow._fields, "booked", "mass_g", "count", "entries")
Row = tuple[str, str, str, str, str, str, str, int, int, int, int]


def _booked(flow: Flow) -> bool:
    return AUTHORITY.get((flow.stream, flow.kind), flow.department) == flow.department


@dataclass
class Truth:
    """Sums of what stands, and what does not stand.

    ``quarantined`` counts the open records by (connector, error), each bad record under one error; ``retracted``
    the entities that were stated once and then withdrawn; ``records`` the rows in all systems, re-sent ones too.
    """

    quarantined: Counter[tuple[str, str]] = field(default_factory=Counter)
    retracted: int = 0
    records: int = 0
    _sums: dict[Flow, list[int]] = field(default_factory=dict)

    def add(self, flow: Flow, mass_g: int, count: int | None = None) -> None:
        """One entry that stands."""
        sums = self._sums.get(flow)
        if sums is None:
            sums = self._sums[flow] = [0, 0, 0]
        sums[0] += mass_g
        sums[1] += count or 0
        sums[2] += 1

    def rows(self) -> list[Row]:
        """The lines of ``flows_v1``, sorted by key."""
        return [
            (*flow, int(_booked(flow)), mass, count, entries)
            for flow, (mass, count, entries) in sorted(self._sums.items())
        ]

    def write(self, folder: Path) -> None:
        """truth.csv (the lines) and truth.json (the rest) in ``folder``."""
        with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(self.rows())
        quarantined = [
            {"connector": connector, "error": error, "records": count}
            for (connector, error), count in sorted(self.quarantined.items())
        ]
        rest = {"records": self.records, "retracted": self.retracted, "quarantined": quarantined}
        (folder / "truth.json").write_text(json.dumps(rest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
