"""What a person waits for: the demo city, the command's start, the ledger on the terminal."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.result import Row

FULL = 500_000
"""With so many rows asked for, the demo city has its full size."""
TIMES = 9


def shell(folder: Path, rows: int) -> Iterator[Row]:
    """Seconds of a fresh demo city; the median milliseconds of ``--help`` and of its ``ledger``, whole processes."""
    city, scale = folder / "city", min(max(rows / FULL, 0.01), 1.0)
    seconds = _command("demo", str(city), "--no-serve", "--scale", str(scale))
    yield Row("demo", seconds, "s", None, None, 60, None, {"scale": scale})
    for name, words, floor, goal in (("help", ("--help",), 150, 80), ("ledger", ("-C", str(city), "ledger"), 600, 250)):
        found = [1000 * _command(*words) for _ in range(TIMES if rows >= FULL else 1)]
        yield Row(name, statistics.median(found), "ms", None, None, floor, goal, {"slowest": round(max(found), 1)})
    shutil.rmtree(city)


def command(*words: str) -> list[str]:
    """How ``wastehub`` is started: the installed script, as a person would."""
    script = Path(sys.executable).with_name("wastehub")
    return [str(script), *words] if script.exists() else [sys.executable, "-m", "hub.cli", *words]


def environment() -> dict[str, str]:
    """Without what would change the hub's configuration or language."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("WASTEHUB_", "LC_", "LANG"))}


def _command(*words: str) -> float:
    begun = time.perf_counter()
    done = subprocess.run(command(*words), capture_output=True, check=False, env=environment())
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise AssertionError(f"{done.args}: {done.returncode}\n{done.stderr.decode()[-3000:]}")
    return seconds
