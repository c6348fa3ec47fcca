"""How long a row that a department commits takes into ``flows_v1``, while ``wastehub run`` looks twice a second."""

from __future__ import annotations

import math
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hub.events.calendar import SHANGHAI
from tests.bench import data
from tests.bench.hub_folder import HubFolder
from tests.bench.result import Row
from tests.bench.shell import FULL, command, environment

MOST, FEWEST = 60, 3
STANDING = 20_000
"""Rows that the source and the ledger have before, at most."""
LONGEST_SECONDS, LOOK_SECONDS = 60.0, 0.003
_INSERT = f"INSERT INTO {data.TABLE} VALUES ({', '.join('?' * len(data.COLUMNS))})"


def latency(folder: Path, rows: int) -> Iterator[Row]:
    """p50 and p99 milliseconds over up to 60 rows, each committed once the one before is seen."""
    home = HubFolder.with_table(folder / "live", min(rows, STANDING), data.LIVE_CONNECTOR)
    yield from followed("latency", home, lambda: _entries(home.store), rows)
    shutil.rmtree(home.folder)


def followed(name: str, home: HubFolder, entries: Callable[[], int], rows: int) -> Iterator[Row]:
    """The same of any hub with the live connector. ``entries``: how many are in ``flows_v1``."""
    standing = min(rows, STANDING)
    count = max(MOST * rows // FULL, FEWEST) if rows < FULL else MOST
    with _running(home), closing(sqlite3.connect(home.source, isolation_level=None)) as source:
        expected = standing - data.faulty(standing)
        _seen(home, entries, expected)
        found = []
        for number in range(count):
            # Off the beat of the puller: 37 ms further on in its half second with every row.
            time.sleep(0.037 * (number % 13))
            source.execute(_INSERT, data.row_now(number, datetime.now(UTC).astimezone(SHANGHAI).replace(tzinfo=None)))
            committed = time.perf_counter()
            _seen(home, entries, expected + number + 1)
            found.append(1000 * (time.perf_counter() - committed))
    more = {"every": "500ms", "standing_rows": standing, "slowest": round(max(found), 1)}
    yield Row(f"{name}.p50", _percentile(found, 50), "ms", count, more=more)
    yield Row(f"{name}.p99", _percentile(found, 99), "ms", count, None, 3000, 1000, more)


@contextmanager
def _running(home: HubFolder) -> Iterator[None]:
    with (home.folder / "run.log").open("wb") as out:
        process = subprocess.Popen(command("-C", str(home.folder), "run"), stdout=out, stderr=out, env=environment())
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _seen(home: HubFolder, entries: Callable[[], int], wanted: int) -> None:
    """Returns once the ledger has so many."""
    until = time.perf_counter() + LONGEST_SECONDS
    while (found := entries()) < wanted:
        if time.perf_counter() > until:
            log = (home.folder / "run.log").read_text(encoding="utf-8")
            raise AssertionError(f"{found} of {wanted} entries after {LONGEST_SECONDS} s\n{log[-3000:]}")
        time.sleep(LOOK_SECONDS)


def _entries(store: Path) -> int:
    if not store.exists():
        return 0
    with closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        made = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'flows_v1'").fetchone()
        return connection.execute("SELECT coalesce(sum(entries), 0) FROM flows_v1").fetchone()[0] if made else 0


def _percentile(found: Sequence[float], percent: int) -> float:
    """The smallest that so many percent do not exceed."""
    return sorted(found)[math.ceil(len(found) * percent / 100) - 1]
