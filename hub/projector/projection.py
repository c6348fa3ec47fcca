"""A projection as its folder says it: projection.yaml, SQL texts and tables as CSV.

A folder of the hub with its own projection.yaml stands for the product's; without one, single files in it (its own
chains.csv or authority.csv) stand for the product's of the same name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hub.errors import ConfigWrong, Problem, RequestWrong
from hub.projector.rule_table import RuleTable, read_rule_table

_NAME = "projection.yaml"
_TYPES = ("text", "integer")
_OWN_VIEWS = ("positions_v1", "quarantine_v1", "conflicts_v1")
STORES_OWN = frozenset({
    "meta", "positions", "sources", "undecodable", "quarantine", "quarantine_entities", "acts", "entry_keys", "entries",
    "entry_facts", "dimensions", "past", "changes", "chosen",
})  # fmt: skip
"""Names that some store, or the SELECT over changes, has for itself."""


@dataclass(frozen=True)
class Lines:
    """The linear part: ``select`` sums ``changes`` into rows of ``table``; ``keys`` name → text or integer."""

    table: str
    select: str
    keys: Mapping[str, str]
    sums: tuple[str, ...]


@dataclass(frozen=True)
class Projection:
    """``views``: name → SELECT, in the order they are made. ``digest``: SHA-256 of all that decides what they show."""

    name: str
    version: int
    title: str
    lines: Lines
    tables: tuple[RuleTable, ...]
    views: Mapping[str, str]
    digest: str


def read_projection(name: str, folders: Sequence[Path]) -> Projection:
    """The projection ``name`` from ``folders`` (each holds projections by name; the first wins).

    Raises RequestWrong where none has it, ConfigWrong with every mistake in its tables.
    """
    places = _places(name, folders)
    path = _file(places, _NAME)
    try:
        return _read(name, places, yaml.safe_load(_text(path)))
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigWrong([_problem(path, "PROJECTION_FORM", "not a projection: {reason}", reason=reason)]) from error


def views(projection: Projection) -> dict[str, str]:
    """Name → SELECT, in the order in which they are made: every store's own, then the projection's."""
    folder = Path(__file__).parent / "sql"
    own = {name: (folder / f"{name}.sql").read_text(encoding="utf-8") for name in _OWN_VIEWS}
    return {**own, **projection.views}


def _places(name: str, folders: Sequence[Path]) -> list[Path]:
    places = [folder / name for folder in folders]
    for number, place in enumerate(places):
        if (place / _NAME).is_file():
            return places[: number + 1]
    raise RequestWrong(
        "there is no projection {name}", name=name, looked=[str(place) for place in places],
        remedy="Looked in {looked}.",
    )  # fmt: skip


def _file(places: Sequence[Path], name: str) -> Path:
    for place in places:
        if (place / name).is_file():
            return place / name
    path = places[-1] / name
    raise ConfigWrong([_problem(path, "FILE_MISSING", "{name} is not there", name=name)])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigWrong([_problem(path, "NOT_READABLE", "not readable: {reason}", reason=str(error))]) from error


def _read(name: str, places: Sequence[Path], said: Mapping[str, Any]) -> Projection:
    written = said["lines"]
    lines = Lines(
        table=str(written["table"]),
        select=_text(_file(places, written["select"])),
        keys={str(key): _type(kind) for key, kind in written["keys"].items()},
        sums=tuple(str(column) for column in written["sums"]),
    )
    problems: list[Problem] = []
    tables = []
    for table, form in said.get("tables", {}).items():
        path = _file(places, form["file"])
        columns = {str(column): _type(kind) for column, kind in form["columns"].items()}
        rows, wrong = read_rule_table(_text(path), path, columns, tuple(form["key"]))
        tables.append(RuleTable(str(table), columns, tuple(form["key"]), rows))
        problems += wrong
    views = {Path(file).stem: _text(_file(places, file)) for file in said["views"]}
    problems += _named_twice(_file(places, _NAME), [lines.table, *(table.name for table in tables), *views])
    if problems:
        raise ConfigWrong(problems)
    version, title = int(said["version"]), str(said["title"])
    decisive = [version, lines.table, lines.select, lines.keys, lines.sums, views]
    decisive += [[table.name, table.columns, table.key, sorted(table.rows)] for table in tables]
    digest = hashlib.sha256(json.dumps(decisive, ensure_ascii=False).encode()).hexdigest()
    return Projection(name, version, title, lines, tuple(tables), views, digest)


def _named_twice(path: Path, names: Sequence[str]) -> Iterator[Problem]:
    """Tables and views are of one kind: one name stands for one of them, and not for a store's own."""
    taken = STORES_OWN | {*_OWN_VIEWS}
    for name in names:
        if name in taken:
            yield _problem(path, "NAME_TAKEN", "{name} is the name of another table or view", name=name)
        taken |= {name}


def _type(kind: str) -> str:
    if kind not in _TYPES:
        raise ValueError(f"a column is text or integer, not {kind}")
    return kind


def _problem(path: Path, error: str, message: str, **facts: Any) -> Problem:
    return Problem(str(path), None, None, error, message, facts=facts)
