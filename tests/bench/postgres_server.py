"""A PostgreSQL to measure on: as durable as one that is relied on, with the memory of a small server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tests.servers import postgres_server

SETTINGS = ("fsync=on", "synchronous_commit=on", "shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min")
"""The same for the hub and for all that it is compared with. A checkpoint amid a run of seconds would hit one of them."""


@contextmanager
def durable_postgres() -> Iterator[str]:
    """An SQLAlchemy URL, as superuser."""
    with postgres_server(*SETTINGS) as url:
        yield url


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """A new database, by its URL; dropped afterwards."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        connection.exec_driver_sql("CHECKPOINT")
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
