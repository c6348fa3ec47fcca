"""Stores by name, in whatever database: what the tests of every store need of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

from hub.projector.port import Store
from hub.projector.postgres import PostgresStore
from hub.projector.postgres_views import PostgresViews
from hub.projector.sqlite import SqliteStore
from hub.projector.sqlite_views import SqliteViews
from hub.projector.views import Views

Row = tuple[Any, ...]
KINDS = ("sqlite", "postgres")
VIEWS = ("entries_v1", "flows_v1", "accounts_v1", "positions_v1", "quarantine_v1", "conflicts_v1")


class Stores(Protocol):
    """A place for the stores of one test."""

    def open(self, name: str = "store") -> Store:
        """The store of that name; made where there is none."""

    def views(self, name: str = "store") -> Views:
        """Its views."""

    def table(self, select: str, name: str = "store") -> tuple[list[str], list[Row]]:
        """The columns and rows of a SELECT; ids as texts."""

    def change(self, statement: str, name: str = "store") -> None:
        """Do something to it behind its back."""


def rows(stores: Stores, select: str, name: str = "store") -> list[Row]:
    """The rows of a SELECT; ids as texts."""
    return stores.table(select, name)[1]


def shown(stores: Stores, name: str = "store") -> dict[str, list[Row]]:
    """Every versioned view, sorted, ``updated_at`` left out."""
    found = {}
    for view in VIEWS:
        columns, cells = stores.table(f"SELECT * FROM {view}", name)
        keep = [i for i, column in enumerate(columns) if column != "updated_at"]
        found[view] = sorted((tuple(row[i] for i in keep) for row in cells), key=repr)
    return found


@dataclass(frozen=True)
class SqliteStores:
    """Files in a folder."""

    folder: Path

    def path(self, name: str = "store") -> Path:
        """Where a store is."""
        return self.folder / f"{name}.db"

    def open(self, name: str = "store") -> SqliteStore:
        """As the protocol says."""
        return SqliteStore(self.path(name))

    def views(self, name: str = "store") -> SqliteViews:
        """As the protocol says."""
        return SqliteViews(self.path(name))

    def table(self, select: str, name: str = "store") -> tuple[list[str], list[Row]]:
        """As the protocol says."""
        with closing(sqlite3.connect(self.path(name))) as connection:
            cursor = connection.execute(select)
            return [column[0] for column in cursor.description], [_plain(row) for row in cursor]

    def change(self, statement: str, name: str = "store") -> None:
        """As the protocol says."""
        with closing(sqlite3.connect(self.path(name))) as connection, connection:
            connection.execute(statement)


@dataclass(frozen=True)
class PostgresStores:
    """Databases of a server, their names prefixed."""

    server: str
    prefix: str

    def url(self, name: str = "store") -> str:
        """Where a store is; its database is made where there is none."""
        database = f"{self.prefix}_{name}"
        with psycopg.connect(_libpq(self.server), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
                with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):  # two at once
                    connection.execute(f"CREATE DATABASE {database}".encode())
        return _libpq(sa.make_url(self.server).set(database=database).render_as_string(hide_password=False))

    def open(self, name: str = "store", patience: float = 10.0) -> PostgresStore:
        """As the protocol says."""
        return PostgresStore(self.url(name), patience)

    def views(self, name: str = "store") -> PostgresViews:
        """As the protocol says."""
        return PostgresViews(self.url(name))

    def table(self, select: str, name: str = "store") -> tuple[list[str], list[Row]]:
        """As the protocol says."""
        with self.connected(name) as connection:
            cursor = connection.execute(select.encode())
            return [column.name for column in cursor.description or ()], [_plain(row) for row in cursor]

    def change(self, statement: str, name: str = "store") -> None:
        """As the protocol says."""
        with self.connected(name) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def connected(self, name: str = "store") -> Iterator[psycopg.Connection[Row]]:
        """A session of one's own."""
        with psycopg.connect(self.url(name)) as connection:
            connection.execute("SET search_path TO hub")
            yield connection

    def drop(self) -> None:
        """All of them."""
        with psycopg.connect(_libpq(self.server), autocommit=True) as connection:
            like = (f"{self.prefix}\\_%",)
            for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", like).fetchall():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def stores_of(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Stores]:
    """An empty place for stores of one of the KINDS."""
    if kind == "sqlite":
        yield SqliteStores(folder)
        return
    with postgres_stores(request.getfixturevalue("postgres")) as made:
        yield made


@contextmanager
def postgres_stores(server: str) -> Iterator[PostgresStores]:
    """An empty place in a PostgreSQL server."""
    made = PostgresStores(server, f"t{uuid4().hex[:12]}")
    try:
        yield made
    finally:
        made.drop()


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg:", "postgresql:", 1)


def _plain(row: Row) -> Row:
    return tuple(
        str(UUID(bytes=cell)) if isinstance(cell, bytes) else str(cell) if isinstance(cell, UUID) else cell for cell in row
    )
