"""What the loop needs of a hub; :class:`hub.wiring.Hub` is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from hub.config import HubConfig
from hub.errors import ConfigWrong, Problem
from hub.intake.plug import Plug
from hub.intake.session import Surroundings
from hub.journal.port import Journal
from hub.projector.port import Store
from hub.projector.projection import Projection
from hub.projector.views import Views

Progress = Callable[[str, int, int | None], None]
"""Told what is being done, how much of it is done, and of how much."""


class Parts(Protocol):
    """A hub's parts, made when first asked for."""

    config: HubConfig
    folder: Path

    def journal(self) -> Journal:
        """The journal."""

    def store(self) -> Store:
        """The store."""

    def views(self) -> Views:
        """What the store shows."""

    def store_path(self) -> Path:
        """Where the store is."""

    def locks(self) -> Path:
        """Where the locks are."""

    def projection(self, name: str = "ledger") -> Projection:
        """A projection's SQL and tables."""

    def connector_files(self) -> dict[str, Path]:
        """The connectors' files by place."""

    def connector(self, name: str) -> Path:
        """The file of a connector. RequestWrong where this hub runs none of that name."""

    def examined(self, name: str | None = None) -> list[Problem]:
        """Every mistake in the connectors' files."""

    def plugs(self, names: list[str]) -> list[Plug]:
        """Connectors ready to run."""

    def all_plugs(self) -> tuple[list[Plug], dict[str, ConfigWrong]]:
        """All connectors that are ready to run, and by place what is wrong with the others."""

    def around(self, progress: Any = None) -> Surroundings:
        """What a pull needs from outside."""
