"""``doctor``: every part looked at, what was found, and what to do about it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import metadata
from typing import Any

from hub.errors import HubError
from hub.events.calendar import SHANGHAI
from hub.events.compatibility import check as check_schemas
from hub.events.schema import NAMES
from hub.intake.connector import FileSpec
from hub.intake.plug import Plug
from hub.intake.pull_files import file_source
from hub.intake.pull_table import opened
from hub.intake.quarantine import listed
from hub.journal.port import TOPICS
from hub.projector.project import report
from hub.run.checks import Check, amount, bad, failed, good
from hub.run.doctor_journal import journal_checks
from hub.run.parts import Parts
from hub.texts import translate

LEAST_FREE_BYTES = 1 << 30
LARGEST_LAG = 100_000
LONGEST_LAG_SECONDS = 3600
SHOWN_CONFLICTS = 10


def doctor(hub: Parts) -> dict[str, Any]:
    """{"checks": [{part, ok, found, remedy}]}."""
    parts: list[tuple[str, Callable[[Parts], Iterator[Check]]]] = [
        ("versions", _versions),
        ("schemas", _schemas),
        ("disk", _disk),
        ("journal", journal_checks),
        ("store", _store),
        ("connectors", _connectors),
        ("quarantine", _quarantine),
    ]
    checks: list[Check] = []
    for name, look in parts:
        try:
            checks += look(hub)
        except HubError as error:
            checks.append(failed(name, error))
    return {"checks": checks}


def _versions(_: Parts) -> Iterator[Check]:
    names = ("wastehub", "duckdb", "pyarrow", "pyruhvro", "fastavro", "sqlglot", "sqlalchemy")
    yield good(
        "versions", f"Python {platform.python_version()}, " + ", ".join(f"{n} {metadata.version(n)}" for n in names)
    )


def _schemas(_: Parts) -> Iterator[Check]:
    wrong = [f"{name}: {found}" for name in NAMES for found in check_schemas(name)]
    if wrong:
        yield bad("schemas", "; ".join(wrong), "Restore schemas/avro from the release.")
    else:
        yield good("schemas", ", ".join(NAMES))


def _disk(hub: Parts) -> Iterator[Check]:
    free = shutil.disk_usage(hub.folder).free
    found = f"{free / (1 << 30):.1f} GiB"
    if free < LEAST_FREE_BYTES:
        yield bad("disk", found, "Free some space: the journal stops when the disk is full.")
    else:
        yield good("disk", found)


def _store(hub: Parts) -> Iterator[Check]:
    store = hub.store()
    store.prepare(hub.projection(), hub.journal().identity)
    rows = report(hub.journal(), store, dict.fromkeys(TOPICS, 0))["projections"]
    for row in rows:
        behind = row["lag_events"]
        found = translate(
            "{name}: {lag} message(s) behind the journal, the oldest for {seconds} s; last moved at {moved}",
            name=row["name"], lag=amount(behind, counted=row["lag_counted"]), seconds=row["lag_seconds"],
            moved=_city_time(row["moved_at"]),
        ) if behind else translate("{name}: nothing behind the journal", name=row["name"])  # fmt: skip
        if behind > LARGEST_LAG or row["lag_seconds"] > LONGEST_LAG_SECONDS:
            yield bad("store", found, "Run wastehub project, or let wastehub run go on.")
        else:
            yield good("store", found)
    conflicts = store.conflicts(SHOWN_CONFLICTS)
    if conflicts:
        found = translate(
            "two events say different things under one revision: {entities}", entities=", ".join(conflicts)
        )
        yield bad("store", found, "Look at them with wastehub explain; did two hubs write to this journal?")


def _city_time(moved: str | None) -> str:
    if moved is None:
        return "–"
    return datetime.fromisoformat(moved).astimezone(SHANGHAI).isoformat(" ", "seconds")


def _connectors(hub: Parts) -> Iterator[Check]:
    plugs = hub.plugs([])
    if not plugs:
        yield bad("connectors", translate("none"), "Add connectors/<department>/<system>/connector.yaml.")
    for plug in plugs:
        yield _source(hub, plug)


def _source(hub: Parts, plug: Plug) -> Check:
    name = plug.connector.name
    try:
        if isinstance(plug.connector.source, FileSpec):
            source = file_source(plug, hub.around())
            found = source.found(0.0)
            for newest in found.files[-1:]:  # whether its columns are those that the connector drops
                next(source.read(newest, 1), None)
            return good(name, translate("{count} file(s)", count=len(found.files)))
        with opened(plug, hub.around()) as read:
            return good(name, translate("{count} row(s)", count=read.count()))
    except HubError as error:
        return failed(name, error)


def _quarantine(hub: Parts) -> Iterator[Check]:
    waiting = len(listed(hub.journal(), hub.config.data))
    yield good("quarantine", translate("{count} record(s) wait; wastehub quarantine list shows them", count=waiting))
