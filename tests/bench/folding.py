"""Journal → folded → ledger in SQLite; and the whole journal anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

import hub.events.columns
import hub.projector.buckets
import hub.projector.sqlite
from hub.events.schema import FOR_TOPIC
from hub.journal.embedded import EmbeddedJournal
from hub.journal.port import Journal, Outgoing
from hub.projector import messages
from hub.projector.linear import Linear
from hub.projector.newest import Newest
from hub.projector.project import project_once
from hub.projector.rebuild import rebuild
from hub.projector.sqlite_database import Database
from hub.staged import Stages
from tests.bench import data, plain
from tests.bench.hub_folder import HubFolder, ledger
from tests.bench.intake import PLAIN_MOST
from tests.bench.result import Row, stages
from tests.bench.stopwatch import Places, Stopwatch

_READING: Places = {
    "read": [(EmbeddedJournal, "read")],
    "decode": [(hub.events.columns, "decode")],
}
_WRITING: Places = {
    "stage": [(Stages, "write")],
    "write": [(Database, name) for name in ("execute", "write", "rows", "query")],
}
FOLD_STAGES: Places = {
    **_READING,
    "shape": [(messages, "from_events"), (messages, "usable"), (messages, "sources")],
    "fold": [(hub.projector.sqlite, "fold"), (Linear, "sums")],
    **_WRITING,
}
REBUILD_STAGES: Places = {
    **_READING,
    "shape": [(hub.projector.buckets, "from_events"), (messages, "usable"), (hub.projector.buckets, "sources")],
    "fold": [(Newest, name) for name in ("add", "winners", "won", "parted", "past", "applied")] + [(Linear, "sums")],
    **_WRITING,
}
"""shape: events → rows of entries; fold: which statement is the newest, and what that changes; stage: rows into files
that SQLite reads; write: SQLite. DuckDB's own threads are in none of them: see ``other``."""
COPIES = 4
FOLD_FLOOR, FOLD_GOAL, REBUILD_FLOOR, REBUILD_GOAL = 40_000, 80_000, 100_000, 160_000


def fold(folder: Path, rows: int) -> Iterator[Row]:
    """The rate from the journal of ``rows`` records into a fresh store, the plain way beside it."""
    home = HubFolder.with_table(folder / "fold", rows)
    home.pulled()
    known = folder / "fold-plain.db"
    plain.intake_plain_table(home.source, f"{data.TABLE} LIMIT {PLAIN_MOST}", known)
    plain_seconds, plain_events = plain.fold_plain(known)
    watch = Stopwatch()
    with home.journal() as journal, home.opened_store() as store, watch.over(FOLD_STAGES):
        report = project_once(journal, store, ledger(), home.locks)
    events = rows - data.faulty(rows)
    hold(report, events)
    yield Row("fold", events / watch.wall, "events/s", events, plain_events / plain_seconds, FOLD_FLOOR, FOLD_GOAL,
              {"seconds": round(watch.wall, 3), "baseline_rows": plain_events, "cpu_s": round(watch.cpu, 3)})
    yield from stages("fold", watch, events)
    shutil.rmtree(home.folder)
    known.unlink()


def rebuilding(folder: Path, rows: int) -> Iterator[Row]:
    """The rate of a rebuild from a journal of four events for each of ``rows``, every one of another entity."""
    home = HubFolder.with_table(folder / "rebuild", rows)
    home.pulled()
    watch = Stopwatch()
    with home.embedded_journal() as journal, home.opened_store() as store:
        copy(journal, journal, range(1, COPIES))
        events = journal.end("events")[0]
        with watch.over(REBUILD_STAGES):
            report = rebuild(journal, store, ledger(), home.locks)
    hold(report, events)
    yield Row("rebuild", events / watch.wall, "events/s", events, None, REBUILD_FLOOR, REBUILD_GOAL,
              {"seconds": round(watch.wall, 3), "cpu_s": round(watch.cpu, 3)})
    yield from stages("rebuild", watch, events)
    shutil.rmtree(home.folder)


def copy(source: EmbeddedJournal, target: Journal, numbers: Sequence[int]) -> None:
    """Append what ``source`` has now once for each of ``numbers``, under keys and ids that belong to the number; the
    events as they are for 0. Both may be one journal."""
    fence, end, at = target.fence("bench.copies"), source.end("events")[0], 0
    while at < end:
        for run in source.read("events", {0: at}, min(50_000, end - at)):
            at = run.next
            schema = source.schema(run.schema_id or 0)
            events = hub.events.columns.decode(run.values, schema, FOR_TOPIC["events"]).table
            for number in numbers:
                other = _renamed(events, number) if number else events
                bodies = hub.events.columns.encode(other, FOR_TOPIC["events"])
                target.append(fence, [Outgoing("events", other["entity_id"].combine_chunks(), bodies)])


def _renamed(events: pa.Table, number: int) -> pa.Table:
    hashed = "md5({} || '{}')"
    uuid = "regexp_replace(" + hashed + ", '(.{{8}})(.{{4}})(.{{4}})(.{{4}})(.{{12}})', '\\1-\\2-\\3-\\4-\\5')"
    replaced = ", ".join(
        [f"{uuid.format(name, number)} AS {name}" for name in ("entity_id", "event_id")]
        + [f"replace(source_key, 'ZJ', 'ZJ{number}') AS source_key"]
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("events", events)
        return connection.sql(f"SELECT * REPLACE ({replaced}) FROM events").to_arrow_table()


def hold(report: dict[str, object], events: int) -> None:
    """Raises AssertionError where a projector's report is not that so many events are applied, and none is left."""
    (found,) = (row for row in report["projections"] if row["name"] == "ledger")  # type: ignore[attr-defined] # as documented
    if (found["applied"], found["lag_events"]) != (events, 0):
        raise AssertionError(f"{found}, expected {events} events")
