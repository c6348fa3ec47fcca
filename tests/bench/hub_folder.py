"""A hub's folder to measure in: its one source, pulled and folded within this process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from hub.config import product_path
from hub.intake.plug import examine
from hub.intake.pull import Puller
from hub.intake.pulled import Pulled
from hub.intake.session import Surroundings
from hub.journal.embedded import EmbeddedJournal
from hub.journal.port import Journal
from hub.projector.port import Store
from hub.projector.projection import Projection, read_projection
from hub.wiring import Hub
from tests.bench import data

_WRITTEN = 1_767_225_600
"""When the file was written, in seconds since the epoch: long ago, or the pull would wait until it holds still."""
TOML = '[hub]\nname = "bench"\n'


@dataclass(frozen=True)
class HubFolder:
    """``folder`` with a hub.toml and one connector."""

    folder: Path

    @classmethod
    def with_file(cls, folder: Path, rows: int) -> HubFolder:
        """Its source is the CSV file of so many rows."""
        hub = cls.made(folder, data.FILE_CONNECTOR)
        (folder / "in").mkdir()
        data.write_csv(hub.csv, rows)
        os.utime(hub.csv, (_WRITTEN, _WRITTEN))
        return hub

    @classmethod
    def with_table(cls, folder: Path, rows: int, connector: str = data.TABLE_CONNECTOR) -> HubFolder:
        """Its source is the SQLite table of so many rows."""
        hub = cls.made(folder, connector)
        data.write_table(hub.source, rows)
        return hub

    @classmethod
    def made(cls, folder: Path, connector: str) -> HubFolder:
        """Its source is elsewhere."""
        place = folder / "connectors" / "housing" / "weighbridge"
        place.mkdir(parents=True)
        (place / "connector.yaml").write_text(connector, encoding="utf-8")
        (folder / "data").mkdir()
        (folder / "hub.toml").write_text(TOML, encoding="utf-8")
        return cls(folder)

    def move(self, journal: str, store: str) -> None:
        """From now on its parts are at these URLs."""
        (self.folder / "hub.toml").write_text(f'{TOML}journal = "{journal}"\nstore = "{store}"\n', encoding="utf-8")

    @property
    def csv(self) -> Path:
        """The file."""
        return self.folder / "in" / "rows.csv"

    @property
    def source(self) -> Path:
        """The database with the table."""
        return self.folder / "bench.db"

    @property
    def store(self) -> Path:
        """The ledger's database."""
        return self.folder / "data" / "store.db"

    @property
    def locks(self) -> Path:
        """Where a projector's locks are."""
        return self.folder / "data" / "locks"

    @contextmanager
    def embedded_journal(self) -> Iterator[EmbeddedJournal]:
        """The journal that it has until it is moved, closed afterwards."""
        with closing(EmbeddedJournal(self.folder / "data" / "journal.db")) as journal:
            yield journal

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """The journal, closed afterwards."""
        with Hub.open(self.folder) as hub:
            yield hub.journal()

    @contextmanager
    def opened_store(self) -> Iterator[Store]:
        """The store, closed afterwards."""
        with Hub.open(self.folder) as hub:
            yield hub.store()

    def pulled(self, *, compare: bool = False) -> tuple[float, Pulled]:
        """Pull once: seconds, and what it came to. Reading the connector's file is not counted."""
        plug, problems = examine(self.folder / "connectors" / "housing" / "weighbridge" / "connector.yaml")
        if plug is None:
            raise AssertionError(problems)
        around = Surroundings(self.folder, lambda: datetime.now(UTC), uuid4, lambda url: url)
        with self.journal() as journal:
            puller, begun = Puller(plug, journal, around), time.perf_counter()
            done = puller.pull(wait=True, compare=compare)
            return time.perf_counter() - begun, done


def ledger() -> Projection:
    """The product's ledger."""
    return read_projection("ledger", [product_path("projections")])
