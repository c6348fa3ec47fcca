"""The gate for changes of a schema, and what released versions wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hub.config import product_path
from hub.events import columns, schema
from hub.events.compatibility import check, incompatibilities, released
from hub.events.single import decode_one, encode_one
from tests.events.records import table
from tests.events.release import written

Schema = dict[str, Any]
Change = Callable[[Schema], None]
VERSIONS = [(name, number + 1, text) for name in schema.NAMES for number, text in enumerate(released(name))]
EVENT = schema.text("waste_event")


def _golden(name: str, number: int) -> tuple[list[dict[str, Any]], list[bytes]]:
    folder = product_path("schemas/avro") / "released" / name
    rows = [json.loads(x) for x in (folder / f"{number}.jsonl").read_text(encoding="utf-8").splitlines()]
    bodies = [bytes.fromhex(x) for x in (folder / f"{number}.hex").read_text(encoding="ascii").splitlines()]
    assert rows
    assert len(rows) == len(bodies)
    return rows, bodies


@pytest.mark.parametrize(("name", "number", "text"), VERSIONS, ids=lambda x: str(x)[:12])
def test_released_versions_are_read_for_ever(name: str, number: int, text: str) -> None:
    """What a released version wrote is read, by both codecs, as exactly the values that went in; what it did not have
    yet is the default."""
    rows, bodies = _golden(name, number)
    assert [written(x, text) for x in rows] == bodies
    expected = [{**schema.defaults(name), **x} for x in rows]
    decoded = columns.decode(bodies, text, name)
    assert not decoded.bad
    assert decoded.table.equals(table(expected, name))
    for row, body in zip(expected, bodies, strict=True):
        assert encode_one(decode_one(body, text, name), name) == encode_one(row, name)


@pytest.mark.parametrize("name", schema.NAMES)
def test_the_current_schema_is_released(name: str) -> None:
    """The current schema is its newest released version, and each version may follow all before it. (After a change:
    ``python -m tests.events.release NAME``.)"""
    assert [str(x) for x in check(name)] == []
    assert released(name)[-1] == schema.text(name)


def _field(name: str, parsed: Schema) -> Schema:
    found: Schema = next(x for x in parsed["fields"] if x["name"] == name)
    return found


def _add(**field: Any) -> Change:
    return lambda parsed: parsed["fields"].append({"doc": "New.", **field})


def _set(name: str, /, **values: Any) -> Change:
    return lambda parsed: _field(name, parsed).update(values)


def _drop(name: str, key: str | None = None) -> Change:
    def change(parsed: Schema) -> None:
        if key is None:
            parsed["fields"].remove(_field(name, parsed))
        else:
            del _field(name, parsed)[key]

    return change


def _head(**values: Any) -> Change:
    return lambda parsed: parsed.update(values)


MICROS = {"type": "long", "logicalType": "timestamp-micros"}
DAY = {"type": "int", "logicalType": "date"}

REFUSED: list[tuple[str, str, Change]] = [
    ("NOT_ALLOWED", "a type no codec does", _add(name="x", type="bytes", default="")),
    ("NOT_ALLOWED", "an enum", _add(name="x", type={"type": "enum", "name": "E", "symbols": ["a"]}, default="a")),
    ("NOT_ALLOWED", "a name that is none", _add(name="x y", type=["null", "string"], default=None)),
    ("NOT_ALLOWED", "a default of another type", _add(name="x", type="string", default=3)),
    ("NAME_CHANGED", "another name", _head(name="Event")),
    ("NAME_CHANGED", "another namespace", _head(namespace="hub")),
    ("DOC_MISSING", "the record without doc", _head(doc=" ")),
    ("DOC_MISSING", "a field without doc", _drop("basis", "doc")),
    ("DOC_MISSING", "a new field without doc", _add(name="x", type=["null", "string"], default=None, doc="")),
    ("REMOVED", "a field less", _drop("vehicle")),
    ("REMOVED", "a field renamed", _set("vehicle", name="plate")),
    ("UNIT_CHANGED", "another unit", _set("mass_g", name="mass_kg")),
    ("UNIT_CHANGED", "a unit lost", _set("recorded_at", name="recorded_on")),
    ("RETYPED", "a narrower number", _set("mass_g", type="int")),
    ("RETYPED", "a wider number: older readers would fail", _set("restated", type="long")),
    ("RETYPED", "a logical type lost", _set("observed_at", type="long")),
    ("RETYPED", "a logical type gained", _set("revision", type=MICROS)),
    ("RETYPED", "null allowed: older readers would fail", _set("lists", type=["null", "string"], default=None)),
    ("RETYPED", "null no longer allowed", _set("scope", type="string", default="")),
    ("DEFAULT_CHANGED", "another default", _set("basis", default="weighed")),
    ("DEFAULT_CHANGED", "a default gained", _set("kind", default="REPORTED")),
    ("DEFAULT_CHANGED", "a default lost", _drop("vehicle", "default")),
    ("DEFAULT_MISSING", "a new field without default", _add(name="x", type="string")),
    ("UNIT_MISSING", "a number without unit", _add(name="volume", type=["null", "long"], default=None)),
    ("UNIT_MISSING", "a small number without unit", _add(name="axles", type="int", default=0)),
    ("UNIT_MISSING", "a time that does not say so", _add(name="weighed", type=["null", MICROS], default=None)),
    ("UNIT_MISSING", "a day that does not say so", _add(name="due", type=["null", DAY], default=None)),
    ("UNIT_MISUSED", "grams as text", _add(name="tare_g", type=["null", "string"], default=None)),
    ("UNIT_MISUSED", "grams too small", _add(name="tare_g", type=["null", "int"], default=None)),
    ("UNIT_MISUSED", "an instant that is a day", _add(name="due_at", type=["null", DAY], default=None)),
]


def _changed(change: Change) -> str:
    parsed = json.loads(EVENT)
    change(parsed)
    return json.dumps(parsed)


@pytest.mark.parametrize(("rule", "_what", "change"), REFUSED, ids=[f"{rule}: {what}" for rule, what, _ in REFUSED])
def test_refused(rule: str, _what: str, change: Change) -> None:
    """A change that readers would suffer from is refused by the rule that says why."""
    found = incompatibilities(EVENT, _changed(change))
    assert rule in {x.rule for x in found}
    assert all(str(x) for x in found)


ALLOWED: list[tuple[str, Change]] = [
    ("nothing", lambda _: None),
    ("better words", _set("basis", doc="How sure the mass is.")),
    ("a text more", _add(name="remark", type=["null", "string"], default=None)),
    ("a text more that is never null", _add(name="remark", type="string", default="")),
    ("a mass more", _add(name="tare_g", type=["null", "long"], default=None)),
    ("an instant more", _add(name="weighed_at", type=["null", MICROS], default=None)),
    ("a day more", _add(name="due_day", type=["null", DAY], default=None)),
    ("a count more", _add(name="axle_count", type="long", default=0)),
    ("another order", lambda parsed: parsed["fields"].reverse()),
]


@pytest.mark.parametrize(("_what", "change"), ALLOWED, ids=[what for what, _ in ALLOWED])
def test_allowed(_what: str, change: Change) -> None:
    """A change that nobody suffers from may be made."""
    assert [str(x) for x in incompatibilities(EVENT, _changed(change))] == []


def test_all_at_once() -> None:
    """Everything that is wrong is said at once."""
    parsed = json.loads(EVENT)
    for change in (_drop("vehicle"), _set("basis", default="weighed"), _add(name="x", type="string")):
        change(parsed)
    rules = [x.rule for x in incompatibilities(EVENT, json.dumps(parsed))]
    assert sorted(rules) == ["DEFAULT_CHANGED", "DEFAULT_MISSING", "REMOVED"]
