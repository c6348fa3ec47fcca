"""Trying a connector without writing anything: its inline tests, and the first records of its source."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from hub.events.identity import canonical_json, canonical_record, sha256_hex
from hub.events.refusals import with_remedies
from hub.intake.connector import Case, FileSpec
from hub.intake.event_fields import COMPUTED
from hub.intake.outgoing import Stamp
from hub.intake.placing import Placing
from hub.intake.plug import Plug
from hub.intake.pull_files import file_source, is_tabular
from hub.intake.pull_table import opened
from hub.intake.record import Recorder
from hub.intake.said import Origin, Said
from hub.intake.seen import Seen
from hub.intake.session import Surroundings
from hub.intake.sources.port import Batch
from hub.intake.stating import Stating
from hub.texts import N_, translate

_BATCH = "preview"


class Trial:
    """A connector on records that are not kept: the same compiler and the same engine as a real pull."""

    def __init__(self, plug: Plug, seen: Seen, now: datetime) -> None:
        """``seen``: an empty cache that is thrown away afterwards."""
        self._plug = plug
        self._engine = plug.engine()
        connector, mapping = plug.connector, plug.mapping
        self._recorder = Recorder(connector.source.key, mapping.columns)
        stamp = Stamp(
            connector.identity,
            connector.name,
            connector.department,
            mapping.digest,
            mapping.list_versions(plug.lists),
            _BATCH,
            now,
            tuple(part.name for part in connector.parts),
        )
        self._stating = Stating(self._engine, seen, Placing(self._engine, now), stamp, lambda _places: [])

    def say(self, rows: pa.Table, lines: pa.Array, origin: Origin) -> Said:
        """What these records would come to, were they the first of their keys."""
        records = self._recorder.records(rows, lines)
        scope = self._engine.mapping.scope
        found = pa.nulls(records.num_rows, pa.string())
        if scope is not None:
            found = self._engine.evaluate(records, {"scope": f"nullif(trim({scope.sql}), '')"})["scope"]
        records = records.append_column("scope", found)
        for name, value in (("origin", 0), ("version_default", None)):
            records = records.append_column(name, pa.array([value] * records.num_rows, pa.int64()))
        return self._stating.say(records, [origin], fresh=True)

    def missing(self, rows: pa.Table) -> frozenset[str]:
        """Columns that the mapping reads and that rows of a table do not have."""
        return self._recorder.missing(rows.column_names)

    def run(self, case: Case) -> list[str]:
        """The differences between what an inline test expects and what came; [] where it passed."""
        return self.run_all([case])[0]

    def run_all(self, cases: Sequence[Case]) -> list[list[str]]:
        """:meth:`run` for all of them in one batch: what came of a row is known by its SHA-256."""
        if not cases:
            return []
        rows = [self._row(case) for case in cases]
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})
        said = self.say(table, pa.array(range(1, len(rows) + 1), pa.int64()), Origin("test"))
        events = [event for found in said.tables() for event in found.to_pylist()]
        results = []
        for case, row in zip(cases, rows, strict=True):
            digest = sha256_hex(canonical_record({n: t if t is None or t.strip() else None for n, t in row.items()}))
            came = [event for event in events if event["record_sha256"] == digest]
            refused = [e for aside in said.quarantine if aside["record_sha256"] == digest for e in _errors(aside)]
            results.append(_differences(case, came, refused))
        return results

    def _row(self, case: Case) -> dict[str, str | None]:
        """The record of a test; a key or scope that it leaves out is made up."""
        row = {name: _text(value) for name, value in case.row.items() if name not in self._plug.connector.drop}
        scope = self._engine.mapping.scope
        for name in (*self._plug.connector.source.key, *(scope.columns if scope is not None else ())):
            if row.get(name) is None and "." not in name:
                row[name] = "test"
        return row


def _differences(case: Case, came: list[dict[str, Any]], refused: list[dict[str, Any]]) -> list[str]:
    if case.quarantine is not None:
        return _refusal_differs(case.quarantine, refused, len(came))
    if refused:
        template = "set aside: {field} {error} {values}"
        return [
            translate(template, field=e["field"], error=e["error"], values=canonical_json(e["values"])) for e in refused
        ]
    return _events_differ(case.expect or (), came)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else canonical_json(value)


def _errors(aside: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(aside["errors"])
    return found


def _refusal_differs(wanted: Mapping[str, str], refused: list[dict[str, Any]], came: int) -> list[str]:
    if any(all(str(error.get(name)) == value for name, value in wanted.items()) for error in refused):
        return []
    expected = " ".join(wanted.values())
    if not refused:
        return [translate("expected to be set aside: {expected}; came {count} event(s)", expected=expected, count=came)]
    found = ", ".join(f"{e['field']} {e['error']}" for e in refused)
    return [translate("expected to be set aside: {expected}; came {found}", expected=expected, found=found)]


def _events_differ(wanted: tuple[Mapping[str, Any], ...], came: list[dict[str, Any]]) -> list[str]:
    differences = []
    if len(wanted) != len(came) and not (len(wanted) == 1 and came):
        differences.append(translate("events: expected {wanted}, came {came}", wanted=len(wanted), came=len(came)))
    for number, expected in enumerate(wanted):
        part = expected.get("part")
        those = came[number:] if part is None else [event for event in came if event["part"] == part]
        if those:
            differences += _fields_differ(expected, those[0])
        elif part is not None:
            differences.append(translate("part {part}: no event", part=part))
        else:
            differences.append(translate("event {number}: none", number=number + 1))
    return differences


def _fields_differ(wanted: Mapping[str, Any], event: Mapping[str, Any]) -> Iterator[str]:
    for name, value in wanted.items():
        found = shown(event.get(name))
        if name not in event:
            yield translate("{name}: there is no such field", name=name)
        elif not _same(value, found):
            nothing = N_("nothing")
            told = {"wanted": nothing if value is None else value, "came": nothing if found is None else found}
            yield translate("{name}: expected {wanted}, came {came}", name=name, **told)


def _same(wanted: Any, found: Any) -> bool:
    if wanted in (None, "", "null", "~"):
        return found is None
    return str(wanted) == str(found) or (isinstance(found, bool) and str(wanted).lower() == str(found).lower())


def shown(value: Any) -> Any:
    """A field's value as JSON shows it: times as ISO in UTC, dates as ISO."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def preview(plug: Plug, seen: Seen, around: Surroundings, limit: int) -> dict[str, Any]:
    """The first ``limit`` records of the source as {"rows": events, "quarantined": records set aside}."""
    trial, rows, quarantined, left = Trial(plug, seen, around.now()), [], [], limit
    for name, tabular, batch in _first(plug, around):
        size = min(left, batch.rows.num_rows)
        origin = Origin(name, trial.missing(batch.rows) if tabular else frozenset())
        said = trial.say(batch.rows.slice(0, size), batch.lines.slice(0, size), origin)
        rows += [_fields(event) for table in said.tables() for event in table.to_pylist()]
        quarantined += [
            {"id": q["quarantine_id"], "source_key": q["source_key"], "place": q["place"], "errors": with_remedies(_errors(q))}
            for q in said.quarantine
        ]
        left -= size
        if left <= 0:
            break
    return {"rows": rows, "quarantined": quarantined}


_HIDDEN = set(COMPUTED) - {
    "mass_g",
    "period",
    "business_day",
    "source_key",
    "part",
    "code_unverified",
    "factor",
    "factor_version",
    "marks",
}


def _fields(event: Mapping[str, Any]) -> dict[str, Any]:
    return {n: shown(v) for n, v in event.items() if v not in (None, "") and n not in _HIDDEN and n != "content"}


def _first(plug: Plug, around: Surroundings) -> Iterator[tuple[str, bool, Batch]]:
    """What the source is called, whether all of its rows have the same columns, and some of them."""
    spec = plug.connector.source
    if isinstance(spec, FileSpec):
        source = file_source(plug, around)
        for file in source.found(2.0).files:
            for batch in source.read(file):
                yield file.name, is_tabular(file.path), batch
        return
    with opened(plug, around) as read:
        yield from zip(itertools.repeat(spec.table or "query"), itertools.repeat(True), read.rows(1_000))
