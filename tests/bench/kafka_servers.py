"""The real parts to measure on: a Kafka broker and a PostgreSQL, both durable, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.bench.postgres_server import database, durable_postgres
from tests.broker import running_broker


@dataclass(frozen=True)
class Servers:
    """``bootstrap``: host:port of the broker; ``postgres``: an SQLAlchemy URL, as superuser."""

    bootstrap: str
    postgres: str

    def journal(self, prefix: str) -> str:
        """The URL of a journal, for hub.toml."""
        return f"kafka://{self.bootstrap}/{prefix}"

    @staticmethod
    def store(url: str) -> str:
        """A database's URL, for hub.toml."""
        return url.replace("postgresql+psycopg:", "postgresql:", 1)

    def database(self, name: str) -> AbstractContextManager[str]:
        """A new database for one measurement, by its URL; dropped afterwards."""
        return database(self.postgres, name)


@contextmanager
def servers() -> Iterator[Servers]:
    """Both, started for one part of the bench."""
    with running_broker() as broker, durable_postgres() as postgres:
        yield Servers(broker.address, postgres)
