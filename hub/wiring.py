"""The one file that knows every concrete class: a hub's parts, made when they are first needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub import config
from hub.errors import ConfigWrong, Problem, RequestWrong

if TYPE_CHECKING:
    from hub.intake.connector import Connector
    from hub.intake.plug import Plug
    from hub.intake.session import Surroundings
    from hub.journal.port import Journal
    from hub.projector.port import Store
    from hub.projector.projection import Projection
    from hub.projector.views import Views

LEDGER = "ledger"


class Hub:
    """A hub folder and its parts. ``Hub.open`` is a context: what was opened is closed at its end."""

    def __init__(self, settings: config.HubConfig) -> None:
        self.config = settings
        self.folder = settings.folder
        self._closing = ExitStack()
        self._journal: Journal | None = None
        self._store: Store | None = None

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Hub]:
        """The hub in ``folder``. Raises ConfigWrong where there is none or its hub.toml is wrong."""
        hub = cls(config.load(folder))
        with hub._closing:
            yield hub

    # --- parts

    def journal(self) -> Journal:
        """The journal that hub.toml names. Raises ConfigWrong where it names none, and what the journal raises."""
        if self._journal is None:
            self._journal = self._open_journal()
            self._closing.callback(self._journal.close)
        return self._journal

    def _open_journal(self) -> Journal:
        match _scheme(self.config.journal):
            case "sqlite":
                from hub.journal.embedded import EmbeddedJournal

                return EmbeddedJournal(self._file("journal", self.config.journal))
            case "kafka":
                from hub.journal.kafka import KafkaJournal

                return KafkaJournal(self.config.journal, self._secret)
        raise self._unknown("journal", "sqlite:data/journal.db", "kafka://HOST:9092/PREFIX")

    def store(self) -> Store:
        """The projections' store that hub.toml names. Raises ConfigWrong where it names none, and what the store raises."""
        if self._store is None:
            self._store = self._open_store()
            self._closing.callback(self._store.close)
        return self._store

    def _open_store(self) -> Store:
        match _scheme(self.config.store):
            case "sqlite":
                from hub.projector.sqlite import SqliteStore

                return SqliteStore(self.store_path())
            case "postgresql":
                from hub.projector.postgres import PostgresStore

                return PostgresStore(self.config.store)
        raise self._unknown("store", "sqlite:data/store.db", "postgresql://USER@HOST/DATABASE")

    def views(self) -> Views:
        """What the store shows; asking imports nothing that is slow to load. Raises ConfigWrong as ``store`` does."""
        match _scheme(self.config.store):
            case "sqlite":
                from hub.projector.sqlite_views import SqliteViews

                return SqliteViews(self.store_path())
            case "postgresql":
                from hub.projector.postgres_views import PostgresViews

                return PostgresViews(self.config.store)
        raise self._unknown("store", "sqlite:data/store.db", "postgresql://USER@HOST/DATABASE")

    def store_path(self) -> Path:
        """Where the embedded store is."""
        return self._file("store", self.config.store)

    def locks(self) -> Path:
        """Where the locks are."""
        return self.config.data / "locks"

    def projection(self, name: str = LEDGER) -> Projection:
        """A projection's SQL and tables: the hub's own files before the product's."""
        from hub.projector.projection import read_projection

        return read_projection(name, [self.folder / "projections", config.product_path("projections")])

    def _file(self, key: str, url: str) -> Path:
        rest = url.partition(":")[2]
        if _scheme(url) != "sqlite" or not rest:
            raise self._unknown(key, f"sqlite:data/{key}.db")
        path = self.folder / rest.removeprefix("//")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _unknown(self, key: str, *known: str) -> ConfigWrong:
        facts = {"key": key, "known": ", ".join(known)}
        message = "hub.{key} is none of: {known}"
        return ConfigWrong([Problem(str(self.folder / "hub.toml"), None, None, "PART_UNKNOWN", message, facts=facts)])

    # --- connectors

    def connector_files(self) -> dict[str, Path]:
        """Every connector.yaml that this hub runs, by ``department/system``: its own, and the product's that it uses."""
        found = {self._place(path): path for path in sorted(self.folder.glob("connectors/*/*/connector.yaml"))}
        product = config.product_path("connectors")
        for used in self.config.use:
            path = product / used / "connector.yaml"
            if not path.is_file():
                raise ConfigWrong(
                    [
                        Problem(
                            str(self.folder / "hub.toml"),
                            None,
                            None,
                            "CONNECTOR_UNKNOWN",
                            "connectors.use: the product has no connector {name}",
                            facts={"name": used},
                        )
                    ]
                )
            found.setdefault(used, path)
        return found

    def _place(self, path: Path) -> str:
        return str(path.parent.relative_to(self.folder / "connectors"))

    def connectors(self) -> list[Connector]:
        """The connectors as their files say them. Raises ConfigWrong with every mistake of every file."""
        return [connector for connector, _ in self._read_all()]

    def _read_all(self) -> list[tuple[Connector, Path]]:
        from hub.intake.connector_file import examine_connector

        read: list[tuple[Connector, Path]] = []
        problems: list[Problem] = []
        for path in self.connector_files().values():
            connector, found = examine_connector(path)
            problems += found
            if connector is not None:
                read.append((connector, path))
        problems += _same_twice([connector for connector, _ in read])
        if problems:
            raise ConfigWrong(problems)
        return read

    def examined(self, name: str | None = None) -> list[Problem]:
        """Every mistake in the connectors' files (or in one's): the file, its lists, its expressions."""
        from hub.intake.plug import examine

        if name is not None:
            self.connector(name)
        problems: list[Problem] = []
        for place, path in self.connector_files().items():
            if name is None or self._is_called(name, place, path):
                problems += examine(path, thoroughly=True)[1]
        return problems

    def _is_called(self, name: str, place: str, path: Path) -> bool:
        from hub.intake.connector_file import written_name

        return name in (place, written_name(path))

    def connector(self, name: str) -> Path:
        """The file of the connector called ``name`` (or ``department/system``). RequestWrong where there is none."""
        import difflib

        files = self.connector_files()
        for place, path in files.items():
            if self._is_called(name, place, path):
                return path
        near = difflib.get_close_matches(name, [place.replace("/", ".") for place in files], 1)
        raise RequestWrong(
            "this hub runs no connector {name}",
            name=name,
            near=near[0] if near else "",
            remedy="Did you mean {near}?" if near else "wastehub connector list shows them.",
        )

    def plugs(self, names: list[str]) -> list[Plug]:
        """Connectors ready to run: those called ``names``, or all. Raises ConfigWrong with every mistake."""
        from hub.intake.plug import examine

        if not names:
            plugs, broken = self.all_plugs()
            if broken:
                raise ConfigWrong([problem for error in broken.values() for problem in error.problems])
            return plugs
        found = [examine(path) for path in dict.fromkeys(self.connector(name) for name in names)]
        problems = [problem for _, mistakes in found for problem in mistakes]
        if problems:
            raise ConfigWrong(problems)
        return [plug for plug, _ in found if plug is not None]

    def all_plugs(self) -> tuple[list[Plug], dict[str, ConfigWrong]]:
        """All connectors that are ready to run, and by place what is wrong with the others."""
        from hub.intake.plug import examine

        plugs: list[Plug] = []
        broken: dict[str, ConfigWrong] = {}
        for place, path in self.connector_files().items():
            plug, problems = examine(path)
            twice = _same_twice([p.connector for p in plugs] + ([plug.connector] if plug else []))
            if plug is None or twice:
                broken[place] = ConfigWrong([*problems, *twice])
            else:
                plugs.append(plug)
        return plugs, broken

    def around(self, progress: Any = None) -> Surroundings:
        """What a pull needs from outside."""
        from datetime import UTC, datetime
        from uuid import uuid4

        from hub.intake.session import Surroundings

        silent = progress or (lambda _name, _rows: None)
        return Surroundings(self.folder, lambda: datetime.now(UTC), uuid4, self._secret, silent)

    def _secret(self, value: str) -> str:
        return config.secret(value, self.folder)

    # --- reading

    def ledger(
        self, *, by: list[str], period: str | None = None, region: str | None = None, stream: str | None = None
    ) -> dict[str, Any]:
        """The rows of ``wastehub ledger``. RequestWrong for a stream or region that there is not."""
        from hub.projector.query import ledger

        found = ledger(self.views(), by=by, period=period, region=region, stream=stream)
        if region is not None and not found["rows"]:
            self._must_know(region)
        return found

    def _must_know(self, region: str) -> None:
        """A region without a line is no mistake; one that no line and no list has is."""
        from hub.projector.query import regions
        from hub.reference.regions import check

        told = regions(self.views())
        local = [None, *(plug.lists.get("regions") for plug in self.all_plugs()[0])]
        if region not in told and all(check(region, None, known).error == "REGION_UNKNOWN" for known in local):
            raise RequestWrong(
                "there is no region {region}; the ledger has: {known}", region=region, known=", ".join(told) or "–"
            )


def _scheme(url: str) -> str:
    return url.partition(":")[0]


def _same_twice(connectors: list[Connector]) -> list[Problem]:
    """Two connectors with one name or one identity."""
    problems: list[Problem] = []
    names: dict[str, Connector] = {}
    for connector in connectors:
        for name in {connector.name, connector.identity}:
            other = names.setdefault(name, connector)
            if other is not connector:
                problems.append(
                    Problem(
                        str(connector.path),
                        1,
                        1,
                        "NAME_TWICE",
                        "{other} has the name {name} too",
                        facts={"name": name, "other": str(other.path)},
                    )
                )
    return problems
