"""A small hub around one connector, with a clock of its own, a journal that can fail, and sources that tests write."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from hub.config import product_path
from hub.events.identity import entity_id, source_key
from hub.intake import quarantine
from hub.intake.deciding import Deciding
from hub.intake.plug import Plug, examine
from hub.intake.pull import Puller
from hub.intake.pulled import Pulled
from hub.intake.session import Surroundings
from hub.journal.embedded import EmbeddedJournal
from hub.journal.port import TOPICS, Appended, Fence, Journal, Outgoing
from hub.projector.project import project_once
from hub.projector.projection import read_projection
from hub.projector.sqlite import SqliteStore

Row = Mapping[str, str | None]
NAME = "housing.scales"
COLUMNS = ("K", "M", "N", "V", "G", "D", "S", "X")
HEAD = """hub: 1
name: housing.scales
department: housing
source: {source}
{more}map:
  kind: "'COLLECTED'"
  stream: "'domestic'"
  scheme: "'LOCAL'"
  code: "'A'"
  value: num(M)
  unit: "'kg'"
  occurred_at: "ts('2026-03-01')"
  region: "'371502'"
"""
EACH = """each:
  - {part: a, map: {}}
  - {part: b, map: {value: num(N)}}
"""


class Killed(BaseException):
    """What a test raises where a process would have died."""


class FailingJournal:
    """A journal that dies at the ``at``-th append from now: before it, or after it and before the caller knows."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.at, self.after = 0, False

    def append(self, fence: Fence, outgoing: Sequence[Outgoing]) -> list[Appended]:
        """As the journal's."""
        self.at -= 1
        if self.at == 0 and not self.after:
            raise Killed
        appended = self._journal.append(fence, outgoing)
        if self.at == 0:
            raise Killed
        return appended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class World:
    """``yaml``: the connector's file. Times go on only when ``now`` is moved."""

    def __init__(self, folder: Path, yaml: str) -> None:
        self.folder = folder
        self.now = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
        (folder / "in").mkdir(parents=True, exist_ok=True)
        self.around = Surroundings(folder, lambda: self.now, uuid4, str)
        self.embedded = EmbeddedJournal(folder / "journal.db")
        self.journal = FailingJournal(self.embedded)
        self.store = SqliteStore(folder / "store.db")
        self.rewrite(yaml)

    def close(self) -> None:
        """Free the files."""
        self.store.close()
        self.embedded.close()

    def rewrite(self, yaml: str) -> None:
        """Another connector.yaml."""
        path = self.folder / "connector.yaml"
        path.write_text(yaml, encoding="utf-8")
        plug, problems = examine(path)
        assert plug is not None, problems
        self.plug: Plug = plug
        self.puller = Puller(plug, self.journal, self.around)  # type: ignore[arg-type] # it is one, by delegation

    # --- sources

    def table(self, rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> None:
        """The source's table T holds these rows and no others."""
        with closing(sqlite3.connect(self.folder / "source.db")) as db, db:
            db.execute("DROP TABLE IF EXISTS T")
            db.execute(f"CREATE TABLE T ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            db.executemany(f"INSERT INTO T VALUES ({marks})", [[row.get(c) for c in columns] for row in rows])

    def sql(self, statement: str, *values: object) -> None:
        """Change the source's database."""
        with closing(sqlite3.connect(self.folder / "source.db")) as db, db:
            db.execute(statement, values)

    def file(self, name: str, rows: Sequence[Row], at: int, columns: Sequence[str] = COLUMNS) -> None:
        """A CSV file in/``name`` last written ``at`` seconds after an hour before now."""
        lines = [",".join(columns), *(",".join(row.get(c) or "" for c in columns) for row in rows)]
        self.raw(name, ("\n".join(lines) + "\n").encode(), at)

    def raw(self, name: str, content: bytes, at: int = 0) -> None:
        """Any file in/``name``."""
        path = self.folder / "in" / name
        path.write_bytes(content)
        self.touch(name, at)

    def touch(self, name: str, at: int) -> None:
        """Set a file's time."""
        seconds = int(time_of(at).timestamp())
        os.utime(self.folder / "in" / name, (seconds, seconds))

    # --- what the hub does

    def pull(self, *, compare: bool = False) -> Pulled:
        """One pull."""
        return self.puller.pull(compare=compare)

    def drop_cache(self) -> None:
        """Delete everything that intake knows but the journal."""
        shutil.rmtree(self.folder / "data" / "seen", ignore_errors=True)

    def project(self) -> None:
        """The journal into the store."""
        project(self.journal, self.store, self.folder)  # type: ignore[arg-type] # as above

    def later(self, **by: float) -> None:
        """Let time go on."""
        self.now += timedelta(**by)

    # --- what the hub says

    def ends(self) -> dict[str, int]:
        """How many messages each topic has."""
        return {topic: sum(self.embedded.end(topic).values()) for topic in TOPICS}

    def entries(self) -> dict[str, int]:
        """entity_id → grams, after projecting."""
        self.project()
        return dict(self.query("SELECT entity_id, mass_g FROM entries_v1"))

    def masses(self) -> dict[str, int]:
        """Key (K) → kilograms of what stands, over its parts."""
        self.project()
        found: dict[str, int] = {}
        for key, mass in self.query("SELECT source_key, mass_g FROM entries_v1"):
            found[json.loads(key)[0]] = found.get(json.loads(key)[0], 0) + mass // 1000
        return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the store."""
        with closing(sqlite3.connect(self.folder / "store.db")) as db:
            return db.execute(sql).fetchall()

    def quarantined(self, state: str = "open") -> list[dict[str, Any]]:
        """As ``quarantine list`` has them."""
        return quarantine.listed(self.embedded, self.folder / "data", state)

    def errors(self, state: str = "open") -> list[str]:
        """The first error of each record in quarantine."""
        return sorted(row["errors"][0]["error"] for row in self.quarantined(state))

    def row(self, id_: str) -> dict[str, Any]:
        """A quarantined record, whole."""
        return quarantine.row_of(self.embedded, self.folder / "data", id_)

    def deciding(self) -> Deciding:
        """A person decides."""
        return Deciding(self.plug, self.embedded, self.around, "张三", "because")

    def events(self) -> list[dict[str, Any]]:
        """Every event: key, part, pair, mass, retracted."""
        from hub.events import columns as codec

        found: list[dict[str, Any]] = []
        for run in self.embedded.read("events", {}, 1_000_000):
            if run.schema_id is not None:
                found += codec.decode(run.values, self.embedded.schema(run.schema_id), "waste_event").table.to_pylist()
        return found

    def said(self, key: str) -> list[tuple[int, int, bool, int]]:
        """(revision, restated, retracted, kilograms) of the events of a key, in the order they were appended."""
        return [
            (e["revision"], e["restated"], e["retracted"], e["mass_g"] // 1000)
            for e in self.events() if e["source_key"] == source_key([key])
        ]  # fmt: skip


def project(journal: Journal, store: SqliteStore, folder: Path) -> None:
    """The journal into a store."""
    project_once(journal, store, read_projection("ledger", [product_path("projections")]), folder / "data" / "locks")


def time_of(at: int) -> datetime:
    """``at`` seconds after 2026-05-04 01:00 UTC, an hour before the world's clock starts."""
    return datetime(2026, 5, 4, 1, 0, tzinfo=UTC) + timedelta(seconds=at)


def micros(at: int) -> int:
    """The same as µs since the epoch."""
    return int(time_of(at).timestamp()) * 1_000_000


def entity(key: str, part: str = "") -> str:
    """Whom a statement of this connector is about."""
    return entity_id(NAME, source_key([key]), part)


def connector(source: str, *, more: str = "", parts: bool = False) -> str:
    """A connector.yaml; ``source`` in flow style, ``parts``: two parts a and b."""
    return HEAD.format(source=source, more=more) + (EACH if parts else "")


def table_source(more: str = "") -> str:
    """The source of a table connector."""
    return f"{{kind: sql, url: 'sqlite:///source.db', table: T, key: [K]{more}}}"


def file_source(more: str = "") -> str:
    """The source of a connector of CSV files."""
    return f"{{kind: file, path: 'in/*.csv', key: [K]{more}}}"


@contextmanager
def world(folder: Path, yaml: str) -> Iterator[World]:
    """A world, freed at the end."""
    made = World(folder, yaml)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def worlds(folder: Path, source: Callable[[str], str]) -> Iterator[Callable[..., World]]:
    """Makes worlds: ``source`` is :func:`table_source` or :func:`file_source`, called with what a test adds to it."""
    with ExitStack() as opened:

        def made(more: str = "", *, parts: bool = False) -> World:
            place = folder / str(len(list(folder.iterdir())))
            return opened.enter_context(world(place, connector(source(more), parts=parts)))

        yield made
