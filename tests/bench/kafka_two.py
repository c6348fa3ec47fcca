"""Two projectors that share the partitions, in processes of their own, and one: of so many events that their start
counts little."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.bench import data
from tests.bench.folding import copy
from tests.bench.hub_folder import HubFolder
from tests.bench.kafka_projectors import projected
from tests.bench.kafka_servers import servers
from tests.bench.result import TIMES, Row

COPIES = 5
"""Events for each record of the source."""
TWO = (1.2, 1.5)
"""Floor and goal of the ratio of two to one."""


def kafka_two(folder: Path, rows: int) -> Iterator[Row]:
    """The rate of one, and that of two over it; each into a fresh database."""
    home = HubFolder.with_table(folder / "two", rows)
    home.pulled()
    events, rates = COPIES * (rows - data.faulty(rows)), []
    with servers() as parts, home.embedded_journal() as source:
        with parts.database("none") as url:
            home.move(parts.journal("two"), parts.store(url))
            with home.journal() as journal:
                copy(source, journal, range(COPIES))
        for name, count in (("warm", 1), ("one", 1), ("two", 2)):
            with parts.database(name) as url:
                home.move(parts.journal("two"), parts.store(url))
                done = projected(home, count)
            applied = max(row["applied"] for report in done.reports for row in report["projections"])
            if applied != events:
                raise AssertionError(f"{done.reports}, expected {events} events")
            rates.append(events / done.seconds)
    yield Row("kafka-pg.one", rates[1], "events/s", events)
    yield Row("kafka-pg.two", rates[2] / rates[1], TIMES, events, None, *TWO, {"rates": [round(x) for x in rates[1:]]})
    shutil.rmtree(home.folder)
