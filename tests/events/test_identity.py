"""Ids: the same in SQL and in Python, computable by anyone from the event alone, and fixed for ever."""

from __future__ import annotations

import hashlib
import json
import string
from typing import Any
from uuid import uuid5

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.events import identity
from hub.events.identity import (
    NAMESPACE,
    UUID5_TEXT_MACRO,
    canonical_json,
    canonical_record,
    content_hash,
    entity_id,
    event_id,
    quarantine_id,
    sha256_hex,
    source_key,
    text_of,
    uuid5_sql,
)
from hub.intake.event_fields import MAPPED

UGLY = [
    "", " ", "\t\n", *map(chr, range(32)), '"', "\\", '\\"', "\x7f", "\x80", "\x85", "\u2028", "\u2029", "\ufeff",
    "\ufffd", "𠀀", "中",
]
TEXTS = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(UGLY), max_size=6).map("".join))


@settings(max_examples=30)
@given(st.lists(st.text(max_size=60).filter(lambda text: "\0" not in text), min_size=1, max_size=30))
def test_sql_and_python_make_the_same_uuid(names: list[str]) -> None:
    """uuid5_sql over any texts is uuid.uuid5 of the hub's namespace."""
    with duckdb.connect() as connection:
        connection.execute(UUID5_TEXT_MACRO)
        found = connection.execute(f"SELECT list({uuid5_sql('n')}) FROM (SELECT unnest($1) AS n)", [names]).fetchall()
    assert found == [([str(uuid5(NAMESPACE, name)) for name in names],)]


NOBODY = "00000000-0000-5000-8000-000000000000"
GOLDEN = {
    "namespace": (str(NAMESPACE), "6f3c1f7e-2d0b-5c5e-9a55-77617374656d"),
    "entity": (entity_id("housing.weighbridge", '["A1"]', ""), "54b5a601-62b6-504d-b6e7-13776eaf412d"),
    "part": (entity_id("housing.weighbridge", '["A1"]', "received"), "aa713d5a-e7ae-59a6-ad1a-c3bbb80f1c1b"),
    "chinese": (entity_id("环境.联单", '["危废-001","2"]', "产生"), "09125aed-d345-53de-bf61-b7c59e45a03e"),
    "event": (event_id(NOBODY, 1, 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
              "5975d5e3-065b-500f-ba40-67ff7efd70bc"),
    "restated": (event_id(NOBODY, -7, 3, ""), "8a74b12b-0563-53f5-9fce-d379c6854ecd"),
    "quarantine": (quarantine_id("housing.weighbridge", '["A1"]', 0, 0, "00"), "c4682a6a-3ab9-57e4-92d1-d5147cb7684c"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_ids_are_fixed_for_ever(name: str) -> None:
    """These ids were given out once and must never come out otherwise."""
    made, given_out = GOLDEN[name]
    assert made == given_out


STATEMENT = {
    "kind": "RECEIVED", "stream": "construction", "scheme": "SW", "code": "SW70", "mass_g": 16_000_000,
    "value": "16000", "unit": "千克", "basis": "stated", "occurred_at": 1_772_323_500_000_000, "precision": "instant",
    "region": "371502",
    "holder": "S9", "holder_scheme": "LOCAL", "holder_name": '北"站\\', "vehicle": "鲁P12345", "manifest_line": 2,
    "retracted": False,
}


def test_the_content_hash_is_fixed_for_ever() -> None:
    """This statement's content hash was given out once, and its canonical text can be written by hand."""
    texts = [
        "", "stated", "", "", "", "", "SW70", "", "", "", "", "", "", "S9", '北"站\\', "LOCAL", "", "RECEIVED", "", "2",
        "16000000", "", "1772323500000000", "instant", "371502", "false", "SW", "construction", "千克", "16000", "鲁P12345", "",
    ]
    assert content_hash(STATEMENT) == "63f294780812ce9f4f4697c2d47afe2234868c8a"
    assert content_hash(STATEMENT) == hashlib.sha1("\x1f".join(texts).encode(), usedforsecurity=False).hexdigest()


FIELDS = st.sampled_from(identity.CONTENT_FIELDS)


@given(st.dictionaries(FIELDS, TEXTS, min_size=1), FIELDS, TEXTS)
def test_every_field_of_the_content_counts(event: dict[str, str], field: str, text: str) -> None:
    """Two statements that differ in one content field have different hashes; nothing and other fields do not count."""
    changed = {**event, field: text}
    assert (content_hash(changed) == content_hash(event)) == (event.get(field, "") == text)
    nothing: dict[str, Any] = dict.fromkeys(set(identity.CONTENT_FIELDS) - set(event))
    assert content_hash({**event, **nothing, "batch": text, "observed_at": text, "record": text}) == content_hash(event)


def test_the_content_is_what_the_schema_maps() -> None:
    """Content holds nothing that the hub says of itself but the retraction."""
    assert set(identity.CONTENT_FIELDS) - {"retracted", "mass_g"} <= set(MAPPED)
    assert set(MAPPED) - set(identity.CONTENT_FIELDS) == {"recorded_at"}


@given(TEXTS)
@example("x" * 1_000_000)
@example("".join(map(chr, range(0x80))))
def test_canonical_json_is_read_back_by_anyone(text: str) -> None:
    """Canonical JSON of any text is JSON, in one line, with nothing escaped that need not be."""
    said = canonical_json(text)
    assert json.loads(said) == text
    assert "\n" not in said
    assert len(said) == 2 + sum(_written(character) for character in text)


def _written(character: str) -> int:
    if character in '"\\\b\f\n\r\t':
        return 2
    return 6 if ord(character) < 32 else 1


@given(st.dictionaries(TEXTS, st.none() | TEXTS))
def test_a_record_is_its_texts_by_code_point(record: dict[str, str | None]) -> None:
    """A record's evidence has its texts under their names in the order of code points; nulls are not there."""
    read = json.loads(canonical_record(record), object_pairs_hook=list)
    assert [tuple(pair) for pair in read] == sorted((n, t) for n, t in record.items() if t is not None)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, min_size=1, max_size=4))
def test_different_keys_never_look_alike(one: list[str], other: list[str]) -> None:
    """Two keys are the same text only where they are the same list: no separator can be forged."""
    assert (source_key(one) == source_key(other)) == (one == other)
    assert "\x1f" not in source_key(one)


@given(st.text(string.printable), st.text(string.printable))
def test_hashes_are_plain(one: str, other: str) -> None:
    """sha256_hex is of the UTF-8 text."""
    assert len(sha256_hex(one)) == 64
    assert (sha256_hex(one) == sha256_hex(other)) == (one == other)


def test_values_are_hashed_as_texts() -> None:
    """Integers are plain and booleans are true and false."""
    assert [text_of(v) for v in (True, False, 0, -5, 10**13, "x")] == ["true", "false", "0", "-5", "10000000000000", "x"]
