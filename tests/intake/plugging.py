"""A connector made in a test, and what its records come to: compiled and run as in a real pull, nothing written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import yaml

from hub.intake.plug import Plug, examine
from hub.intake.said import Origin, Said
from hub.intake.seen import Seen
from hub.intake.trying import Trial

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAP = {
    "kind": "'RECEIVED'",
    "stream": "'construction'",
    "scheme": "'SW'",
    "code": "'SW70'",
    "value": "num(V)",
    "unit": "U",
    "occurred_at": "ts(T)",
    "region": "R",
}
ROW = {"K": "1", "V": "2", "U": "吨", "T": "2026-03-01", "R": "371502"}


def connector_text(mapped: Mapping[str, str | None] | None = None, **more: Any) -> str:
    """A connector.yaml with the fields of MAP, some of them otherwise (None: left out), and further keys."""
    fields = {name: text for name, text in (MAP | dict(mapped or {})).items() if text is not None}
    source = {"kind": "sql", "url": "sqlite:x.db", "table": "T", "key": "K"} | more.pop("source", {})
    file = {"hub": 1, "name": "housing.scales", "department": "housing", "source": source, "map": fields} | more
    return yaml.safe_dump(file, allow_unicode=True, sort_keys=False, width=1_000_000)


def plug_of(text: str, folder: Path, *, thoroughly: bool = False) -> Plug:
    """The connector that ``text`` describes; it must be right."""
    (folder / "connector.yaml").write_text(text, encoding="utf-8")
    plug, problems = examine(folder / "connector.yaml", thoroughly=thoroughly)
    assert problems == [], [problem.text() for problem in problems]
    assert plug is not None
    return plug


@lru_cache(maxsize=8)
def trial_of(text: str) -> Trial:
    """A trial of a connector. It keeps nothing of what it was shown, so tests may share it."""
    with TemporaryDirectory() as folder:
        return Trial(plug_of(text, Path(folder)), Seen(Path(folder) / "seen.db"), NOW)


def rows_of(*rows: Mapping[str, str | None]) -> pa.Table:
    """Records as a table of texts; a column that a row lacks is null."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def said_of(text: str, *rows: Mapping[str, str | None]) -> Said:
    """What a connector makes of records, each with a key of its own unless it has one."""
    keyed = [{**ROW, "K": str(number), **row} for number, row in enumerate(rows)]
    return trial_of(text).say(rows_of(*keyed), pa.array(range(1, len(rows) + 1), pa.int64()), Origin("t"))


def events_of(text: str, *rows: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """The events, none of the records being set aside."""
    said = said_of(text, *rows)
    assert said.quarantine == [], errors_in(said)
    return [event for table in said.tables() for event in table.to_pylist()]


def event_of(mapped: Mapping[str, str | None] | None = None, row: Mapping[str, str | None] | None = None,
             **more: Any) -> dict[str, Any]:
    """The one event of one record."""
    [event] = events_of(connector_text(mapped, **more), row or {})
    return event


def errors_in(said: Said) -> list[dict[str, Any]]:
    """Every error of every record that was set aside."""
    return [error for aside in said.quarantine for error in json.loads(aside["errors"])]


def errors_of(mapped: Mapping[str, str | None] | None = None, row: Mapping[str, str | None] | None = None,
              **more: Any) -> list[tuple[str, str]]:
    """(field, error) of one record; [] where it is accepted."""
    return [(e["field"], e["error"]) for e in errors_in(said_of(connector_text(mapped, **more), row or {}))]
