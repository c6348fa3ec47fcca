"""Native values as text."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.sources.text import NumberText, canonical, float_text, string_array, text_of

MORNING = datetime(2026, 3, 1, 8, 5, tzinfo=timezone(timedelta(hours=8)))
VALUES: list[tuple[Any, str | None]] = [
    (None, None), ("0012 ", "0012 "), (True, "true"), (False, "false"), (16000, "16000"), (16000.0, "16000"),
    (1e22, "10000000000000000000000"), (1e-7, "0.0000001"), (-0.0, "0"), (math.nan, "NaN"), (-math.inf, "-Infinity"),
    (Decimal("1.10"), "1.10"), (Decimal("1E+3"), "1000"), (Decimal("1E-9"), "0.000000001"),
    (MORNING, "2026-03-01 08:05:00+08:00"), (MORNING.replace(tzinfo=None), "2026-03-01 08:05:00"),
    (date(2026, 3, 1), "2026-03-01"), (time(8, 5), "08:05:00"),
    (timedelta(hours=25, minutes=5), "25:05:00"), (timedelta(seconds=-90, microseconds=0), "-00:01:30"),
    (b"\x00\xff", "00ff"), (memoryview(b"\x01"), "01"), (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ({"b": 1.0, "a": [NumberText("1.10"), "1.10", None, True, "站\n"]}, '{"a":[1.10,"1.10",null,true,"站\\n"],"b":1}'),
]


@pytest.mark.parametrize(("value", "text"), VALUES, ids=[f"{type(value).__name__}-{text}"[:40] for value, text in VALUES])
def test_a_value_as_text(value: Any, text: str | None) -> None:
    """Each type has one way to be written."""
    assert text_of(value) == text


@given(st.floats(allow_nan=False))
def test_floats_read_back(value: float) -> None:
    """A float's text reads back as the same float and has no exponent."""
    text = float_text(value)
    assert float(text) == value
    assert "e" not in text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_canonical_json_is_json_and_one(value: Any) -> None:
    """Canonical JSON reads back as what it was, and writing that again gives the same text."""
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text


def test_a_column_of_mixed_values() -> None:
    """A column may mix types; each value is written by its own."""
    assert string_array(["x", 1, None, Decimal("2.50")]).to_pylist() == ["x", "1", None, "2.50"]
