"""Messages to be: Arrow tables of events, quarantined records and acts, in the columns of the schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import pyarrow as pa

from hub.events import schema as schemas
from hub.events.identity import content_hash, event_id, quarantine_id, sha256_hex

KEPT_OF_LONG = 64 << 10
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Stamp:
    """What all messages of one batch share."""

    identity: str
    connector: str
    department: str
    mapping: str
    lists: str
    batch: str
    observed_at: datetime
    parts: tuple[str, ...]
    act: str | None = None

    @property
    def rules(self) -> str:
        """The mapping and the lists by which a text says what it says."""
        return f"{self.mapping} {self.lists}"

    @cached_property
    def parts_json(self) -> str:
        """The names of the parts, as a record set aside has them."""
        return json.dumps(list(self.parts), ensure_ascii=False)

    @cached_property
    def observed_utc(self) -> datetime:
        """``observed_at`` as messages have it: naive UTC."""
        return self.observed_at.astimezone(UTC).replace(tzinfo=None)


def events(mapped: pa.Table, part: str, records: pa.Table, stamp: Stamp) -> pa.Table:
    """The events of one part: ``mapped`` as a part's SELECT gives it, ``records`` the rows it came from (same order),
    with columns skey, revision, restated, rec, sha and scope. Adds ``content`` behind the schema's columns."""
    size, there = mapped.num_rows, set(mapped.column_names)
    shared: dict[str, Any] = {
        "identity": stamp.identity,
        "part": part,
        "department": stamp.department,
        "connector": stamp.connector,
        "mapping": stamp.mapping,
        "lists": stamp.lists,
        "batch": stamp.batch,
        "act": stamp.act,
        "observed_at": stamp.observed_utc,
    }
    columns = []
    for field in schemas.arrow("waste_event"):
        if field.name in shared:
            columns.append(pa.repeat(pa.scalar(shared[field.name], field.type), size))
        elif field.name in _OF_THE_RECORD:
            columns.append(records[_OF_THE_RECORD[field.name]].cast(field.type))
        elif field.name in there:
            columns.append(mapped[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(size, field.type))
    return pa.table([*columns, mapped["content"]], names=[*schemas.arrow("waste_event").names, "content"])


_OF_THE_RECORD = {
    "source_key": "skey",
    "revision": "revision",
    "restated": "restated",
    "record": "rec",
    "record_sha256": "sha",
    "scope": "scope",
}


@dataclass(frozen=True)
class Withdrawal:
    """One retraction to make: of the event ``last``, under a new pair, on the evidence of ``record`` (None: absence)."""

    last: Mapping[str, Any]
    revision: int
    restated: int
    record: str | None
    record_sha256: str | None
    scope: str | None
    act: str | None = None


def withdrawals(items: Sequence[Withdrawal], stamp: Stamp) -> pa.Table:
    """The events that take back what was said: each repeats the last good statement."""
    made = []
    for item in items:
        event = dict(item.last) | {
            "retracted": True,
            "revision": item.revision,
            "restated": item.restated,
            "record": item.record,
            "record_sha256": item.record_sha256,
            "observed_at": stamp.observed_utc,
            "batch": stamp.batch,
            "act": item.act or stamp.act,
            "connector": stamp.connector,
            "scope": item.scope if item.scope is not None else item.last["scope"],
        }
        event["content"] = content_of(event)
        event["event_id"] = event_id(event["entity_id"], event["revision"], event["restated"], event["content"])
        made.append(event)
    fields = [*schemas.arrow("waste_event"), pa.field("content", pa.string())]
    return pa.table({f.name: pa.array([e[f.name] for e in made], f.type) for f in fields})


def content_of(event: Mapping[str, Any]) -> str:
    """Content hash of an event whose times are naive UTC datetimes."""
    occurred = event["occurred_at"]
    micros = occurred if isinstance(occurred, int) else _micros(occurred)
    return content_hash({**event, "occurred_at": micros})


def _micros(naive: datetime) -> int:
    delta = naive.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def quarantined(
    *,
    key: str | None,
    revision: int,
    restated: int,
    errors: Sequence[Mapping[str, Any]],
    record: str,
    place: str | None,
    scope: str | None,
    stamp: Stamp,
    sha256: str | None = None,
    stated_sha256: str | None = None,
    length: int | None = None,
) -> dict[str, Any]:
    """One record set aside. A record over the limit keeps its digest, its length and its first 64 KiB."""
    digest = sha256 or sha256_hex(record)
    raw = record.encode()
    kept = record if len(raw) <= KEPT_OF_LONG or sha256 is None else raw[:KEPT_OF_LONG].decode(errors="ignore")
    return {
        "quarantine_id": quarantine_id(stamp.identity, key if key is not None else "", revision, restated, digest),
        "identity": stamp.identity,
        "connector": stamp.connector,
        "department": stamp.department,
        "source_key": key,
        "revision": revision,
        "restated": restated,
        "parts": stamp.parts_json,
        "scope": scope,
        "errors": _json(list(errors)),
        "record": kept,
        "record_bytes": length if length is not None else len(raw),
        "record_sha256": digest,
        "stated_sha256": stated_sha256 or digest,
        "place": place,
        "mapping": stamp.mapping,
        "lists": stamp.lists,
        "batch": stamp.batch,
        "observed_at": stamp.observed_utc,
    }


def act(
    act_id: UUID,
    kind: str,
    *,
    person: str,
    at: datetime,
    body: Mapping[str, Any],
    reason: str | None = None,
    **about: Any,
) -> dict[str, Any]:
    """One act; ``about``: identity, source_key, revision, restated, quarantine_id, positions."""
    empty = dict.fromkeys(("identity", "source_key", "revision", "restated", "quarantine_id"))
    return {
        **empty,
        "positions": "{}",
        **about,
        "act_id": str(act_id),
        "kind": kind,
        "person": person,
        "reason": reason,
        "acted_at": at.astimezone(UTC).replace(tzinfo=None),
        "body": _json(body),
    }


def table_of(rows: Sequence[Mapping[str, Any]], name: str) -> pa.Table:
    """Rows as a table in the columns of schema ``name``."""
    return pa.table({f.name: pa.array([row[f.name] for row in rows], f.type) for f in schemas.arrow(name)})
