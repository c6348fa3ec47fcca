"""How long a row that a department commits takes into ``flows_v1`` by way of Kafka and PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.bench import data
from tests.bench.hub_folder import HubFolder
from tests.bench.kafka_servers import servers
from tests.bench.latency import STANDING, followed
from tests.bench.result import Row


def kafka_latency(folder: Path, rows: int) -> Iterator[Row]:
    """p50 and p99 milliseconds, measured as with the embedded parts."""
    with servers() as parts, parts.database("ledger") as url:
        home = HubFolder.with_table(folder / "live", min(rows, STANDING), data.LIVE_CONNECTOR)
        home.move(parts.journal("live"), parts.store(url))
        with psycopg.connect(parts.store(url), autocommit=True) as looking:
            yield from followed("kafka-pg.latency", home, lambda: _entries(looking), rows)
        shutil.rmtree(home.folder)


def _entries(looking: psycopg.Connection[tuple[int]]) -> int:
    """In flows_v1; 0 while there is none."""
    try:
        found = looking.execute("SELECT coalesce(sum(entries), 0) FROM hub.flows_v1").fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return 0
    return int(found[0]) if found else 0
