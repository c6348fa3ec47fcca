"""A ledger of millions: rebuilt from Kafka by DuckDB into PostgreSQL, and what is folded onto it then."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import hub.projector.postgres_rebuild
from hub.projector.rebuild import rebuild
from tests.bench import data
from tests.bench.folding import REBUILD_STAGES, copy, hold
from tests.bench.hub_folder import HubFolder, ledger
from tests.bench.kafka_fold import READING, WRITING
from tests.bench.kafka_projectors import projected
from tests.bench.kafka_servers import servers
from tests.bench.result import TIMES, Row, stages
from tests.bench.stopwatch import Places, Stopwatch

STAGES: Places = {
    **READING,
    "shape": REBUILD_STAGES["shape"],
    "fold": REBUILD_STAGES["fold"],
    "prepare": [(hub.projector.postgres_rebuild.PostgresRebuilding, "ready")],
    **WRITING,
}
COPIES, LARGE = 10, 10_000_000
"""Entries for each record of the source; and how many there are at least where it is about size."""
REBUILD, OVER_LIVE, ONTO, MEMORY_MB = (100_000, 220_000), (8, None), (15_000, 50_000), (700, None)
"""Floor and goal."""


def kafka_rebuild(folder: Path, rows: int) -> Iterator[Row]:
    """The rate of a rebuild of ten events for each of ``rows``, beside the live rate at that size."""
    yield from _grown(folder, rows, COPIES, "", large=False)


def kafka_large(folder: Path, rows: int) -> Iterator[Row]:
    """The live rate onto 10 million entries, and the projector's memory."""
    yield from _grown(folder, rows, -(-LARGE // (rows - data.faulty(rows))), ".10m", large=True)


def _grown(folder: Path, rows: int, copies: int, suffix: str, *, large: bool) -> Iterator[Row]:
    home = HubFolder.with_table(folder / "grown", rows)
    home.pulled()
    fresh = rows - data.faulty(rows)
    events, watch = copies * fresh, Stopwatch()
    with servers() as parts, parts.database("ledger") as url, home.embedded_journal() as source:
        home.move(parts.journal("grown"), parts.store(url))
        with home.journal() as journal, home.opened_store() as store:
            copy(source, journal, range(copies))
            with watch.over(STAGES):
                report = rebuild(journal, store, ledger(), home.locks)
            hold(report, events)
            copy(source, journal, [copies])
        done = projected(home, 1)
        hold(done.reports[0], events + fresh)
    rebuilt, live = events / watch.wall, fresh / done.seconds
    more = {"seconds": round(watch.wall, 3), "cpu_s": round(watch.cpu, 3)}
    onto = {"entries_before": events, "memory_mb": round(done.memory_mb)}
    floor, goal = ONTO if large else (None, None)
    yield Row(f"kafka-pg.rebuild{suffix}", rebuilt, "events/s", events, None, *REBUILD, more)
    yield from stages(f"kafka-pg.rebuild{suffix}", watch, events)
    yield Row(f"kafka-pg.fold{suffix or '.grown'}", live, "events/s", fresh, None, floor, goal, onto)
    yield Row(f"kafka-pg.rebuild{suffix}.over-live", rebuilt / live, TIMES, None, None, *OVER_LIVE)
    if large:
        yield Row(f"kafka-pg.fold{suffix}.memory", done.memory_mb, "MB", fresh, None, *MEMORY_MB)
    shutil.rmtree(home.folder)
