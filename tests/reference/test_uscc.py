"""统一社会信用代码: the check of GB 32100-2015, in Python and in SQL."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.reference.uscc import ALPHABET, valid, valid_sql

PUBLISHED = ["91110000600037341L", "91130200699229617X"]


def completed(first: str) -> str:
    return next(first + last for last in ALPHABET if valid(first + last))


def in_sql(codes: list[str | None]) -> list[bool | None]:
    connection = duckdb.connect()
    connection.register("given", pa.table({"n": range(len(codes)), "x": pa.array(codes, pa.string())}))
    return [row[0] for row in connection.execute(f"SELECT {valid_sql('given.x')} FROM given ORDER BY n").fetchall()]


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_hold(code: str) -> None:
    """The two published examples are valid."""
    assert valid(code)


def test_a_sum_that_31_divides_wants_a_zero() -> None:
    """The final mod: where the weighted sum is a multiple of 31 the check character is 0, not a 32nd one."""
    assert valid("0" * 18)


def test_village_collectives_are_not_refused() -> None:
    """A code that begins with N is judged by its check alone."""
    assert valid(completed("N2371502MF1234567"))


@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_any_one_wrong_character_is_found(first: str, place: int, other: str) -> None:
    """Every 17 characters have exactly one check character, and changing any one of the 18 breaks it."""
    code = completed(first)
    assert sum(valid(first + last) for last in ALPHABET) == 1
    changed = code[:place] + other + code[place + 1:]
    assert valid(changed) == (changed == code)


NEAR = st.text(ALPHABET, min_size=17, max_size=17).map(completed) | st.text(ALPHABET, min_size=18, max_size=18)
SAID = st.sampled_from([*PUBLISHED, *(code.lower() for code in PUBLISHED), PUBLISHED[0] + "\n", "", None])
JUNK = st.text(max_size=20) | st.text(ALPHABET + "IOSVZ９", min_size=18, max_size=18)


@settings(max_examples=40, deadline=None)
@given(st.lists(NEAR | SAID | JUNK, min_size=1))
def test_sql_and_python_never_differ(codes: list[str | None]) -> None:
    """The SQL says what the function says; NULL stays NULL."""
    assert in_sql(codes) == [None if code is None else valid(code) for code in codes]
