"""The rival: Kafka Connect standalone and the Debezium JDBC sink (tests/bench/rival), into PostgreSQL.

It keeps every statement, by entity and its pair (revision, restated), and sums what is the newest when somebody reads.
That reading counts; the start of its JVM does not: the clock runs from the first rows that it has committed, and those
are not counted either.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from hub.config import product_path
from tests.bench.plain_tables import ENTRIES, FLOW_KEYS
from tests.broker import jars

RECIPE = Path(__file__).parent / "rival"
COLUMNS = tuple(column.name for column in ENTRIES.columns if column.name != "position")
HEAP = "-Xmx1500m"
BATCH, REWRITE = 5_000, True
"""What made it fastest here: see README.md in its folder."""
SILENT_SECONDS, STILL_SECONDS, LOOK_SECONDS, PATIENCE = 180.0, 0.5, 0.1, 60.0
_NARROW: dict[str, Any] = {
    "entity_id": UUID(as_uuid=False), "event_id": UUID(as_uuid=False), "occurred_at": sa.DateTime(timezone=True),
}  # fmt: skip
_KEY = ("entity_id", "revision", "restated")
STATEMENTS = sa.Table(
    "rival_statements", sa.MetaData(),
    *(sa.Column(name, _NARROW.get(name, ENTRIES.c[name].type), primary_key=name in _KEY) for name in COLUMNS),
)
_READ = f"""
SELECT {', '.join(FLOW_KEYS)}, CAST(SUM(mass_g) AS bigint), CAST(SUM(COALESCE("count", 0)) AS bigint), COUNT(*)
FROM (SELECT DISTINCT ON (entity_id) * FROM rival_statements ORDER BY entity_id, revision DESC, restated DESC) AS newest
WHERE NOT retracted GROUP BY {', '.join(FLOW_KEYS)}
"""


@dataclass(frozen=True)
class Found:
    """``rate``: events a second, reading included. ``read``: seconds of that reading. ``flows``: as it read them."""

    rate: float
    read: float
    flows: dict[tuple[str, ...], tuple[int, int, int]]


def rival(bootstrap: str, topic: str, url: str, events: int, folder: Path, tasks: int) -> Found:
    """Run it with so many tasks over the topic's ``events`` events, all of other entities, into the database."""
    engine = sa.create_engine(url)
    STATEMENTS.create(engine)
    folder.mkdir(parents=True)
    settings = {"name": f"rival-{uuid4()}", "bootstrap": bootstrap, "topic": topic, "folder": folder, "tasks": tasks,
                "batch": BATCH, "rewrite": str(REWRITE).lower(), "schema": product_path("schemas/avro/waste_event.avsc"),
                "columns": ",".join(COLUMNS), **_connection(engine.url)}  # fmt: skip
    for name in ("worker.properties", "sink.properties"):
        (folder / name).write_text(Template((RECIPE / name).read_text()).substitute(settings))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection, _running(folder) as process:
        first = _first(connection, process, folder)
        begun = time.perf_counter()
        _all(connection, events, first, process, folder)
        wrote = time.perf_counter() - begun
    with engine.connect() as connection:
        begun = time.perf_counter()
        flows = {tuple(row)[:7]: tuple(row)[7:] for row in connection.execute(sa.text(_READ))}
        read = time.perf_counter() - begun
    engine.dispose()
    counted = events - first or events  # of so few that all were there at the first look, the rate says nothing
    return Found(counted / (wrote + read), read, flows)


def _connection(url: sa.URL) -> dict[str, object]:
    return {"host": url.host, "port": url.port, "database": url.database, "user": url.username, "password": url.password}


@contextmanager
def _running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    libraries = jars(RECIPE / "pom.xml")
    classes = folder / "classes"
    subprocess.run(["javac", "-cp", f"{libraries}/*", "-d", classes, RECIPE / "EventConverter.java"], check=True)
    command: list[str | Path] = [
        "setpriv", "--pdeathsig=KILL", "java", HEAP, f"-Dlog4j2.configurationFile={RECIPE / 'log4j2.properties'}",
        "-cp", f"{classes}:{libraries}/*", "org.apache.kafka.connect.cli.ConnectStandalone",
        folder / "worker.properties", folder / "sink.properties",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)


def _first(connection: sa.Connection, process: subprocess.Popen[bytes], folder: Path) -> int:
    """How many rows it has committed, once there are any."""
    until = time.perf_counter() + SILENT_SECONDS
    while not (found := _count(connection)):
        _must_go_on(process, folder, until)
        time.sleep(LOOK_SECONDS)
    return found


def _all(connection: sa.Connection, events: int, first: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Returns once all rows are committed. Counting takes the rival's time, and the database's statistics may be ten
    seconds late: the table's size tells when it is time to count, or that it has not grown for a moment."""
    size = _size(connection)
    nearly = 0.97 * events / first * size
    grown = time.perf_counter()
    while True:
        before, size = size, _size(connection)
        grown = time.perf_counter() if size > before else grown
        if (size >= nearly or time.perf_counter() > grown + STILL_SECONDS) and _count(connection) >= events:
            return
        _must_go_on(process, folder, grown + SILENT_SECONDS)
        time.sleep(LOOK_SECONDS)


def _count(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM rival_statements").scalar_one())


def _size(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("SELECT pg_relation_size('rival_statements')").scalar_one())


def _must_go_on(process: subprocess.Popen[bytes], folder: Path, until: float) -> None:
    if process.poll() is not None or time.perf_counter() > until:
        raise AssertionError(f"the rival has stopped\n{(folder / 'log').read_text()[-3000:]}")
