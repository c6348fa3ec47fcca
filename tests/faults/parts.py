"""What a schedule runs on: a journal and a store, and machines that share them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from tests.broker import Broker, running_broker
from tests.faults.disk import SmallDisk, small_disk
from tests.faults.processes import apart
from tests.faults.wire import wire
from tests.servers import PostgresServer, running_postgres

_SMALL = "small"
JOURNALS, STORES = ("embedded", "kafka"), ("sqlite", "postgres")
Pair = tuple[str, str]
PAIRS: tuple[Pair, ...] = tuple(product(JOURNALS, STORES))
EMBEDDED = {"journal": "sqlite:data/journal.db", "store": "sqlite:data/store.db"}
HUB = '[hub]\nname = "faults"\ncity = "371500"\njournal = "{journal}"\nstore = "{store}"\n'


class Servers:
    """A worker's own broker and database server, started when a schedule first needs them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._broker: Broker | None = None
        self._postgres: PostgresServer | None = None
        self.disk: SmallDisk | None = None

    @property
    def broker(self) -> Broker:
        """The broker; it runs between two schedules."""
        if self._broker is None:
            self._broker = self._stack.enter_context(running_broker())
        return self._broker

    @property
    def postgres(self) -> PostgresServer:
        """The database server; it runs between two schedules. Where ``disk`` can be made, it has a tablespace there."""
        if self._postgres is None:
            folder = self._stack.enter_context(TemporaryDirectory(prefix="wastehub-disk-"))
            self.disk = self._stack.enter_context(small_disk(Path(folder)))
            self._postgres = self._stack.enter_context(running_postgres("fsync=off"))
            if self.disk is not None:
                with _admin(self._postgres) as admin:
                    admin.execute(f"CREATE TABLESPACE {_SMALL} LOCATION '{folder}'".encode())
        return self._postgres


@contextmanager
def servers() -> Iterator[Servers]:
    """None at first."""
    with ExitStack() as stack:
        yield Servers(stack)


@dataclass(frozen=True)
class Parts:
    """``machines``: folders of the hub, one over embedded parts; a second one where others can reach the journal.
    ``cuts``: a file that grows by a byte for every connection cut at COMMIT."""

    pair: Pair
    machines: tuple[Path, ...]
    journal: str
    database: str | None
    cuts: Path

    @property
    def on_kafka(self) -> bool:
        """Whether the journal is on Kafka."""
        return self.pair[0] == "kafka"

    @property
    def in_postgres(self) -> bool:
        """Whether the store is in PostgreSQL."""
        return self.pair[1] == "postgres"

    def projecting(self) -> tuple[Path, ...]:
        """The machines that reach the store of the first one."""
        return self.machines if self.in_postgres else self.machines[:1]

    def use(self, store: str) -> None:
        """Point every machine to the journal and to this store."""
        for machine in self.machines:
            (machine / "hub.toml").write_text(HUB.format(journal=self.journal, store=store))

    def directly(self) -> None:
        """No wire between the hub and the database any more."""
        self.use(self.database or EMBEDDED["store"])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the store."""
        if self.database is None:
            with closing(sqlite3.connect(self.machines[0] / "data" / "store.db")) as db:
                return db.execute(sql).fetchall()
        with psycopg.connect(self.database, options="-c search_path=hub") as connection:
            return connection.execute(sql.encode()).fetchall()


@contextmanager
def parts(
    pair: Pair, name: str, folder: Path, partitions: int, having: Servers, *, is_cut: bool = False, is_full: bool = False
) -> Iterator[Parts]:
    """The parts of one schedule, nobody else's, gone at the end. ``is_cut``: the way to the database is a wire that
    is cut now and then. ``is_full``: the database is on the small disk, where there is one."""
    with ExitStack() as stack:
        journal, database, store = EMBEDDED["journal"], None, EMBEDDED["store"]
        if pair[0] == "kafka":
            journal = f"kafka://{having.broker.address}/{name}?partitions={partitions}"
            stack.callback(_delete_topics, having.broker, name)
        if pair[1] == "postgres":
            store = database = stack.enter_context(_database(having.postgres, name, having.disk is not None and is_full))
            if is_cut:
                store = stack.enter_context(wire(database, folder / "cuts"))
        machines = tuple(folder / one for one in ("one", "two")[: 1 + (pair[0] == "kafka")])
        for machine in machines:
            machine.mkdir(parents=True)
        made = Parts(pair, machines, journal, database, folder / "cuts")
        made.use(store)
        yield made


@contextmanager
def _admin(server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(_libpq(server), autocommit=True) as admin:
        yield admin


@contextmanager
def _database(server: PostgresServer, name: str, is_small: bool) -> Iterator[str]:
    with _admin(server) as admin:
        admin.execute(f"CREATE DATABASE {name} TABLESPACE {_SMALL if is_small else 'pg_default'}".encode())
    try:
        yield _libpq(server).rpartition("/")[0] + f"/{name}"
    finally:
        with _admin(server) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _libpq(server: PostgresServer) -> str:
    return server.url.replace("postgresql+psycopg:", "postgresql:", 1)


def _delete_topics(broker: Broker, prefix: str) -> None:
    def delete() -> None:
        from confluent_kafka.admin import AdminClient

        admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})
        mine = [topic for topic in admin.list_topics(timeout=10).topics if topic.startswith(f"{prefix}.")]
        for future in admin.delete_topics(mine).values() if mine else ():
            future.result(10)

    apart(delete)
