"""The times inside a cursor."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.intake.sources.sql_cursor import earlier, may_move_to, time_of

SAME = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
FORMS = [
    ("2026-03-01 08:05:00", "2026-03-01 07:55:00"), ("2026-03-01T08:05:00", "2026-03-01T07:55:00"),
    ("2026-03-01 08:05:00.000", "2026-03-01 07:55:00.000000"), ("2026-03-01 08:05:00+08", "2026-03-01 07:55:00+08:00"),
    ("2026-03-01 00:05:00+00:00", "2026-02-28 23:55:00+00:00"), ("2026/03/01 08:05:00", "2026/03/01 07:55:00"),
    ("20260301080500", "20260301075500"), ("1772323500", "1772322900"), ("1772323500000", "1772322900000"),
    ("1772323500000000", "1772322900000000"),
]


@pytest.mark.parametrize(("text", "before"), FORMS, ids=[text for text, _ in FORMS])
def test_times_are_known_and_written_alike(text: str, before: str) -> None:
    """Every usual form of a time is known as that moment, and ten minutes earlier is written in the same form."""
    assert time_of(text) == SAME
    assert earlier(text, 600) == before


@pytest.mark.parametrize("text", ["17", "9223372036854775807", "20269999999999", "A0001", "", "2026年"])
def test_what_is_no_time_stays(text: str) -> None:
    """A running number or a word is no time: it names no moment and has no earlier."""
    assert time_of(text) is None
    assert earlier(text, 600) == text


def test_days_are_whole() -> None:
    """Ten minutes before a day is within the day before."""
    assert earlier("2026-03-01", 600) == "2026-02-28"
    assert earlier("20260301", 600) == "20260228"


@pytest.mark.parametrize("text", ["infinity", "Infinity", "inf", "NaN", "20260-01-01", "10000-01-01 00:00:00+08", "2026-03-02"])
def test_nothing_comes_after_what_has_no_end(text: str) -> None:
    """No cursor moves to a time that is yet to come, nor to what a database sorts after all times."""
    assert not may_move_to(text, SAME)


@pytest.mark.parametrize("text", ["17", "A0001", "2026-03-01", "infinite", "20260301", "12345-01", "-infinity", "1.5"])
def test_all_else_may_be_gone_on_from(text: str) -> None:
    """Running numbers, words and times that are past."""
    assert may_move_to(text, SAME)
