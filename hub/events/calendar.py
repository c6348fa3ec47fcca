"""Local times, periods and business days. The hub's clock on the wall is Asia/Shanghai.

A time is known at a precision; its period and business day follow from both, computed once, when the event is made.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
PRECISIONS = ("instant", "day", "month", "quarter", "year")


def period(local: datetime, precision: str) -> str:
    """``2026-03`` (instant, day, month), ``2026Q1`` or ``2026`` of a wall-clock time in Shanghai."""
    if precision == "year":
        return f"{local.year:04d}"
    if precision == "quarter":
        return f"{local.year:04d}Q{(local.month + 2) // 3}"
    return f"{local.year:04d}-{local.month:02d}"


def business_day(local: datetime, precision: str) -> date | None:
    """The day in Shanghai; None where only the month or more is known."""
    return local.date() if precision in ("instant", "day") else None


def first_instant(local: datetime, precision: str) -> datetime:
    """The first wall-clock instant of the day, month, quarter or year; the time itself for an instant."""
    if precision == "instant":
        return local
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if precision == "day":
        return day
    month = {"month": local.month, "quarter": (local.month - 1) // 3 * 3 + 1}.get(precision, 1)
    return day.replace(month=month, day=1)


def utc(local: datetime) -> datetime:
    """A wall-clock time in Shanghai as an aware UTC time (Shanghai kept summer time until 1991)."""
    return local.replace(tzinfo=SHANGHAI).astimezone(UTC)


@cache
def _offset_changes() -> tuple[tuple[datetime, int], ...]:
    """(wall-clock time from which an offset holds, offset in seconds), for 1900 to 1992; 8 hours after that.

    A wall-clock time that occurs twice counts as the earlier one, as ``datetime`` has it (fold 0).
    """
    week, end = timedelta(days=7), datetime(1992, 1, 1, tzinfo=UTC)
    instant = datetime(1900, 1, 1, tzinfo=UTC)
    offset = _offset_seconds(instant)
    changes = [(datetime(1, 1, 1), offset)]  # noqa: DTZ001 - a wall-clock time has no zone
    while instant < end:
        after = _offset_seconds(instant + week)
        if after != offset:
            at = _first_with(after, instant, instant + week)
            changes.append(((at + timedelta(seconds=max(offset, after))).replace(tzinfo=None), after))
            offset = after
        instant += week
    return tuple(changes)


def _offset_seconds(instant: datetime) -> int:
    found = instant.astimezone(SHANGHAI).utcoffset()
    return int(found.total_seconds()) if found is not None else 0


def _first_with(seconds: int, low: datetime, high: datetime) -> datetime:
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (low, middle) if _offset_seconds(middle) == seconds else (middle, high)
    return high


def utc_sql(local: str) -> str:
    """DuckDB text for :func:`utc` over a TIMESTAMP expression: a naive UTC TIMESTAMP."""
    return f"({local}) - CASE WHEN ({local}) >= TIMESTAMP '1992-01-01' THEN INTERVAL 8 HOUR ELSE shanghai_offset({local}) END"


def shanghai_offset_macro() -> str:
    """DuckDB macro ``shanghai_offset(local)``: the offset that held before 1992, as an INTERVAL."""
    changes = _offset_changes()
    whens = " ".join(
        f"WHEN x >= TIMESTAMP '{start}' THEN to_seconds({seconds})" for start, seconds in reversed(changes)
    )
    return f"CREATE OR REPLACE TEMP MACRO shanghai_offset(x) AS CASE {whens} ELSE to_seconds({changes[0][1]}) END"


def first_instant_sql(local: str, precision: str) -> str:
    """DuckDB text for :func:`first_instant`."""
    return (
        f"CASE {precision} WHEN 'instant' THEN {local} WHEN 'day' THEN date_trunc('day', {local})::TIMESTAMP"
        f" WHEN 'month' THEN date_trunc('month', {local})::TIMESTAMP"
        f" WHEN 'quarter' THEN date_trunc('quarter', {local})::TIMESTAMP"
        f" WHEN 'year' THEN date_trunc('year', {local})::TIMESTAMP END"
    )


def period_sql(local: str, precision: str) -> str:
    """DuckDB text for :func:`period`."""
    text = f"({local})::VARCHAR"
    return (
        f"CASE {precision} WHEN 'year' THEN substr({text},1,4)"
        f" WHEN 'quarter' THEN substr({text},1,4)||'Q'||quarter({local})::VARCHAR ELSE substr({text},1,7) END"
    )


def business_day_sql(local: str, precision: str) -> str:
    """DuckDB text for :func:`business_day`."""
    return f"CASE WHEN {precision} IN ('instant','day') THEN ({local})::DATE END"
