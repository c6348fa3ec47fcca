"""The codec for one message: the same bytes and the same refusals as the batch codec, values as Python has them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import SetAside
from hub.events import columns, schema
from hub.events.single import decode_one, encode_one
from tests.events.records import records, table
from tests.events.release import golden, written

NAME = "waste_event"
TEXT = schema.text(NAME)
GOOD = golden(TEXT)


@pytest.mark.parametrize("name", schema.NAMES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_same_bytes_as_the_batch(name: str, data: st.DataObject) -> None:
    """One message has the bytes that it has in a batch, and reading it and writing it again changes nothing."""
    row = data.draw(records(name))
    body = encode_one(row, name)
    assert body == columns.encode(table([row], name), name)[0].as_py()
    read = decode_one(body, schema.text(name), name)
    assert list(read) == schema.arrow(name).names
    assert encode_one(read, name) == body


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 10_000))
def test_same_refusals_as_the_batch(noise: bytes, at: int) -> None:
    """Whatever is written over a message: both codecs read it, and alike, or both set it aside."""
    body = written(GOOD[2], TEXT)
    at %= len(body)
    changed = body[:at] + noise + body[at + len(noise) :]
    if columns.decode([changed], TEXT, NAME).bad:
        with pytest.raises(SetAside):
            decode_one(changed, TEXT, NAME)
    else:
        assert encode_one(decode_one(changed, TEXT, NAME), NAME) == changed


def test_times_and_days() -> None:
    """Times are aware and UTC, days are dates; both are taken back, a time in any zone."""
    noon = datetime(2026, 3, 1, 12, 0, 0, 7, tzinfo=UTC)
    row = {**GOOD[0], "occurred_at": noon.astimezone(timezone(timedelta(hours=8))), "business_day": date(2026, 3, 1)}
    read = decode_one(encode_one(row, NAME), TEXT, NAME)
    assert (read["occurred_at"], read["business_day"]) == (noon, date(2026, 3, 1))
    assert read["occurred_at"].utcoffset() == timedelta(0)


@pytest.mark.parametrize("when", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_time(when: datetime) -> None:
    """The first and last instant and day of Python's calendar come back as they went."""
    row = {**GOOD[0], "occurred_at": when, "business_day": when.date()}
    read = decode_one(encode_one(row, NAME), TEXT, NAME)
    assert (read["occurred_at"], read["business_day"]) == (when, when.date())


def test_beyond_the_ends_of_time() -> None:
    """Times and days that Python cannot hold are the numbers that Avro has."""
    row = {**GOOD[0], "occurred_at": 2**63 - 1, "business_day": -(2**31)}
    read = decode_one(encode_one(row, NAME), TEXT, NAME)
    assert (read["occurred_at"], read["business_day"]) == (2**63 - 1, -(2**31))


def test_missing_fields_get_their_default() -> None:
    """A field left out gets its default, and a field unknown to the schema is left out."""
    act = {"act_id": "a", "kind": "pulled", "person": "hub", "acted_at": 0, "more": 1}
    read = decode_one(encode_one(act, "act"), schema.text("act"), "act")
    assert read["positions"] == "{}"
    assert read["identity"] is None
    assert "more" not in read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("entity_id", None), ("entity_id", 7), ("entity_id", b"x"), ("entity_id", "\ud800"), ("revision", 2**63),
        ("revision", -(2**63) - 1), ("revision", 1.0), ("revision", True), ("restated", 2**31), ("retracted", 1),
        ("occurred_at", datetime(2026, 3, 1)), ("occurred_at", date(2026, 3, 1)),  # noqa: DTZ001 - naive on purpose
        ("occurred_at", "2026"), ("business_day", datetime(2026, 3, 1, tzinfo=UTC)), ("count", "3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_not_written(field: str, value: Any) -> None:
    """A value that the schema's type does not hold is refused, naming the field."""
    with pytest.raises(SetAside) as refused:
        encode_one({**GOOD[0], field: value}, NAME)
    assert refused.value.facts["field"] == field


def test_a_missing_field_without_default_is_refused() -> None:
    """A field that has no default must be there."""
    with pytest.raises(SetAside, match="entity_id"):
        encode_one({k: v for k, v in GOOD[0].items() if k != "entity_id"}, NAME)


@pytest.mark.parametrize("junk", [b"", b"\0", b"junk", b"\xff" * 40, b"\x01" * 40])
def test_junk_is_set_aside(junk: bytes) -> None:
    """Bytes that are no message are set aside, as is a message with bytes behind it."""
    for value in (junk, written(GOOD[0], TEXT) + b"\0" + junk):
        with pytest.raises(SetAside):
            decode_one(value, TEXT, NAME)


def test_another_version_is_read_as_ours() -> None:
    """Fields that the writer lacks get our defaults, those that we lack are dropped; a null that we do not allow, or a
    schema that cannot be read as ours, sets the message aside."""
    fields = [x for x in json.loads(schema.text("act"))["fields"] if x["name"] != "body"]
    fields = [{**x, "type": ["null", "string"]} if x["name"] == "person" else x for x in fields]
    writer = json.dumps({"type": "record", "name": "Act", "fields": [*fields, {"name": "more", "type": "int"}]})
    good = {**golden(schema.text("act"))[0], "more": 3}
    read = decode_one(written(good, writer), writer, "act")
    assert read["body"] == "{}"
    assert "more" not in read
    with pytest.raises(SetAside, match="person"):
        decode_one(written({**good, "person": None}, writer), writer, "act")
    with pytest.raises(SetAside, match="entity_id"):
        decode_one(written(good, writer), writer, "waste_event")
