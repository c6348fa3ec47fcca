"""A connector as its file says it: what to read and how to map it. Read by :mod:`hub.intake.connector_file`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEPARTMENTS = (
    "environment",
    "urban_management",
    "housing",
    "agriculture",
    "commerce",
    "health",
    "transport",
    "industry",
)


@dataclass(frozen=True)
class Position:
    """Where a text begins in the file: line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Expression:
    """An SQL scalar expression over the record, as written, and where it begins.

    ``raw`` is the same as it stands in the file, line breaks, indents and escapes included ('' = like ``text``).
    """

    text: str
    at: Position
    raw: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True)
class Cursor:
    """Keyset reading: rows by (``by``, key); rows up to ``lag_seconds`` older are read again."""

    by: str
    lag_seconds: float = 0.0


@dataclass(frozen=True)
class Limits:
    """How gently the source is read. ``quiet``: pairs of minutes of the day (Asia/Shanghai) in which it is not."""

    rows_per_second: int | None = None
    statement_timeout_seconds: float | None = None
    quiet: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class SqlSpec:
    """``kind: sql``. Exactly one of ``table`` and ``query``. ``url`` as written (env: and file: not yet resolved)."""

    url: str
    table: str | None
    query: str | None
    key: tuple[str, ...]
    cursor: Cursor | None
    version: Expression | None
    deleted: Expression | None
    limits: Limits
    at: Position


@dataclass(frozen=True)
class FileSpec:
    """``kind: file``. ``path`` is a glob relative to the hub; ``header`` the 1-based row(s) with the column names."""

    path: str
    key: tuple[str, ...]
    encoding: str
    sheet: str | None
    header: tuple[int, int] | None
    scope: Expression | None
    version: Expression | None
    deleted: Expression | None
    at: Position


@dataclass(frozen=True)
class ListSpec:
    """A local list: ``entries`` as written in the file (texts), or ``file`` relative to the connector's folder."""

    name: str
    version: str
    unit: str | None
    entries: Mapping[str, str] | None
    file: str | None
    at: Position


@dataclass(frozen=True)
class Part:
    """One event of a record; ``map`` is complete (the connector's map with the part's own on top)."""

    name: str
    map: Mapping[str, Expression]


@dataclass(frozen=True)
class Case:
    """An inline test: a row, and either the expected events or the expected refusal ({field, error})."""

    name: str
    row: Mapping[str, Any]
    expect: tuple[Mapping[str, Any], ...] | None
    quarantine: Mapping[str, str] | None
    at: Position


@dataclass(frozen=True)
class Connector:
    """One system, plugged in. ``identity`` outlives a rename; ``parts`` has at least one (the unnamed part '')."""

    path: Path
    name: str
    identity: str
    title: str
    department: str
    source: SqlSpec | FileSpec
    every_seconds: float
    drop: tuple[str, ...]
    lists: Mapping[str, ListSpec]
    parts: tuple[Part, ...]
    checks: Mapping[str, Expression]
    warn: frozenset[str]
    max_mass_g: int
    tests: tuple[Case, ...]
    source_lines: tuple[str, ...] = field(default=(), repr=False, compare=False)
