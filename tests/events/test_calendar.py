"""Local times: SQL and Python agree, and both agree with the history of clocks in Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.events import calendar
from hub.events.calendar import PRECISIONS, SHANGHAI, business_day, first_instant, period, utc


def wall(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type, misc]  # noqa: DTZ001 - a time on the wall has no zone


@cache
def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect()
    opened.execute(calendar.shanghai_offset_macro())
    return opened


def in_sql(sql: str, *values: Any) -> Any:
    """``sql`` over the columns w (a wall time) and p (a precision)."""
    found = connection().execute(f"SELECT {sql} FROM (SELECT $1::TIMESTAMP AS w, $2::VARCHAR AS p)", list(values)).fetchone()
    assert found is not None
    return found[0]


WALLS = st.datetimes(min_value=wall(1900, 1, 2), max_value=wall(2100, 1, 1))
KNOWN = {
    wall(2026, 3, 1, 8, 5): wall(2026, 3, 1, 0, 5), wall(2026, 1, 1): wall(2025, 12, 31, 16),
    wall(1992, 1, 1): wall(1991, 12, 31, 16), wall(1991, 8, 1): wall(1991, 7, 31, 15), wall(1990, 7, 1, 12): wall(1990, 7, 1, 3),
    wall(1986, 7, 1, 12): wall(1986, 7, 1, 3), wall(1985, 7, 1, 12): wall(1985, 7, 1, 4),
    wall(1949, 10, 1, 15): wall(1949, 10, 1, 7),
    wall(1970, 1, 1, 8): wall(1970, 1, 1),
}


@pytest.mark.parametrize("local", KNOWN)
def test_shanghai_is_eight_hours_ahead_but_for_old_summers(local: datetime) -> None:
    """Eight hours since 1991, nine in the summers of 1986 to 1991."""
    assert utc(local) == KNOWN[local].replace(tzinfo=UTC)
    assert in_sql(calendar.utc_sql("w"), local, "") == KNOWN[local]


NEAR = (-3600, -1, 0, 1, 1800, 3599, 3600)
CHANGES = [start + timedelta(seconds=near) for start, _ in calendar._offset_changes()[1:] for near in NEAR]


@pytest.mark.parametrize("local", CHANGES, ids=str)
def test_clocks_that_jump_jump_alike(local: datetime) -> None:
    """Around every change of the clocks, hours that came twice or never included, SQL gives what datetime gives."""
    assert in_sql(calendar.utc_sql("w"), local, "").replace(tzinfo=UTC) == utc(local)


@given(WALLS)
def test_sql_and_python_agree_on_every_wall_time(local: datetime) -> None:
    """utc_sql is utc for any wall time of two centuries."""
    assert in_sql(calendar.utc_sql("w"), local, "").replace(tzinfo=UTC) == utc(local)


@given(st.datetimes(min_value=wall(1992, 1, 1), max_value=wall(9000, 1, 1)))
def test_no_summer_time_has_come_since(local: datetime) -> None:
    """From 1992 on the offset is eight hours, as far as the rules of today say."""
    assert utc(local) == local.replace(tzinfo=UTC) - timedelta(hours=8)
    assert in_sql(calendar.utc_sql("w"), local, "") == local - timedelta(hours=8)


PERIODS = [
    (wall(2026, 3, 31, 23, 59, 59), "instant", "2026-03", date(2026, 3, 31), wall(2026, 3, 31, 23, 59, 59)),
    (wall(2026, 3, 31, 23, 59, 59), "day", "2026-03", date(2026, 3, 31), wall(2026, 3, 31)),
    (wall(2026, 3, 31, 5), "month", "2026-03", None, wall(2026, 3, 1)),
    (wall(2026, 3, 31, 5), "quarter", "2026Q1", None, wall(2026, 1, 1)),
    (wall(2026, 4, 1), "quarter", "2026Q2", None, wall(2026, 4, 1)),
    (wall(2026, 9, 30), "quarter", "2026Q3", None, wall(2026, 7, 1)),
    (wall(2026, 12, 31), "quarter", "2026Q4", None, wall(2026, 10, 1)),
    (wall(2026, 12, 31), "year", "2026", None, wall(2026, 1, 1)),
    (wall(1000, 2, 3), "month", "1000-02", None, wall(1000, 2, 1)),
    (wall(2026, 1, 1), "instant", "2026-01", date(2026, 1, 1), wall(2026, 1, 1)),
]


@pytest.mark.parametrize(("local", "precision", "its_period", "its_day", "first"), PERIODS)
def test_a_time_has_the_period_that_it_is_known_to(
    local: datetime, precision: str, its_period: str, its_day: date | None, first: datetime
) -> None:
    """A month for instants, days and months, else the quarter or the year; a business day only where the day is known."""
    assert (period(local, precision), business_day(local, precision)) == (its_period, its_day)
    assert first_instant(local, precision) == first


@given(st.datetimes(min_value=wall(1000, 1, 1)), st.sampled_from(PRECISIONS))
@example(wall(9999, 12, 31, 23, 59, 59, 999999), "instant")
def test_sql_and_python_agree_on_periods(local: datetime, precision: str) -> None:
    """Period, business day and first instant are the same in SQL for any time and precision."""
    assert in_sql(calendar.period_sql("w", "p"), local, precision) == period(local, precision)
    assert in_sql(calendar.business_day_sql("w", "p"), local, precision) == business_day(local, precision)
    assert in_sql(calendar.first_instant_sql("w", "p"), local, precision) == first_instant(local, precision)


@given(WALLS, st.sampled_from(PRECISIONS))
def test_the_first_instant_lies_in_the_period_and_is_its_own_first(local: datetime, precision: str) -> None:
    """A first instant is not after the time, has the same period, and is its own first instant."""
    first = first_instant(local, precision)
    assert first <= local
    assert period(first, precision) == period(local, precision)
    assert first_instant(first, precision) == first


@pytest.mark.parametrize(
    "sql", [calendar.utc_sql("w"), calendar.period_sql("w", "'day'"), calendar.business_day_sql("w", "'day'")]
)
def test_no_time_has_no_period(sql: str) -> None:
    """NULL in gives NULL out."""
    assert in_sql(sql, None, "day") is None


def test_the_zone_is_the_city_s() -> None:
    """There is one zone: Asia/Shanghai."""
    assert str(SHANGHAI) == "Asia/Shanghai"
