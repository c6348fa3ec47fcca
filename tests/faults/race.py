"""Schedules over several workers, each a fresh process that imports once and forks for every command."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable
from pathlib import Path

from tests.faults.schedule import Found, many

_AT_ONCE = 4


def race(seeds: Iterable[int], folder: Path, workers: int) -> list[Found]:
    """Every schedule, in the order of its seed. Spawned, not forked: a worker starts without threads of its parent."""
    wanted = list(seeds)
    pieces = [wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        found = pool.starmap(many, [(piece, folder) for piece in pieces], chunksize=1)
    return sorted((one for some in found for one in some), key=lambda one: one.seed)
