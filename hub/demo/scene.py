"""What every department's generator is given: where to write, which days, how much, and the same dice every time."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.demo.truth import Truth

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Scene:
    """One run of the generator. ``later`` writes the systems as they stand some weeks after the first pull."""

    systems: Path
    days: tuple[date, ...]
    scale: float
    seed: int
    later: bool
    truth: Truth

    @property
    def months(self) -> list[date]:
        """First days of the months."""
        return [day for day in self.days if day.day == 1]

    @property
    def quarters(self) -> list[date]:
        """First days of the quarters that begin within the span; the first month's quarter always."""
        starts = [month.replace(month=(month.month - 1) // 3 * 3 + 1) for month in self.months]
        return sorted(set(starts))

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.days[-1] + timedelta(days=1)

    def rng(self, name: str) -> random.Random:
        """Dice of their own for each system: a change in one leaves the others as they were."""
        return random.Random(f"{self.seed}/{name}")  # noqa: S311 - made-up data, no secrets

    def count(self, full: int) -> int:
        """How many of ``full`` things there are at this scale; at least one."""
        return max(1, round(full * self.scale))

    def folder(self, department: str) -> Path:
        """The folder of a department's systems."""
        path = self.systems / department
        path.mkdir(parents=True, exist_ok=True)
        return path


def settle(path: Path, day: date, hour: int = 6) -> None:
    """Set a file's modification time: what a hub goes by when a source declares no version."""
    when = datetime.combine(day, time(hour), SHANGHAI).timestamp()
    os.utime(path, (when, when))


def period(day: date) -> str:
    """The ledger's month of ``day``."""
    return f"{day.year:04d}-{day.month:02d}"


def spread(rng: random.Random, count: int, rates: Mapping[str, float]) -> dict[int, str]:
    """Which of ``count`` records has which fault: each fault at its rate and at least once, while records last."""
    names = [name for name, rate in rates.items() for _ in range(max(1, round(count * rate)))]
    return dict(zip(rng.sample(range(count), min(count, len(names))), names, strict=False))
