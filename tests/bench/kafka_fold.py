"""Kafka → decoded → folded → ledger in PostgreSQL: the hub, the plain way and the rival, one after another."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa

from hub.journal.kafka import KafkaJournal
from hub.projector import postgres_entries
from hub.projector.linear import Linear
from hub.projector.postgres_database import Database
from hub.projector.project import project_once
from tests.bench import data
from tests.bench.folding import FOLD_STAGES, hold
from tests.bench.hub_folder import HubFolder, ledger
from tests.bench.intake import PLAIN_MOST
from tests.bench.kafka_plain import flows, fold_plain_kafka
from tests.bench.kafka_projectors import projected
from tests.bench.kafka_rival import Found, rival
from tests.bench.kafka_servers import Servers, servers
from tests.bench.plain_tables import FLOW_KEYS
from tests.bench.result import TIMES, Row, stages
from tests.bench.stopwatch import Places, Stopwatch

READING: Places = {"read": [(KafkaJournal, "read")], "decode": FOLD_STAGES["decode"], "shape": FOLD_STAGES["shape"]}
WRITING: Places = {"write": [(Database, name) for name in ("execute", "query", "copy_in", "copy_out")]}
STAGES: Places = {
    **READING,
    "fold": [(postgres_entries, "fold"), (Linear, "sums")],
    "prepare": [(postgres_entries, "written"), (postgres_entries, "copied")],
    **WRITING,
}
"""shape, fold, write: as with the embedded parts; prepare: rows as they are sent. librdkafka's own threads, DuckDB's and
those that check and decompress are in none of them: see ``other``. The servers' processes are not counted."""
Flows = Mapping[tuple[str, ...], tuple[int, ...]]
"""The lines of a ledger: FLOW_KEYS → mass_g, count, entries."""
_SHORT = 50_000
"""Of so few events no rate is compared."""
FLOOR, GOAL = 50_000, 120_000
OVER_PLAIN, OVER_RIVAL = (4, 8), (1.5, 3)
"""Floor and goal of the ratios to the plain way and to the rival."""


def kafka_fold(folder: Path, rows: int) -> Iterator[Row]:
    """The rates of all three into a fresh database each, on servers that have done the same once before: who came first
    would else pay for their first files."""
    with servers() as parts:
        home = HubFolder.with_table(folder / "kafka-fold", rows)
        events, topic = rows - data.faulty(rows), "fold.events"
        with parts.database("warm") as url:
            home.move(parts.journal("fold"), parts.store(url))
            home.pulled()
            projected(home, 1)
        with parts.database("ledger") as url:
            home.move(parts.journal("fold"), parts.store(url))
            watch = _hub(home, events)
            hubs = _flows(url)
        rate = events / watch.wall
        plain, plain_events, sums = _plain(parts, topic, events)
        other = _rival(parts, topic, events, folder)
        if other.flows != hubs or (plain_events == events and sums != hubs):
            raise AssertionError("the three ledgers are not the same")
        more = {"seconds": round(watch.wall, 3), "baseline_rows": plain_events, "cpu_s": round(watch.cpu, 3)}
        yield Row("kafka-pg.plain", plain, "events/s", plain_events)
        yield Row("kafka-pg.rival", other.rate, "events/s", events, more={"read_s": round(other.read, 3)})
        yield Row("kafka-pg.fold", rate, "events/s", events, plain, FLOOR, GOAL, more)
        yield from stages("kafka-pg.fold", watch, events)
        yield Row("kafka-pg.fold.over-plain", rate / plain, TIMES, None, None, *OVER_PLAIN)
        yield Row("kafka-pg.fold.over-rival", rate / other.rate, TIMES, None, None, *OVER_RIVAL)
        shutil.rmtree(home.folder)


def _hub(home: HubFolder, events: int) -> Stopwatch:
    watch = Stopwatch()
    with home.journal() as journal, home.opened_store() as store, watch.over(STAGES):
        report = project_once(journal, store, ledger(), home.locks)
    hold(report, events)
    return watch


def _plain(parts: Servers, topic: str, events: int) -> tuple[float, int, Flows]:
    with parts.database("plain") as url:
        seconds, done = fold_plain_kafka(parts.bootstrap, topic, url, min(events, PLAIN_MOST))
        return done / seconds, done, flows(url)


def _rival(parts: Servers, topic: str, events: int, folder: Path) -> Found:
    """The faster of one and two tasks: which it is differs by the machine and the day."""
    runs = []
    for tasks in (1, 2) if events > _SHORT else (2,):
        with parts.database(f"rival{tasks}") as url:
            runs.append(rival(parts.bootstrap, topic, url, events, folder / f"rival{tasks}", tasks))
    return max(runs, key=lambda run: run.rate)


def _flows(url: str) -> Flows:
    """The hub's lines, as the plain way's and the rival's."""
    engine = sa.create_engine(url)
    names = ", ".join((*FLOW_KEYS, "mass_g", '"count"', "entries"))
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT {names} FROM hub.flows_v1").all()
    engine.dispose()
    return {tuple(row)[:7]: tuple(row)[7:] for row in found}
