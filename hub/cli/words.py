"""Names, values and times as people read them: in words, in the language spoken, by the city's clock.

Scripts get codes (``--json``); these words are for tables and trees only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.cli.visible import visible
from hub.events.refusals import REFUSALS, STATES
from hub.reference.kinds import (
    ACCOUNTS,
    ACTS,
    BASES,
    DEPARTMENTS,
    FIELDS,
    KINDS,
    PRECISIONS,
    STREAMS,
)  # fmt: skip
from hub.texts import N_, language, translate

HEADINGS = {
    "period": N_("period"), "region": N_("region"), "stream": N_("stream"), "scheme": N_("scheme"), "code": N_("code"),
    "kind": N_("kind"), "department": N_("department"), "mass_g": N_("mass"), "count": N_("count"),
    "connector": N_("connector"), "source_key": N_("source key"), "entity_id": N_("entity"), "part": N_("part"),
    "record": N_("record"), "found": N_("found"),
    "name": N_("name"), "title": N_("title"), "source": N_("source"), "account": N_("account"),
    "debit_g": N_("debit"), "credit_g": N_("credit"), "complete": N_("complete"), "errors": N_("errors"),
    "values": N_("values"), "lines": N_("lines"), "accounts": N_("accounts"), "acts": N_("acts"),
    "every_seconds": N_("every (s)"), "tests": N_("tests"), "path": N_("file"), "read": N_("read"),
    "events": N_("events"), "unchanged": N_("unchanged"), "skipped": N_("skipped"), "quarantined": N_("quarantined"),
    "cursor": N_("cursor"), "error": N_("error"), "version": N_("version"), "applied": N_("applied"),
    "superseded": N_("superseded"), "not_a_record": N_("not a record"), "lag_events": N_("lag"),
    "lag_seconds": N_("waiting (s)"),
    "booked": N_("booked"), "entries": N_("entries"), "id": N_("id"), "state": N_("state"), "topic": N_("topic"),
    "partition": N_("partition"), "position": N_("position"), "end": N_("end"), "remedy": N_("what to do"),
    "what": N_("what it is"), "quarantine": N_("quarantine"), "quarantine_id": N_("quarantined as"),
    "lines_in_all": N_("lines in all"), "entries_in_all": N_("entries in all"), "field": N_("field"),
    "expression": N_("expression"), "place": N_("place"), "first_seen": N_("first seen"),
    "last_seen": N_("last seen"), "parts": N_("parts"), "record_bytes": N_("bytes of the record"),
    "act_id": N_("act"), "decision": N_("decision"), "person": N_("person"), "reason": N_("reason"),
    "acted_at": N_("decided at"), "raw": N_("first bytes"), "records": N_("records"), "why": N_("why"),
    "connectors": N_("connectors"),
}  # fmt: skip
THINGS = {
    "topic": {"events": N_("events"), "quarantine": N_("quarantine"), "acts": N_("acts")},
    "source": {"sql": N_("database"), "file": N_("files")},
    "what": {
        "line": N_("a line of the ledger"), "account": N_("an account"), "entity": N_("an entity"),
        "event": N_("an event"), "source_key": N_("a source key"), "quarantine": N_("a record set aside"),
    },
    "state": STATES,
    "part_of_a_hub": {
        "versions": N_("versions"), "schemas": N_("schemas"), "disk": N_("disk"), "journal": N_("journal"),
        "clock": N_("clock"), "store": N_("store"), "projectors": N_("projectors"),
        "connectors": N_("connectors"), "quarantine": N_("quarantine"),
    },
}  # fmt: skip
CHINESE: Mapping[str, Mapping[str, str]] = {
    "stream": STREAMS, "department": DEPARTMENTS, "basis": BASES, "precision": PRECISIONS,
    "account": ACCOUNTS, "decision": ACTS, "kind": {name: kind.name_zh for name, kind in KINDS.items()},
}  # fmt: skip
TIMES = {"occurred_at", "recorded_at", "observed_at", "acted_at", "first_seen", "last_seen", "as_of", "updated_at"}


def heading(column: str) -> str:
    """A column's or field's name; what has none in words stays as it is."""
    if column in HEADINGS:
        return translate(HEADINGS[column])
    return FIELDS.get(column, visible(column)) if _in_chinese() else visible(column)


def value_of(column: str, value: object) -> str:
    """A value of a column in words; codes, periods and what sources wrote as they are."""
    if value is None:
        return ""
    text = visible(str(value))
    if column in TIMES:
        return city_time(text)
    if text in THINGS.get(column, {}):
        return translate(THINGS[column][text])
    if column == "error" and text in REFUSALS:
        return f"{text} {translate(REFUSALS[text].sentence)}"
    if column == "field":
        return field_name(text)
    return CHINESE.get(column, {}).get(text, text) if _in_chinese() else text


def field_name(name: str) -> str:
    """A field as connector.yaml names it, in Chinese with its word before it."""
    return f"{FIELDS[name]} {name}" if name in FIELDS and _in_chinese() else name


def city_time(text: str) -> str:
    """An ISO time with its offset, by the city's clock (Asia/Shanghai) to the second; anything else as it is."""
    from hub.events.calendar import SHANGHAI

    try:
        instant = datetime.fromisoformat(text)
        local = instant.astimezone(SHANGHAI) if instant.tzinfo is not None else None
    except (ValueError, OverflowError):
        local = None
    if local is None:
        return text
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:]}"


def error_lines(error: Mapping[str, Any]) -> list[str]:
    """What is wrong with one field, and the values that it was made of; then, if it is known, what to do about it."""
    where = f"{field_name(visible(error['field']))}: " if error.get("field") else ""
    values = "; ".join(f"{origin(name)}: {source_text(value)}" for name, value in (error.get("values") or {}).items())
    first = where + value_of("error", error["error"]) + (f" ({values})" if values else "")
    remedy = error.get("remedy")
    return [first, translate("What to do: {remedy}", remedy=visible(remedy))] if remedy else [first]


def source_text(value: object) -> str:
    """A value of a record, as the source has it; a dash for nothing."""
    return "–" if value is None else visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def origin(name: str) -> str:
    """A column of the source; or ``successor``, which the hub adds to a region that was replaced."""
    return translate("its successor") if name == "successor" else visible(name)


def _in_chinese() -> bool:
    return language() == "zh"
