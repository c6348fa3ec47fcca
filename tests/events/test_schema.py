"""What a schema may be made of, and how one version is read as another."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from hub.errors import Refused
from hub.events import schema


def _schema(*fields: dict[str, Any], **more: Any) -> str:
    return json.dumps({"type": "record", "name": "Act", "fields": list(fields), **more})


@pytest.mark.parametrize("name", schema.NAMES)
def test_arrow_follows_the_schema(name: str) -> None:
    """Every Avro field is an Arrow field of the same name, in the same order, nullable where null is allowed."""
    written = json.loads(schema.text(name))["fields"]
    arrow = schema.arrow(name)
    assert arrow.names == [x["name"] for x in written]
    assert [x.nullable for x in arrow] == [isinstance(x["type"], list) for x in written]


def test_types() -> None:
    """Times are µs without a zone, days are dates, the rest is what Avro calls it."""
    arrow = schema.arrow("waste_event")
    found = {x: arrow.field(x).type for x in ("entity_id", "revision", "restated", "retracted", "occurred_at")}
    assert found == {
        "entity_id": pa.string(), "revision": pa.int64(), "restated": pa.int32(), "retracted": pa.bool_(),
        "occurred_at": pa.timestamp("us"),
    }  # fmt: skip
    assert arrow.field("business_day").type == pa.date32()


def test_defaults() -> None:
    """Defaults are those of the file; a field without one has none."""
    found = schema.defaults("waste_event")
    assert found["basis"] == "stated"
    assert found["code_unverified"] is False
    assert found["waste_name"] is None
    assert "entity_id" not in found


def test_every_topic_has_a_schema() -> None:
    """Each of the three topics has one of the three schemas."""
    assert sorted(schema.FOR_TOPIC.values()) == sorted(schema.NAMES)


@pytest.mark.parametrize(
    "kind",
    [
        "bytes", "float", "double", "null", "Other", ["string", "null"], ["null"], ["null", "string", "int"],
        {"type": "enum", "name": "E", "symbols": ["a"]}, {"type": "array", "items": "string"},
        {"type": "map", "values": "long"}, {"type": "fixed", "name": "F", "size": 4},
        {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        {"type": "long", "logicalType": "timestamp-millis"}, {"type": "int", "logicalType": "timestamp-micros"},
        {"type": "string", "logicalType": "uuid"}, "timestamp-micros", "date", 7, None, {"type": ["null"]},
        {"type": "record", "name": "R", "fields": []},
    ],
    ids=str,
)  # fmt: skip
def test_other_types_are_refused(kind: Any) -> None:
    """A type that one of the codecs cannot do is refused before anything is read with it."""
    with pytest.raises(Refused):
        schema.fields(_schema({"name": "x", "type": kind}))


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", "3", '"string"', '{"type": "record"}', '{"type": "enum", "name": "E", "symbols": []}',
        '{"type": "record", "name": "R", "fields": []}', '{"type": "record", "name": "R", "fields": [3]}',
        '{"type": "record", "name": "R", "fields": [{"name": "x"}]}', "[" * 100_000,
        _schema({"name": "x", "type": "int"}, {"name": "x", "type": "int"}), _schema({"name": "x y", "type": "int"}),
        _schema({"name": 3, "type": "int"}),
        _schema({"name": "x", "type": "int", "default": "0"}), _schema({"name": "x", "type": "int", "default": True}),
        _schema({"name": "x", "type": ["null", "int"], "default": 0}),
        _schema({"name": "x", "type": "boolean", "default": 0}),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_refused(text: str) -> None:
    """Text that is no schema, or one with a default of another type, is refused and never a crash."""
    with pytest.raises(Refused):
        schema.fields(text)


def test_resolution_refuses_what_cannot_be_read() -> None:
    """A writer's schema that lacks a field we need, or has it in another type, cannot be read as ours."""
    with pytest.raises(Refused, match="act_id"):
        schema.resolution(_schema({"name": "other", "type": "string"}), "act")
    written = json.loads(schema.text("act"))["fields"]
    retyped = [{**x, "type": "long"} if x["name"] == "person" else x for x in written]
    with pytest.raises(Refused, match="person"):
        schema.resolution(_schema(*retyped), "act")


def test_resolution_takes_defaults_and_wider_numbers() -> None:
    """A field that the writer lacks is our default, an int is read as a long, further fields are left out."""
    written = json.loads(schema.text("act"))["fields"]
    kept = [{**x, "type": ["null", "int"]} if x["name"] == "revision" else x for x in written if x["name"] != "body"]
    sources = schema.resolution(_schema(*kept, {"name": "more", "type": "string"}), "act")
    assert [x.field.name for x in sources] == [x["name"] for x in written]
    assert [x.field.name for x in sources if x.writer is None] == ["body"]
