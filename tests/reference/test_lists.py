"""Local lists: what a person may write, and what is said when it is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigWrong
from hub.reference.list_file import Problems, from_file
from hub.reference.lists import LocalRegion, decimal_of, load_list


def written(folder: Path, text: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


Refusal = tuple[int | None, str]


def refusals(
    name: str, path: Path | None, entries: dict[str, str] | None = None, unit: str | None = None
) -> list[Refusal]:
    with pytest.raises(ConfigWrong) as wrong:
        load_list(name, "1", unit, entries, path)
    assert str(wrong.value)
    return [(problem.line, problem.error) for problem in wrong.value.problems]


def test_entries_are_trimmed_texts() -> None:
    """A list in connector.yaml keeps its texts, trimmed; leading zeros stay."""
    loaded = load_list("zj_waste", "2026-01", None, {" 01 ": " SW70", "1": "SW71"}, None)
    assert loaded.values == {"01": "SW70", "1": "SW71"}
    assert (loaded.name, loaded.version, loaded.unit, loaded.is_numeric) == ("zj_waste", "2026-01", None, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with or without BOM and GB18030 give the same list."""
    path = written(tmp_path, "name,key,value\r\n渣土,01,SW70\r\n\r\n\"泥,浆\",02,SW71\r\n", encoding)
    loaded = load_list("zj_waste", "1", None, None, path)
    assert loaded.values == {"01": "SW70", "02": "SW71"}
    assert loaded.names == {"01": "渣土", "02": "泥,浆"}


def test_other_headers_take_the_first_two_columns(tmp_path: Path) -> None:
    """Under names of one's own the first column is the key and the second the value."""
    loaded = load_list("zj_waste", "1", None, None, written(tmp_path, "代码,国标,备注\n01,SW70,x\n"))
    assert (loaded.values, loaded.names) == ({"01": "SW70"}, {})


def test_regions_have_dates(tmp_path: Path) -> None:
    """A list of regions may say from when to when, and what came after."""
    text = "code,name_zh,valid_from,valid_to,successor\nA,甲区,2020-01-01,2024-01-01,B\nB,乙区,,,\n"
    loaded = load_list("regions", "1", None, None, written(tmp_path, text))
    assert loaded.values == {"A": "甲区", "B": "乙区"}
    assert loaded.regions == {
        "A": LocalRegion("甲区", date(2020, 1, 1), date(2024, 1, 1), "B"), "B": LocalRegion("乙区"),
    }


@pytest.mark.parametrize(("name", "text", "found"), [
    ("x", "", [(1, "LIST_HEADER")]),
    ("x", "key\n1\n", [(1, "LIST_HEADER")]),
    ("x", "key,key\n1,2\n", [(1, "LIST_HEADER")]),
    ("x", "key,\n1,2\n", [(1, "LIST_HEADER")]),
    ("x", "玉米秸秆,SW80\n农膜,SW80\n", [(1, "LIST_HEADER")]),
    ("x", "a,900-041-49\n", [(1, "LIST_HEADER")]),
    ("x", "a,1.6\n", [(1, "LIST_HEADER")]),
    ("regions", "371502,东昌府区\n", [(1, "LIST_HEADER")]),
    ("x", "key,value\n1,2\n1,3\n", [(3, "LIST_KEY_TWICE")]),
    ("x", "key,value\n1,2\n 1 ,2\n", [(3, "LIST_KEY_TWICE")]),
    ("x", "key,value\n,2\n3,\n", [(2, "LIST_KEY_EMPTY"), (3, "LIST_VALUE_EMPTY")]),
    ("x", "key,value\n1\n1,2,3\n", [(2, "LIST_ROW_RAGGED"), (3, "LIST_ROW_RAGGED")]),
    ("x", "key,value\na\0b,2\n", [(2, "LIST_CONTROL_CHARACTER")]),
    ("x", "key,value\na,b\x1b\n", [(2, "LIST_CONTROL_CHARACTER")]),
    ("x", "key,value\n1,\"2\n3,4\n", [(3, "LIST_UNREADABLE")]),
    ("x", b"key,value\n\xff\xff\xff,2\n", [(None, "LIST_ENCODING")]),
    ("regions", "code,name_zh,valid_from\nA,a,2020-02-30\n", [(2, "LIST_DATE")]),
    ("regions", "code,name_zh,valid_from,valid_to\nA,a,2020-01-01,2020-01-01\n", [(2, "LIST_DATES_ORDER")]),
    ("units", "unit,grams\n方,abc\n车,0\n桶,-1\n", [
        (2, "LIST_VALUE_NOT_NUMERIC"), (3, "UNIT_NOT_POSITIVE"), (4, "UNIT_NOT_POSITIVE"),
    ]),
])
def test_every_mistake_is_named_with_its_line(
    tmp_path: Path, name: str, text: str | bytes, found: list[Refusal]
) -> None:
    """All mistakes of a file are reported at once, each with its line and a stable name."""
    assert refusals(name, written(tmp_path, text)) == found


def test_a_list_too_long_is_refused(tmp_path: Path) -> None:
    """A million rows is the most; the row after them is named."""
    path = written(tmp_path, "key,value\n" + "1,1\n" * 1_000_001)
    problems = Problems(str(path), "x")
    assert sum(1 for _ in from_file(path, "x", problems)) == 1_000_000
    with pytest.raises(ConfigWrong, match="1000002:0: LIST_TOO_LONG"):
        problems.raise_if_any()


def test_a_file_too_large_is_not_even_read(tmp_path: Path) -> None:
    """A file over 256 MiB is refused by its size."""
    path = written(tmp_path, "key,value\n")
    with path.open("r+b") as file:
        file.truncate(256 * 1024 * 1024 + 1)
    assert refusals("x", path) == [(None, "LIST_TOO_LONG")]


def test_a_file_of_another_kind_does_not_flood(tmp_path: Path) -> None:
    """After a hundred mistakes the rest is not listed."""
    assert len(refusals("x", written(tmp_path, "key,value\n" + "1\n" * 5000))) == 100


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    """A list whose file is not there, or is a folder, names it."""
    assert refusals("x", tmp_path / "none.csv") == [(None, "LIST_FILE_MISSING")]
    assert refusals("x", tmp_path) == [(None, "LIST_FILE_MISSING")]


NO_DECIMALS = ["1e3", "inf", "nan", "1_000", "1,5", "", ".5", "5.", "１", "0x1", " 1", "--1", "9" * 39]


@pytest.mark.parametrize("text", NO_DECIMALS)
def test_what_is_no_plain_decimal_is_no_factor(text: str) -> None:
    """Exponents, infinities, separators and more than 38 digits are refused, never rounded."""
    assert decimal_of(text) is None


def test_with_a_unit_every_value_is_a_number() -> None:
    """A factor list with a value that is no decimal is refused by key."""
    assert refusals("density", None, {"01": "1.6", "02": "1e3"}, "t/m3") == [(None, "LIST_VALUE_NOT_NUMERIC")]


def test_a_list_of_codes_is_no_factor_table() -> None:
    """Asking a list of codes for factors is refused."""
    with pytest.raises(ConfigWrong, match="LIST_VALUE_NOT_NUMERIC"):
        load_list("zj_waste", "1", None, {"01": "SW70"}, None).as_factor_table()


def test_numbers_that_no_column_holds_together_are_refused() -> None:
    """A list whose longest whole part and longest fraction exceed 38 digits together is refused, never rounded."""
    with pytest.raises(ConfigWrong, match="LIST_DECIMALS_TOO_WIDE"):
        load_list("f", "1", "g", {"a": "1" * 30, "b": "0." + "1" * 30}, None).as_factor_table()


@given(st.dictionaries(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5),
    st.decimals(-(10**12), 10**12, places=6) | st.integers(-(10**15), 10**15).map(Decimal) | st.just(Decimal("0.000")),
    min_size=1,
))
def test_factors_are_exact_in_the_smallest_scale(numbers: dict[str, Decimal]) -> None:
    """Every factor comes out as written, and no column is wider than its numbers need."""
    loaded = load_list("f", "1", "t/m3", {key: f"{number:f}" for key, number in numbers.items()}, None)
    assert loaded.is_numeric
    table = loaded.as_factor_table()
    assert dict(zip(table["key"].to_pylist(), table["value"].to_pylist(), strict=True)) == numbers
    kind = table.schema.field("value").type
    assert pa.types.is_decimal(kind)
    assert kind.scale == max(max(0, -int(n.normalize().as_tuple().exponent)) for n in numbers.values())
