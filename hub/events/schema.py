"""The Avro schemas of the three topics, what Arrow makes of them, and how a writer's version is read as ours.

Only what every codec reads fast and alike is allowed: a flat record of string, long, int, boolean,
timestamp-micros, date, each alone or in a union with null that names null first. Anything else is refused here, because
pyruhvro panics on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa

from hub.config import product_path
from hub.errors import Refused

NAMES: Final = ("waste_event", "quarantine", "act")
FOR_TOPIC: Final[Mapping[str, str]] = {"events": "waste_event", "quarantine": "quarantine", "acts": "act"}

ARROW: Final[Mapping[str, pa.DataType]] = {
    "string": pa.string(),
    "long": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "timestamp-micros": pa.timestamp("us"),  # without a zone, always UTC: what pyruhvro takes
    "date": pa.date32(),
}
WIRE: Final[Mapping[str, str]] = {"timestamp-micros": "long", "date": "int"}
"""Logical type → the Avro type that is written."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_JSON_TYPE: Final[Mapping[str, type]] = {"string": str, "boolean": bool}


class _Required:
    """No default: the field must be there."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()


@dataclass(frozen=True)
class Field:
    """A field of a schema. ``type`` is a key of :data:`ARROW`; ``default`` as JSON gives it, or REQUIRED."""

    name: str
    type: str
    nullable: bool
    default: Any
    doc: str


@dataclass(frozen=True)
class Source:
    """Where a field of ours comes from: the ``writer``'s field, or None and the default stands."""

    field: Field
    writer: Field | None


@lru_cache
def text(name: str) -> str:
    """The current schema (JSON text) of ``name``, one of NAMES."""
    return (product_path("schemas/avro") / f"{name}.avsc").read_text(encoding="utf-8")


@lru_cache
def fields(schema: str) -> tuple[Field, ...]:
    """The fields of a schema given as JSON text. Raises Refused where it is no schema or has a type not allowed."""
    try:
        parsed = json.loads(schema)
        if parsed["type"] != "record":
            raise _refused("a schema must be a record, not {type}", type=str(parsed["type"])[:80])
        found = tuple(_field(x) for x in parsed["fields"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused("not a schema: {reason}", reason=repr(error)[:200]) from error
    if not found or len({x.name for x in found}) != len(found):
        raise _refused("a schema must have fields, each with its own name")
    return found


@lru_cache
def arrow(name: str) -> pa.Schema:
    """The Arrow schema of ``name``: same fields, same order, nullable where Avro has a union with null."""
    return arrow_of(fields(text(name)))


def arrow_of(of: tuple[Field, ...]) -> pa.Schema:
    """The Arrow schema of these fields."""
    return pa.schema([pa.field(x.name, ARROW[x.type], x.nullable) for x in of])


@lru_cache
def defaults(name: str) -> Mapping[str, Any]:
    """Field → default (JSON value) of the fields of ``name`` that have one."""
    return {x.name: x.default for x in fields(text(name)) if x.default is not REQUIRED}


@lru_cache
def resolution(writer: str, name: str) -> tuple[Source, ...]:
    """How each of our fields is read from messages of the ``writer``'s schema: same name and type (an int may become
    a long), else our default; the writer's other fields are dropped. Raises Refused where neither is possible."""
    theirs = {x.name: x for x in fields(writer)}
    found = []
    for ours in fields(text(name)):
        field = theirs.get(ours.name)
        if field is None and ours.default is REQUIRED:
            raise _refused("the writer's schema lacks {field}, which has no default", field=ours.name)
        if field is not None and (field.type, ours.type) not in {(ours.type, ours.type), ("int", "long")}:
            raise _refused("{field} is {theirs}, not {ours}", field=ours.name, theirs=field.type, ours=ours.type)
        found.append(Source(ours, field))
    return tuple(found)


def _field(written: Mapping[str, Any]) -> Field:
    given = written["type"]
    if not _NAME.fullmatch(written["name"]):
        raise _refused("{field} is no name of a field", field=written["name"])
    nullable = isinstance(given, list)
    if isinstance(given, list):
        if len(given) != 2 or given[0] != "null":
            raise _refused("{field}: a union must be null and one other type", field=written["name"])
        given = given[1]
    kind = _kind(given)
    default = written.get("default", REQUIRED)
    if kind not in ARROW:
        raise _refused("{field}: type {type} is not allowed", field=written["name"], type=json.dumps(given)[:80])
    if default is not REQUIRED and not _fits(default, kind, nullable):
        raise _refused("{field}: its default is not of its type", field=written["name"])
    return Field(written["name"], kind, nullable, default, str(written.get("doc", "")))


def _kind(given: Any) -> str:
    """The allowed type that this is, else a text that is none."""
    if isinstance(given, str):
        return given if given not in WIRE else f"bare {given}"
    if not isinstance(given, Mapping) or set(given) != {"type", "logicalType"}:
        return "unknown"
    logical = str(given["logicalType"])
    return logical if WIRE.get(logical) == given["type"] else "unknown"


def _fits(default: Any, kind: str, nullable: bool) -> bool:
    """A union's default is of its first type, so null."""
    if nullable:
        return default is None
    return type(default) is _JSON_TYPE.get(kind, int)


def _refused(template: str, **facts: Any) -> Refused:
    return Refused(template, remedy="Allowed are string, long, int, boolean, timestamp-micros and date.", **facts)
