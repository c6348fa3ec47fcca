"""The made-up city: one call writes every department's system and says what the ledger must show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from hub.demo import agriculture, construction, domestic, hazardous, industrial, renewables
from hub.demo.scene import Scene
from hub.demo.truth import Truth

#: Who writes which systems; a system is named by its connector.
WRITERS: tuple[tuple[Callable[[Scene], None], tuple[str, ...]], ...] = (
    (domestic.write, ("urban_management/domestic_weighbridge",)),
    (hazardous.write, ("environment/hazardous_generation", "environment/manifests")),
    (industrial.write, ("environment/industrial_ledger",)),
    (construction.write, ("housing/construction_dispatch", "housing/construction_receipt")),
    (agriculture.write, ("agriculture/quarterly_returns",)),
    (renewables.write, ("commerce/renewables_monthly",)),
)
START = date(2025, 1, 1)


def generate(
    folder: Path,
    months: int = 12,
    scale: float = 1.0,
    *,
    seed: int = 2026,
    start: date = START,
    progress: Callable[[str], None] | None = None,
) -> Truth:
    """Write the systems under ``folder``/systems, and truth.csv and truth.json beside them.

    ``start`` is the first of a month. The same arguments write the same bytes and modification times; at scale 1
    twelve months are about 200,000 records. ``progress`` is told each system's name before it is written.
    """
    return _write(folder, _span(start, months), scale, seed, later=False, progress=progress)


def generate_changes(
    folder: Path, months: int = 12, scale: float = 1.0, *, seed: int = 2026, start: date = START
) -> Truth:
    """The same systems some weeks on: corrections, cancellations, hard deletes and re-sent files; and the new truth.

    Takes the arguments that :func:`generate` was given; whatever did not change is written as it was.
    """
    return _write(folder, _span(start, months), scale, seed, later=True, progress=None)


def _span(start: date, months: int) -> tuple[date, ...]:
    end = date(start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1, 1)
    return tuple(start + timedelta(days=i) for i in range((end - start).days))


def _write(
    folder: Path, days: tuple[date, ...], scale: float, seed: int,
    *, later: bool, progress: Callable[[str], None] | None,
) -> Truth:
    truth = Truth()
    scene = Scene(folder / "systems", days, scale, seed, later, truth)
    for write, names in WRITERS:
        if progress is not None:
            progress(names[0])
        write(scene)
    truth.write(folder)
    return truth
