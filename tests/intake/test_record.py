"""Records: evidence, key and hashes over whole batches are what hub.events.identity says of each."""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.events import schema as schemas
from hub.events.columns import decode, encode
from hub.events.identity import canonical_record, entity_id, event_id, sha256_hex, source_key
from hub.intake.appending import contents
from hub.intake.outgoing import content_of
from hub.intake.record import Recorder
from tests.intake.plugging import connector_text, events_of, rows_of, said_of

UGLY = [
    *map(chr, range(1, 33)), '"', "\\", "\x7f", "\x80", "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "\ufffd", "𠀀",
    "中", "é", "e\u0301", "'", "u00",
]
CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.lists(st.sampled_from(UGLY), max_size=6).map("".join),
)
NAMES = st.one_of(st.text(CHARACTERS, min_size=1, max_size=6), st.sampled_from(["编号", "a.b", 'q"', "Z", "a"]))


@lru_cache(maxsize=8)
def recorder(*key: str) -> Recorder:
    return Recorder(key, {})


def records(rows: list[dict[str, str | None]], key: list[str], columns: dict[str, str] | None = None) -> list[dict[str, Any]]:
    table = rows_of(*rows)
    made = Recorder(key, columns) if columns else recorder(*key)
    return made.records(table, pa.array(range(1, len(rows) + 1), pa.int64())).to_pylist()


def is_blank(text: str | None) -> bool:
    return text is None or all(character.isspace() or unicodedata.category(character) == "Zs" for character in text)


@settings(max_examples=60)
@given(st.lists(st.dictionaries(NAMES, st.none() | TEXTS, min_size=1, max_size=5), min_size=1, max_size=8))
@example([{"a": "".join(map(chr, range(1, 0x80)))}])
@example([{"a": "\0"}, {"a": "x"}])
@example([{"a": "x" * 1_000_000, "b": "\x1f" + "y" * 10}])
@example([{"b": "1", "a": None}, {"a": " \t", "b": ""}])
def test_a_record_is_its_canonical_json(rows: list[dict[str, str | None]]) -> None:
    """The evidence of every row is the canonical JSON of its texts as given, blank ones left out, with its SHA-256."""
    for row, record in zip(rows, records(rows, ["编号"]), strict=True):
        wanted = canonical_record({name: text for name, text in row.items() if not is_blank(text)})
        assert record["rec"] == wanted
        assert record["sha"] == sha256_hex(wanted)


KEYS = {
    "1": "1", "1.0": "1", "1.000": "1", "-7.0": "-7", "0.0": "0", "1.5": "1.5", "1.50": "1.50", "01": "01",
    "01.0": "01.0", "1.": "1.", ".0": ".0",
    "1e3": "1e3", " A1 ": "A1", "　A1": "A1", "e\u0301": "é", "Ａ": "Ａ", '"': '"', "\\": "\\", "a b": "a b",
    "2026-03-01": "2026-03-01",
    "2026-03-01 08:05:00": "2026-03-01T08:05:00", "2026-03-01T08:05:00": "2026-03-01T08:05:00",
    "2026-03-01 08:05:00.000": "2026-03-01T08:05:00",
    "2026-03-01 08:05:00.1200": "2026-03-01T08:05:00.12",
    "2026-03-01 08:05:00.100+08:00": "2026-03-01T08:05:00.1+08:00",
    "2026-03-01 08:05:00Z": "2026-03-01T08:05:00Z", "2026-03-01 08:05": "2026-03-01 08:05", "12:00:00.0": "12:00:00.0",
    "1" * 40 + ".0": "1" * 40, "10.10.0": "10.10.0",
}


@pytest.mark.parametrize("text", KEYS)
def test_keys_are_canonical(text: str) -> None:
    """1.0 is 1, times are ISO without useless zeros, texts are trimmed and NFC; nothing else is touched."""
    [record] = records([{"K": text}], ["K"])
    assert record["skey"] == source_key([KEYS[text]])


@settings(max_examples=50)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12))
def test_a_key_of_several_columns_is_all_of_them(pairs: list[tuple[str, str]]) -> None:
    """A key is the JSON array of its texts in the order written; a row that lacks one of them has none."""
    found = records([{"A": a, "B": b} for a, b in pairs], ["B", "A"])
    for (a, b), record in zip(pairs, found, strict=True):
        if is_blank(a) or is_blank(b):
            assert record["skey"] is None
        else:
            read = json.loads(record["skey"])
            assert source_key(read) == record["skey"]
            assert [unicodedata.normalize("NFC", text) for text in read] == read


def test_equal_keys_have_equal_hashes() -> None:
    """key_hashes is the column kh of the records, and 0 where there is no key."""
    table = rows_of(*({"K": text} for text in ["1", "1.0", "2", " ", "x\x01"]))
    recorder = Recorder(["K"], {})
    hashes = recorder.key_hashes(table).to_pylist()
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[3] == 0
    assert len(set(hashes)) == 4
    found = recorder.records(table, pa.array(range(1, 6), pa.int64())).to_pylist()
    assert [record["kh"] if record["skey"] else 0 for record in found] == hashes


COLUMNS = [
    ("V", {"V": " 5 "}, "5"), ("V", {"v": "5"}, "5"), ("V", {"v": "5", "V": "6"}, "6"), ("W", {"V": "5"}, None),
    ("V", {"V": ""}, None),
    ("v", {"V": "5", "ｖ": "6"}, "5"), ("a.b", {"a.b": "5"}, "5"), ("a.b", {"a": '{"b": "5"}'}, "5"),
    ("a.b", {"a": '{"b": " 5 "}'}, "5"),
    ("a.b", {"a": '{"b": 1.5}'}, "1.5"), ("a.b", {"a": '{"b": ""}'}, None), ("a.b", {"a": '{"b": null}'}, None),
    ("a.b", {"a": "{"}, None),
    ("a.b", {"a": "5"}, None), ("a.b.c", {"a": '{"b": {"c": "5"}}'}, "5"), ("重量.值", {"重量": '{"值": "3"}'}, "3"),
    ('a."', {"a": '{"\\"": "5"}'}, "5"),
    ("a.b", {"A": '{"b": "5"}'}, "5"), ("a.b", {"a": '[{"b": "5"}]'}, None), ("a.$", {"a": '{"$": "5"}'}, "5"),
    ("a.*", {"a": '{"b": "5"}'}, None),
]


@pytest.mark.parametrize(("column", "row", "text"), COLUMNS)
def test_a_column_is_found_as_written(column: str, row: dict[str, str | None], text: str | None) -> None:
    """By its name, else by the only one alike but for case, else inside of the value that its first step names."""
    [record] = records([{"K": "1", **row}], ["K"], {column: "c0"})
    assert record["c0"] == text


@pytest.mark.parametrize(("names", "missing"), [
    (["V"], []), (["v"], []), (["v", "V"], []), (["W"], ["V"]), (["vV"], ["V"]), ([], ["V"]),
])
def test_a_column_that_is_not_there_is_missing(names: list[str], missing: list[str]) -> None:
    """What the source lacks of what the mapping reads is known by name."""
    assert sorted(Recorder(["K"], {"V": "c0"}).missing(names)) == missing


def test_two_columns_alike_but_for_case_are_ambiguous() -> None:
    """Where two columns differ from the written name in case alone, neither is guessed."""
    recorder = Recorder(["K"], {"Vv": "c0"})
    assert recorder.missing(["VV", "vv"]) == frozenset({"Vv"})


FREE = {
    "waste_name": "A", "method": "B", "holder": "C", "holder_name": "D", "holder_site": "E", "holder_scheme": "F", "vehicle": "G",
    "manifest": "H", "facility": "I", "counterparty": "J", "carrier_name": "L", "manifest_line": "num(M)", "count": "num(N)",
    "amount_fen": "num(O)",
}
FILLED = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys("ABCDEFGHIJL", TEXTS), **dict.fromkeys("MNO", st.integers(0, 10**9).map(str))}
)


@settings(max_examples=12)
@given(st.lists(FILLED, min_size=5, max_size=30))
@example([{"A": "".join(map(chr, range(1, 0x80)))}, {"A": "x\x01y", "D": 'q"\\'}, {"D": "é", "J": "e\u0301"}])
def test_ids_can_be_made_again_from_the_event_alone(rows: list[dict[str, str]]) -> None:
    """The content hash that SQL computed for a part is that of hub.events.identity over the event, and of the cache over
    the event as it comes back from the journal; entity and event ids follow from the event's own fields."""
    said = said_of(connector_text(FREE), *rows)
    assert said.quarantine == []
    [table] = said.tables()
    written = encode(table.combine_chunks(), "waste_event").to_pylist()
    back = decode(written, schemas.text("waste_event"), "waste_event").table
    assert contents(back).to_pylist() == table["content"].to_pylist()
    for event in table.to_pylist():
        assert content_of(event) == event["content"]
        assert entity_id(event["identity"], event["source_key"], event["part"]) == event["entity_id"]
        assert event_id(event["entity_id"], event["revision"], event["restated"], event["content"]) == event["event_id"]


def test_blanks_are_nothing_and_edges_do_not_count() -> None:
    """A field of blanks is null, and texts are trimmed before they are said."""
    text = connector_text({"waste_name": "A", "vehicle": "B"})
    blank, said = events_of(text, {"A": " \t　", "B": ""}, {"A": " 渣土　", "B": "\xa0鲁P1 "})
    assert (blank["waste_name"], blank["vehicle"]) == (None, None)
    assert (said["waste_name"], said["vehicle"]) == ("渣土", "鲁P1")
