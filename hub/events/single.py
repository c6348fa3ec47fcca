"""One message ⇄ Avro, where one is looked at. Byte for byte what :mod:`hub.events.columns` does for a batch.

A record is a dict field → value. Times are aware datetimes in UTC and days are dates; those that Python cannot hold
(before year 1, after 9999) are the integers that Avro has: µs or days since 1970-01-01. Both are taken when writing.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, cast

import fastavro

from hub.errors import Refused, SetAside
from hub.events import schema as schemas

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_0: Final = date(1970, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_BITS: Final = {"long": 63, "timestamp-micros": 63, "int": 31, "date": 31}


def encode_one(record: Mapping[str, Any], name: str) -> bytes:
    """The Avro body of ``record``; a missing field gets its default, further ones are left out. Raises SetAside where
    a value does not fit: facts field, reason."""
    text = schemas.text(name)
    return _write({field.name: _written(record, field) for field in schemas.fields(text)}, text)


def decode_one(value: bytes, writer: str, name: str) -> dict[str, Any]:
    """Read a message written with the schema ``writer`` (JSON text) as the current schema of ``name``, by the rules of
    :func:`hub.events.columns.decode`. Raises SetAside (facts reason) where it is not exactly one message."""
    try:
        sources = schemas.resolution(writer, name)
    except Refused as error:
        raise _set_aside(str(error)) from error
    raw = _read(value, writer)
    record = {}
    for source in sources:
        found = source.field.default if source.writer is None else raw[source.writer.name]
        if found is None and not source.field.nullable:
            raise _set_aside(f"{source.field.name}: null where a value must be")
        record[source.field.name] = _shown(found, source.field)
    return record


def _read(value: bytes, writer: str) -> dict[str, Any]:
    """The writer's fields, numbers as they stand."""
    try:
        raw = cast(dict[str, Any], fastavro.schemaless_reader(io.BytesIO(value), _plain(writer), None))
        for field in schemas.fields(writer):
            _checked(raw[field.name], field)
        faithful = _write(raw, writer) == value
    except SetAside:
        raise
    except Exception as error:
        raise _set_aside(str(error) or type(error).__name__) from error
    if not faithful:
        raise _set_aside("not what encoding its content again gives")
    return raw


def _write(raw: Mapping[str, Any], schema: str) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, _plain(schema), raw)
    return body.getvalue()


@lru_cache
def _plain(schema: str) -> Any:
    """The schema without logical types, parsed: numbers stay numbers, whatever fastavro would make of them."""
    plain = []
    for field in schemas.fields(schema):
        wire = schemas.WIRE.get(field.type, field.type)
        plain.append({"name": field.name, "type": ["null", wire] if field.nullable else wire})
    return fastavro.parse_schema({"type": "record", "name": json.loads(schema)["name"], "fields": plain})


def _written(record: Mapping[str, Any], field: schemas.Field) -> Any:
    value = record.get(field.name, field.default)
    if isinstance(value, datetime) and field.type == "timestamp-micros":
        if value.utcoffset() is None:
            raise _unfit(field, "a time without a zone")
        value = (value - _EPOCH) // _MICROSECOND
    elif isinstance(value, date) and not isinstance(value, datetime) and field.type == "date":
        value = (value - _DAY_0).days
    return _checked(value, field)


def _checked(value: Any, field: schemas.Field) -> Any:
    """``value`` where Avro's type holds it, else SetAside."""
    if value is schemas.REQUIRED or (value is None and not field.nullable):
        raise _unfit(field, "null where a value must be")
    if value is None:
        return None
    bits = _BITS.get(field.type)
    if bits is not None:
        fits = type(value) is int and -(1 << bits) <= value < 1 << bits
    elif field.type == "string":
        fits = isinstance(value, str) and _is_text(value)
    else:
        fits = isinstance(value, bool)
    if not fits:
        raise _unfit(field, f"{value!r:.80} is no {field.type}")
    return value


def _is_text(value: str) -> bool:
    """Not so with a lone surrogate, which UTF-8 cannot have."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: Any, field: schemas.Field) -> Any:
    if value is None or field.type not in schemas.WIRE:
        return value
    try:
        return _EPOCH + value * _MICROSECOND if field.type == "timestamp-micros" else _DAY_0 + timedelta(days=value)
    except OverflowError:
        return value


def _unfit(field: schemas.Field, reason: str) -> SetAside:
    return SetAside("{field} cannot be written: {reason}", field=field.name, reason=reason)


def _set_aside(reason: str) -> SetAside:
    return SetAside("the message cannot be used: {reason}", reason=reason)
