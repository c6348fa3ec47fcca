"""Projectors in processes of their own: how long they take together, and the memory of the largest."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from hub.projector.project import project_once
from tests.bench.hub_folder import HubFolder, ledger

STARTED_SECONDS = 120.0


@dataclass(frozen=True)
class Projected:
    """``seconds`` from the moment when all were ready to the end of the last; ``reports`` are what they answered."""

    seconds: float
    memory_mb: float
    reports: list[dict[str, Any]]


def projected(home: HubFolder, count: int) -> Projected:
    """Project to the journal's end with ``count`` processes; their start and their connecting are not counted."""
    spawning = multiprocessing.get_context("spawn")
    together = spawning.Barrier(count + 1)
    with ProcessPoolExecutor(count, spawning, _meet, (together,)) as pool:
        futures = [pool.submit(_project, home) for _ in range(count)]
        together.wait(STARTED_SECONDS)
        begun = time.perf_counter()
        done = [future.result() for future in futures]
        seconds = time.perf_counter() - begun
    return Projected(seconds, max(memory for memory, _ in done), [report for _, report in done])


_together: list[Barrier] = []


def _meet(together: Barrier) -> None:
    _together.append(together)


def _project(home: HubFolder) -> tuple[float, dict[str, Any]]:
    rules = ledger()
    with home.journal() as journal, home.opened_store() as store:
        _together[0].wait(STARTED_SECONDS)
        report = project_once(journal, store, rules, home.locks)
    return _peak_mb(), report


def _peak_mb() -> float:
    """The most that this process has had in memory. (The system's ``ru_maxrss`` has its parent's in it.)"""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("this system does not say how much memory a process had")
