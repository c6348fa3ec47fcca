"""Source → mapped, checked, events with evidence → Kafka, acknowledged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from hub.journal.kafka import KafkaJournal
from tests.bench import data, postgres_source
from tests.bench.hub_folder import HubFolder
from tests.bench.intake import STAGES
from tests.bench.kafka_servers import Servers, servers
from tests.bench.result import Row, stages
from tests.bench.stopwatch import Places, Stopwatch

TO_KAFKA: Places = {**STAGES, "append": [(KafkaJournal, "append")]}
FLOOR, GOAL = 60_000, 110_000
_WARM = 50_000
"""Records for which a broker just started has compiled what it does; JVM start is not counted."""


def kafka_intake(folder: Path, rows: int) -> Iterator[Row]:
    """The rates of a GB18030 CSV file and of a PostgreSQL table, and of their stages."""
    with servers() as parts:
        for _ in _pulled("warm", HubFolder.with_file(folder / "warm", min(rows, _WARM)), parts, min(rows, _WARM)):
            pass
        home = HubFolder.with_file(folder / "csv", rows)
        yield from _pulled("kafka.intake.csv", home, parts, rows)
        with parts.database("source") as url:
            postgres_source.write_table(url, rows)
            home = HubFolder.made(folder / "table", postgres_source.connector(url))
            yield from _pulled("kafka.intake.table", home, parts, rows)


def _pulled(name: str, home: HubFolder, parts: Servers, rows: int) -> Iterator[Row]:
    home.move(parts.journal(name), "sqlite:data/store.db")
    with home.journal():
        pass  # makes the topics, which is done once in a journal's life
    watch = Stopwatch()
    with watch.over(TO_KAFKA):
        seconds, done = home.pulled()
    if (done.read, done.events) != (rows, rows - data.faulty(rows)):
        raise AssertionError(f"{name}: {done}")
    more = {"seconds": round(seconds, 3), "cpu_s": round(watch.cpu, 3)}
    yield Row(name, rows / seconds, "records/s", rows, None, FLOOR, GOAL, more)
    yield from stages(name, watch, rows)
    shutil.rmtree(home.folder)
