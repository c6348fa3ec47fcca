"""What was measured: rows of build/bench.json, and the table that a person reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.stopwatch import Stopwatch

TIMES = "×"
"""The unit of how many times faster one thing is than another: more is better."""


@dataclass(frozen=True)
class Row:
    """One figure. ``baseline``: the plain way's, in the same run on the same data; ``ratio``: how many times better.

    ``rows``: how many records or events it was measured on. ``floor`` and ``goal``: what it must and should reach, in
    ``unit``. ``more``: further keys of the JSON.
    """

    name: str
    value: float
    unit: str
    rows: int | None = None
    baseline: float | None = None
    floor: float | None = None
    goal: float | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Over 1 where the hub is better than the plain way."""
        if not self.baseline or not self.value:
            return None
        return self.value / self.baseline if self._more_is_better else self.baseline / self.value

    @property
    def verdict(self) -> str:
        """``goal``, ``floor`` or ``missed``; empty where nothing is asked."""
        if self.floor is None:
            return ""
        asked = {"goal": self.goal, "floor": self.floor}
        return next((name for name, bound in asked.items() if bound is not None and self._reaches(bound)), "missed")

    @property
    def _more_is_better(self) -> bool:
        return self.unit == TIMES or self.unit.endswith("/s")

    def _reaches(self, bound: float) -> bool:
        return self.value >= bound if self._more_is_better else self.value <= bound

    def json(self) -> dict[str, Any]:
        """The row of build/bench.json."""
        return {
            "name": self.name, "value": round(self.value, 3), "unit": self.unit,
            "baseline": _rounded(self.baseline), "ratio": _rounded(self.ratio), "rows": self.rows,
            "floor": self.floor, "goal": self.goal, "verdict": self.verdict or None, **self.more,
        }


def stages(name: str, watch: Stopwatch, rows: int) -> list[Row]:
    """A row per stage: its share of all CPU seconds that were used, and its seconds of CPU and clock."""
    total = watch.cpu or 1.0
    found = [
        Row(f"{name}/{stage}", 100 * spent.cpu / total, "% of cpu", rows,
            more={"cpu_s": round(spent.cpu, 3), "wall_s": round(spent.wall, 3)})
        for stage, spent in watch.stages.items()
    ]
    other = Row(f"{name}/other", 100 * watch.other() / total, "% of cpu", rows,
                more={"cpu_s": round(watch.other(), 3), "wall_s": None})
    return [*found, other]


def write(rows: Iterable[Row], path: Path) -> None:
    """Write the JSON."""
    text = json.dumps([row.json() for row in rows], ensure_ascii=False, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def table(rows: Sequence[Row]) -> str:
    """The rows in columns, stages indented under what they are stages of."""
    heads = ("", "value", "unit", "plain way", "ratio", "floor", "goal", "", "rows")
    lines = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 2, 7) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    label = "    " + row.name.partition("/")[2] if "/" in row.name else row.name
    seconds = f"{row.more['cpu_s']} s" if "cpu_s" in row.more else ""
    ratio = "" if row.ratio is None else f"{row.ratio:.1f}×"
    plain = seconds if row.baseline is None else _number(row.baseline)
    return (
        label, _number(row.value), row.unit, plain, ratio, _number(row.floor), _number(row.goal), row.verdict,
        "" if row.rows is None else f"{row.rows:,}",
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
