"""The batch codec: the same bytes as an independent writer, the same rows back, bad messages alone set aside."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import SetAside
from hub.events import columns, schema
from tests.events.records import of_schema, records, table
from tests.events.release import golden, written

NAME = "waste_event"
TEXT = schema.text(NAME)
GOOD = golden(TEXT)
BODIES = [written(x, TEXT) for x in GOOD]


def _decode(values: list[bytes], writer: str = TEXT, name: str = NAME) -> columns.Decoded:
    decoded = columns.decode(values, writer, name)
    indices = sorted([*decoded.kept.tolist(), *(x.index for x in decoded.bad)])
    assert indices == list(range(len(values))), "every message is either kept or set aside"
    assert decoded.table.num_rows == len(decoded.kept)
    assert decoded.table.schema.equals(schema.arrow(name))
    decoded.table.validate(full=True)
    return decoded


@pytest.mark.parametrize("name", schema.NAMES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_same_bytes_as_fastavro_and_back(name: str, data: st.DataObject) -> None:
    """Whatever the values, the bytes are those of fastavro, and reading them gives the same rows."""
    rows = data.draw(st.lists(records(name), min_size=1, max_size=6))
    given_rows = table(rows, name)
    encoded = columns.encode(given_rows, name)
    assert encoded.to_pylist() == [written(x, schema.text(name)) for x in rows]
    decoded = _decode(encoded.to_pylist(), schema.text(name), name)
    assert decoded.table.equals(given_rows)
    assert not decoded.bad


def test_a_record_of_a_million_characters() -> None:
    """A record of 10⁶ characters of four bytes each goes through between two small ones."""
    rows = [GOOD[0], {**GOOD[0], "record": "𠮷" * 1_000_000}, GOOD[4]]
    encoded = columns.encode(table(rows, NAME), NAME)
    assert encoded.to_pylist() == [written(x, TEXT) for x in rows]
    assert _decode(encoded.to_pylist()).table.equals(table(rows, NAME))


@settings(max_examples=40, deadline=None)
@given(st.lists(records(NAME), min_size=1, max_size=20), st.data())
def test_slices(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    """A slice of a table or of a batch is encoded like the same rows alone."""
    start = data.draw(st.integers(0, len(rows)))
    whole = table(rows, NAME)
    expected = [written(x, TEXT) for x in rows[start:]]
    assert columns.encode(whole.slice(start), NAME).to_pylist() == expected
    assert columns.encode(whole.combine_chunks().to_batches()[0].slice(start), NAME).to_pylist() == expected
    chunked = pa.concat_tables([whole.slice(0, start), whole.slice(start)])
    assert columns.encode(chunked, NAME).to_pylist() == columns.encode(whole, NAME).to_pylist()


def test_columns_are_cast_ordered_and_completed() -> None:
    """Columns come in any order and in kindred types; missing ones get their default, further ones are left out."""
    whole = table(GOOD[:1], NAME)
    loose = whole.select(whole.column_names[::-1]).drop_columns(["basis", "waste_name", "code_unverified"])
    loose = loose.append_column("more", pa.array([1]))
    for at, kind in (("region", pa.dictionary(pa.int8(), pa.string())), ("occurred_at", pa.timestamp("us", "UTC"))):
        position = loose.schema.get_field_index(at)
        loose = loose.set_column(position, at, loose.column(at).cast(kind))
    loose = loose.set_column(loose.schema.get_field_index("restated"), "restated", pa.array([3], pa.int64()))
    expected = {**GOOD[0], "basis": "stated", "waste_name": None, "code_unverified": False}
    assert columns.encode(loose, NAME).to_pylist() == [written(expected, TEXT)]


def test_nothing_in_nothing_out() -> None:
    """An empty table gives no bodies, and no bodies an empty table."""
    assert columns.encode(schema.arrow(NAME).empty_table(), NAME).equals(pa.array([], pa.binary()))
    assert _decode([]).table.num_rows == 0


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("retracted", pa.array([None], pa.bool_())),
        ("restated", pa.array([2**31])),
        ("mass_g", pa.array(["many"])),
        ("entity_id", None),
    ],
)
def test_what_does_not_fit_is_not_written(column: str, values: pa.Array | None) -> None:
    """A null where a value must be, a number out of range or a missing column is refused, naming the column."""
    whole = table(GOOD[:1], NAME).drop_columns([column])
    if values is not None:
        whole = whole.append_column(column, values)
    with pytest.raises(SetAside) as refused:
        columns.encode(whole, NAME)
    assert refused.value.facts["field"] == column


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damage_is_set_aside_alone(data: st.DataObject) -> None:
    """Messages cut short at any byte, or with anything behind them, are set aside; all others are read as they were."""
    which = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=40))
    values, damaged = [BODIES[x] for x in which], set()
    for index in data.draw(st.sets(st.integers(0, len(values) - 1), max_size=4)):
        body = values[index]
        cut = body[: data.draw(st.integers(0, len(body) - 1))]
        values[index] = data.draw(st.sampled_from([cut, body + b"\0", body + data.draw(st.binary(min_size=1))]))
        damaged.add(index)
    decoded = _decode(values)
    assert {x.index for x in decoded.bad} == damaged
    rows = [GOOD[x] for index, x in enumerate(which) if index not in damaged]
    assert decoded.table.equals(table(rows, NAME))


def test_cutting_at_every_byte() -> None:
    """Of one message cut at every byte, each piece is set aside, and the whole one behind them is read."""
    body = BODIES[0]
    decoded = _decode([*(body[:at] for at in range(len(body))), body])
    assert decoded.kept.tolist() == [len(body)]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 10_000))
def test_noise_is_never_read_as_something_else(noise: bytes, at: int) -> None:
    """Bytes written over a message either make another message, exactly, or set it aside; nothing crashes."""
    body = BODIES[2]
    at %= len(body)
    changed = body[:at] + noise + body[at + len(noise) :]
    decoded = _decode([BODIES[0], changed, BODIES[1]])
    assert {0, 2} <= set(decoded.kept.tolist())
    if not decoded.bad:
        assert columns.encode(decoded.table, NAME)[1].as_py() == changed


def _varint(number: int, length: int = 0) -> bytes:
    """Base 128 of a number that is already zigzag, stretched with empty bytes to ``length``."""
    out = []
    while number > 127 or len(out) + 1 < length:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _act(revision: bytes, restated: bytes) -> bytes:
    """An act with empty texts and nulls, and these two as they stand in Avro (each null or a number)."""
    return b"\0" * 4 + revision + restated + b"\0" * 6


@pytest.mark.parametrize(
    ("revision", "restated"),
    [
        (b"\0", b"\2" + _varint(2**33)),  # an int of 33 bits
        (b"\0", b"\2" + _varint(2**32 + 2**29)),  # the same, and what is left of it needs as many bytes
        (b"\0", b"\2" + _varint(2, 5)),  # longer than need be
        (b"\2" + _varint(2, 2), b"\0"),
        (b"\2" + b"\xff" * 9 + b"\x7f", b"\0"),  # a long of 69 bits
        (b"\2" + b"\xff" * 9 + b"\x03", b"\0"),
        (b"\4", b"\0"),  # a third branch of a union of two
        (b"\1", b"\0"),
        (_varint(0, 2), b"\0"),
    ],
)
def test_numbers_that_only_look_right(revision: bytes, restated: bytes) -> None:
    """Numbers out of range or longer than need be, which the decoder cuts or takes, are set aside."""
    least = _act(b"\2" + _varint(2**64 - 1), b"\2" + _varint(2**32 - 1))
    decoded = _decode([least, _act(revision, restated), _act(b"\0", b"\0")], schema.text("act"), "act")
    assert [x.index for x in decoded.bad] == [1]
    assert decoded.table.column("revision").to_pylist() == [-(2**63), None]
    assert decoded.table.column("restated").to_pylist() == [-(2**31), None]


def test_texts_that_are_not_utf8() -> None:
    """A text with bytes that are not UTF-8 is set aside: the database behind would not take it."""
    at = BODIES[0].index("吨".encode())
    broken = BODIES[0][:at] + b"\xff" + BODIES[0][at + 1 :]
    assert [x.index for x in _decode([BODIES[0], broken, BODIES[1]]).bad] == [1]


def test_everything_bad() -> None:
    """A thousand messages of junk are a thousand set aside, each with a reason."""
    decoded = _decode([b"junk"] * 1000)
    assert len(decoded.bad) == 1000
    assert all(x.reason for x in decoded.bad)


def test_a_schema_that_cannot_be_read() -> None:
    """Messages with a schema beyond what we read are set aside, each, saying why; the decoder never sees them."""
    writer = '{"type": "record", "name": "X", "fields": [{"name": "x", "type": "bytes"}]}'
    decoded = _decode([b"\0", b"\0"], writer)
    assert [x.index for x in decoded.bad] == [0, 1]
    assert "bytes" in decoded.bad[0].reason


OLDER = json.dumps(
    {
        "type": "record", "name": "Act", "namespace": "wastehub",
        "fields": [
            {"name": "more", "type": "string"},
            *[
                {**x, "type": ["null", "string"]} if x["name"] == "person" else x
                for x in json.loads(schema.text("act"))["fields"]
                if x["name"] not in {"body", "reason"}
            ],
        ],
    }
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(of_schema(OLDER), max_size=12))
def test_another_version_is_read_as_ours(rows: list[dict[str, Any]]) -> None:
    """Fields that the writer lacks get our defaults, those that we lack are dropped, a null that we do not allow sets
    its message aside."""
    decoded = _decode([written(x, OLDER) for x in rows], OLDER, "act")
    good = [{**x, "body": "{}", "reason": None} for x in rows if x["person"] is not None]
    assert decoded.table.equals(table(good, "act"))
    assert [x.index for x in decoded.bad] == [i for i, x in enumerate(rows) if x["person"] is None]


class _Interrupting(bytes):
    """Ctrl-C at the moment when its length is asked."""

    def __len__(self) -> int:
        raise KeyboardInterrupt


def test_interrupts_pass() -> None:
    """Ctrl-C during decoding is no bad message: it stops the program."""
    with pytest.raises(KeyboardInterrupt):
        columns.decode([BODIES[0], _Interrupting(BODIES[1])], TEXT, NAME)


def test_a_panic_of_the_decoder_is_a_bad_message() -> None:
    """Where the decoder itself gives up (its panics are no ordinary exceptions), the message is set aside.

    No schema that we accept is known to make it panic, so this goes in behind the check of schemas.
    """
    panics = '{"type": "record", "name": "X", "fields": [{"name": "x", "type": "bytes"}]}'
    found = [piece for _, piece in columns._pieces([b"\0", b"\0"], 0, panics)]
    assert [x.index for x in found if isinstance(x, columns.BadMessage)] == [0, 1]
