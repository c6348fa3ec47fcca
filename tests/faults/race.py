"""Schedules over several workers, each a fresh process that imports once and forks for every command."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.faults.parts import Pair
from tests.faults.schedule import Found, many


def race(
    seeds: Iterable[int], folder: Path, workers: int, pairs: Sequence[Pair], until: float | None = None
) -> list[Found]:
    """Every schedule, in the order of its seed; none begun after ``until`` (time.time()).

    Spawned, not forked: a worker starts without threads of its parent. Each has its own servers, so that nobody else
    is hit when one is killed."""
    wanted = list(seeds)
    shares = [share for share in (_share(wanted, pairs, number, workers) for number in range(workers)) if share]
    pool = multiprocessing.get_context("spawn").Pool(workers)
    try:
        found = pool.starmap(many, [(share, folder, pairs, until) for share in shares], chunksize=1)
    finally:
        pool.close()
        pool.join()
    return sorted((one for some in found for one in some), key=lambda one: one.seed)


def _share(wanted: Sequence[int], pairs: Sequence[Pair], number: int, workers: int) -> list[int]:
    """Whole rounds over the pairs, so that every worker has some of each."""
    return [seed for place, seed in enumerate(wanted) if place // len(pairs) % workers == number]
