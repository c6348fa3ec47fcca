"""``doctor``: every part looked at, what was found, and what to do about it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import metadata
from typing import Any

from hub.errors import HubError, JournalUnavailable
from hub.events.compatibility import check as check_schemas
from hub.events.schema import NAMES
from hub.intake.connector import FileSpec
from hub.intake.plug import Plug
from hub.intake.pull_files import file_source
from hub.intake.pull_table import opened
from hub.intake.quarantine import listed
from hub.run.checks import Check, bad, failed, good
from hub.run.doctor_journal import journal_checks
from hub.run.doctor_store import store_checks
from hub.run.parts import Parts
from hub.texts import translate

NEED_THE_JOURNAL = {"store", "quarantine"}
"""Looked at after it: each would wait for it anew, as long as one has patience."""
LEAST_FREE_BYTES = 1 << 30
LIBRARIES = ("wastehub", "duckdb", "pyarrow", "pyruhvro", "fastavro", "sqlglot", "sqlalchemy")
DRIVERS = ("confluent-kafka", "kafka-python", "psycopg")
"""Extras and their kind: named where they are installed."""


def doctor(hub: Parts) -> dict[str, Any]:
    """{"checks": [{part, ok, found, remedy}]}; a check of a projection has its figures as ``projection``, one of what
    cannot be decoded their number as ``undecodable``."""
    parts: list[tuple[str, Callable[[Parts], Iterator[Check]]]] = [
        ("versions", _versions),
        ("schemas", _schemas),
        ("disk", _disk),
        ("journal", journal_checks),
        ("store", store_checks),
        ("connectors", _connectors),
        ("quarantine", _quarantine),
    ]
    checks: list[Check] = []
    away = False
    for name, look in parts:
        if away and name in NEED_THE_JOURNAL:
            found = translate("not looked at: the journal does not answer")
            checks.append(bad(name, found, "What is to be done about the journal comes first."))
            continue
        try:
            checks += look(hub)
        except HubError as error:
            checks.append(failed(name, error))
            away = away or isinstance(error, JournalUnavailable)
    return {"checks": checks}


def _versions(_: Parts) -> Iterator[Check]:
    told = [f"Python {platform.python_version()}", *(f"{name} {metadata.version(name)}" for name in LIBRARIES)]
    for name in DRIVERS:
        with suppress(metadata.PackageNotFoundError):
            told.append(f"{name} {metadata.version(name)}")
    yield good("versions", ", ".join(told))


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
