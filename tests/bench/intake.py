"""Records → mapped, checked, events with evidence, journal acknowledged; and the same source again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import hub.events.columns
import hub.intake.appending
import hub.intake.stating
from hub.intake.engine import Engine
from hub.intake.placing import Placing
from hub.intake.record import Recorder
from hub.intake.sources.file import FileSource
from hub.intake.sources.sql_read import SqlRead
from hub.journal.embedded import EmbeddedJournal
from tests.bench import data, plain
from tests.bench.hub_folder import HubFolder
from tests.bench.result import Row, stages
from tests.bench.stopwatch import Places, Stopwatch

STAGES: Places = {
    "read": [(FileSource, "found"), (FileSource, "read"), (SqlRead, "rows"), (SqlRead, "rows_since"),
             (SqlRead, "count"), (SqlRead, "duplicated_keys")],
    "identity": [(Recorder, "records"), (Recorder, "key_hashes")],
    "place": [(Placing, "place")],
    "map": [(Engine, "mapped"), (hub.intake.stating, "events")],
    "encode": [(hub.events.columns, "encode")],
    "append": [(EmbeddedJournal, "append")],
    "remember": [(hub.intake.appending, name) for name in ("statements", "fold_statements", "fold_quarantine", "fold_act")],
}  # fmt: skip
"""identity: evidence, hash and source key; place: compared with what is known, and its pair; map: all fields, checks,
masses and ids of an event; remember: the cache of what is known. The encoder and the journal's compression work on
threads of their own, which are in ``other``."""
PLAIN_MOST = 100_000
FLOOR, GOAL, AGAIN_FLOOR, AGAIN_GOAL = 75_000, 130_000, 150_000, 250_000


@dataclass(frozen=True)
class _Source:
    """One of the two: how the hub's folder is made, how the plain way reads it, and how it comes again."""

    name: str
    make: Callable[[Path, int], HubFolder]
    plainly: Callable[[HubFolder, Path, int], tuple[float, int]]
    resend: Callable[[HubFolder], None]
    compare: bool


def intake(folder: Path, rows: int) -> Iterator[Row]:
    """The rates of a file and of a table, fresh and again, and of their stages; the plain way beside them."""
    for source in SOURCES:
        home = source.make(folder / source.name, rows)
        known = folder / f"{source.name}-plain.db"
        yield from _once(f"intake.{source.name}", source, home, known, rows, fresh=True)
        source.resend(home)
        yield from _once(f"again.{source.name}", source, home, known, rows, fresh=False)
        shutil.rmtree(home.folder)
        known.unlink()


def _once(name: str, source: _Source, home: HubFolder, known: Path, rows: int, *, fresh: bool) -> Iterator[Row]:
    watch = Stopwatch()
    with watch.over(STAGES):
        seconds, done = home.pulled(compare=source.compare and not fresh)
    expected = rows - data.faulty(rows) if fresh else 0
    if (done.read, done.events) != (rows, expected):
        raise AssertionError(f"{name}: {done}, expected {expected} events")
    plain_seconds, plain_rows = source.plainly(home, known, min(rows, PLAIN_MOST))
    floor, goal = (FLOOR, GOAL) if fresh else (AGAIN_FLOOR, AGAIN_GOAL)
    times = {"ratio_floor": 10, "ratio_goal": 20} if fresh else {}
    yield Row(name, rows / seconds, "records/s", rows, plain_rows / plain_seconds, floor, goal,
              {"seconds": round(seconds, 3), "baseline_rows": plain_rows, "cpu_s": round(watch.cpu, 3),
               **times})
    yield from stages(name, watch, rows)


def _plain_file(home: HubFolder, known: Path, rows: int) -> tuple[float, int]:
    part = home.folder / "part.csv"
    with home.csv.open("rb") as whole, part.open("wb") as out:
        out.writelines(islice((line for line in whole if line.strip()), rows + 1))
    return plain.intake_plain(part, known)


def _plain_table(home: HubFolder, known: Path, rows: int) -> tuple[float, int]:
    return plain.intake_plain_table(home.source, f"{data.TABLE} LIMIT {rows}", known)


def _resend_file(home: HubFolder) -> None:
    """The same lines and one empty one: other bytes, so that every row is compared."""
    before = os.stat(home.csv)
    with home.csv.open("ab") as out:
        out.write(b"\r\n")
    os.utime(home.csv, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))


SOURCES = (
    _Source("csv", HubFolder.with_file, _plain_file, _resend_file, compare=False),
    _Source("table", HubFolder.with_table, _plain_table, lambda _: None, compare=True),
)
