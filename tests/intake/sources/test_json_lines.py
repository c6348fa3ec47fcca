"""JSON lines and JSON documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.sources import encoding
from tests.intake.sources.reading import read


def test_values_come_as_they_were_written(tmp_path: Path) -> None:
    """Numbers keep their text, nested values are canonical JSON, true and false are words, null is NULL."""
    line = '{"a":1.10,"b":12345678901234567890,"c":"0012","d":true,"e":null,"f":{"z":1.0,"k":[1e3,"x"]},"g":1E2}'
    assert read(tmp_path, "a.jsonl", line.encode()).rows == [
        {"a": "1.10", "b": "12345678901234567890", "c": "0012", "d": "true", "f": '{"k":[1e3,"x"],"z":1.0}', "g": "1E2"}
    ]


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lines.jsonl", '{"名": "甲"}\r\n\r\n{"名": "乙"}'),
        ("array.json", '[{"名": "甲"}, {"名": "乙"}]'),
        ("pretty.json", '[\n  {\n    "名": "甲"\n  },\n  {\n    "名": "乙"\n  }\n]\n'),
        ("one_after_the_other.json", '{\n "名": "甲"\n}\n{\n "名": "乙"\n}\n'),
    ],
)
def test_every_usual_form(tmp_path: Path, name: str, text: str, code: str) -> None:
    """An object a line, one array, or objects one after the other give the same records."""
    found = read(tmp_path, name, text.encode(code))
    assert found.rows == [{"名": "甲"}, {"名": "乙"}]
    assert found.errors == []


def test_lines_of_a_document(tmp_path: Path) -> None:
    """A record of a document stands at the line where it begins."""
    assert read(tmp_path, "a.json", b'[\n{"a":\n1},\n\n{"a":2}]').lines == [2, 5]


def test_columns_are_all_that_occur(tmp_path: Path) -> None:
    """A batch has every name that one of its objects has; names that differ in case alone stay apart."""
    found = read(tmp_path, "a.jsonl", b'{"a":1}\n{"b":2,"A":3}\n{"":4}\n')
    assert found.rows == [{"a": "1"}, {"b": "2", "A_2": "3"}, {"column_4": "4"}]


FAULTS = [
    ("not_json.jsonl", b"{a:1}", "JSON_UNREADABLE"),
    ("cut_off.jsonl", b'{"a":1', "JSON_UNREADABLE"),
    ("two_values.jsonl", b'{"a":1}{"a":2}', "JSON_UNREADABLE"),
    ("list.jsonl", b"[1]", "JSON_UNREADABLE"),
    ("not_a_number.jsonl", b'{"a":NaN}', "JSON_UNREADABLE"),
    ("control_character.jsonl", b'{"a":"\x01"}', "JSON_UNREADABLE"),
    ("duplicate_key.jsonl", b'{"a":1,"a":2}', "JSON_DUPLICATE_KEY"),
    ("duplicate_key_inside.jsonl", b'{"a":{"b":1,"b":1}}', "JSON_DUPLICATE_KEY"),
    ("nul.jsonl", b'{"a":"\\u0000"}', "NUL_BYTE"),
    ("half_a_character.jsonl", b'{"a":"\\ud83d"}', "ENCODING"),
    ("half_a_character_inside.jsonl", b'{"a":["\\ud83d"]}', "ENCODING"),
    ("bad_byte.jsonl", b'{"a":"\xff"}', "ENCODING"),
    ("nested_too_deep.jsonl", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "JSON_UNREADABLE"),
    ("too_long.jsonl", b'{"a":"' + b"x" * (4 << 20) + b'"}', "RECORD_TOO_LONG"),
    ("too_many_names.jsonl", json.dumps({f"n{i}": i for i in range(5000)}).encode(), "TOO_MANY_COLUMNS"),
]


@pytest.mark.parametrize(("name", "raw", "error"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_bad_line_stays_alone(tmp_path: Path, name: str, raw: bytes, error: str) -> None:
    """A line that is no object is kept raw; the lines around it are read."""
    found = read(tmp_path, name, b'{"a":1}\n' + raw + b'\n{"a":3}\n')
    assert found.rows == [{"a": "1"}, {"a": "3"}]
    assert found.errors == [(2, error)]
    assert found.unreadable[0].raw == raw


def test_lines_do_not_mend_each_other(tmp_path: Path) -> None:
    """Two lines that would be two records only together are both set aside."""
    content = b'{"a":1}\n{"a":1},{"b":2\n"c":3}\n7\n{"a":1},0,{"a":2}\n{"a":4}\n'
    found = read(tmp_path, "a.jsonl", content)
    assert found.rows == [{"a": "1"}, {"a": "4"}]
    assert found.errors == [(line, "JSON_UNREADABLE") for line in (2, 3, 4, 5)]


def test_a_bad_element_of_a_document_stays_alone(tmp_path: Path) -> None:
    """In an array a bad element is kept raw, what stands between elements too; the others are read."""
    found = read(tmp_path, "a.json", b'[{"a":1}, {a:2}, 7, {"a":3}, {"a":')
    assert found.rows == [{"a": "1"}, {"a": "3"}]
    assert [bad.raw for bad in found.unreadable] == [b"{a:2}", b"7", b'{"a":']


def test_dropped_names_are_nowhere_in_json(tmp_path: Path) -> None:
    """A dropped name goes, inside nested objects too, and no raw line is kept where something is dropped."""
    content = '{"a":1,"司机":"张三","车":[{"司机":{"证":"9","号":"8"}}]}\n{"司机":"李四"'.encode()
    found = read(tmp_path, "a.jsonl", content, drop=("司机", "车.司机.证"))
    assert found.rows == [{"a": "1", "车": '[{"司机":{"号":"8"}}]'}]
    (bad,) = found.unreadable
    assert bad.raw == b""
    assert "李四" not in bad.found


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("kxyz"), inner, max_size=3),
    max_leaves=6,
)


@given(records=st.lists(st.dictionaries(st.sampled_from("abc"), VALUE, min_size=1), min_size=1, max_size=6),
       indent=st.sampled_from([None, 1]), block=st.integers(1, 50))
def test_documents_come_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], indent: int | None, block: int
) -> None:
    """Whatever objects a document holds, they are read, wherever the blocks are cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "BLOCK", block)
        found = read(tmp_path_factory.mktemp("json"), "a.json", json.dumps(records, indent=indent).encode())
    assert found.errors == []
    expected = [{k: v for k, v in record.items() if v is not None} for record in records]
    pairs = list(zip(found.rows, expected, strict=True))
    assert [{k: _value(text, record[k]) for k, text in row.items()} for row, record in pairs] == expected


def _value(text: str, like: Any) -> Any:
    return text if isinstance(like, str) else json.loads(text)


@pytest.mark.parametrize("junk", ["export of 2026", '"export"', "7", "null"])
def test_a_title_above_objects_over_several_lines(tmp_path: Path, junk: str) -> None:
    """What stands before the first object waits alone; it does not part the objects by their lines."""
    found = read(tmp_path, "a.json", f'{junk}\n{{\n"k": 1,\n"m": 2\n}}\n{{\n"k": 3\n}}\n'.encode())
    assert found.rows == [{"k": "1", "m": "2"}, {"k": "3"}]
    assert found.errors == [(1, "JSON_UNREADABLE")]
