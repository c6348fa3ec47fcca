"""Where an incremental read of a table stands: the last row's (by, key), as opaque text, and the times inside it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from hub.errors import RequestWrong

_LOCAL = ZoneInfo("Asia/Shanghai")
_COMPACT = {14: "%Y%m%d%H%M%S", 8: "%Y%m%d"}
_SLASHED = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d")
# Integers that can be a time after 2001 and before 2128, by the unit they would be in.
_EPOCHS = ((10**9, 1), (10**12, 1_000), (10**15, 1_000_000))
_EPOCH_SPAN = 5
_ENDLESS = re.compile(r"(?i:\+?inf(inity)?$|nan$)|\d{5,}-\d\d-\d\d")


@dataclass(frozen=True)
class CursorState:
    """After which row to go on; ``types`` are the kinds of ``by`` and the key columns: integer, real, decimal, text."""

    by: str
    key: tuple[str, ...]
    types: tuple[str, ...]

    def text(self) -> str:
        """As it is kept."""
        return json.dumps({"type": self.types, "by": self.by, "key": self.key}, ensure_ascii=False)

    @classmethod
    def read(cls, text: str, key_columns: int) -> CursorState:
        """What :meth:`text` wrote. RequestWrong for anything else, or a key of another width."""
        try:
            found = json.loads(text)
            state = cls(str(found["by"]), tuple(map(str, found["key"])), tuple(map(str, found["type"])))
            if len(state.key) != key_columns or len(state.types) != key_columns + 1:
                raise ValueError(f"{len(state.key)} key columns instead of {key_columns}")
            for value, kind in zip((state.by, *state.key), state.types, strict=True):
                bound(value, kind)
        except (ValueError, TypeError, KeyError, InvalidOperation) as error:
            raise RequestWrong("the cursor does not fit the source: {reason}", reason=str(error)) from error
        return state


def kind_of(value: Any) -> str:
    """How a driver's value has to be given back to it for a comparison."""
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "real"
    return "decimal" if isinstance(value, Decimal) else "text"


def bound(text: str, kind: str) -> int | float | Decimal | str:
    """A kept text as the value to compare with."""
    match kind:
        case "integer":
            return int(text)
        case "real":
            return float(text)
        case "decimal":
            return Decimal(text)
        case _:
            return text


def time_of(text: str) -> datetime | None:
    """The moment that a cursor's text names (Asia/Shanghai where it has no zone); None where it names none."""
    found = _parsed(text)
    if found is None:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=_LOCAL)


def may_move_to(text: str, not_after: datetime) -> bool:
    """Whether a cursor may stand there: not at a time after ``not_after`` (aware), nor at what sorts after all times
    (PostgreSQL's infinity and NaN, a year of five digits): nothing would ever come after it."""
    if _ENDLESS.match(text):
        return False
    moment = time_of(text)
    return moment is None or moment <= not_after


def earlier(text: str, seconds: float) -> str:
    """The same text ``seconds`` before, written alike; unchanged where it is no time."""
    found = _parsed(text)
    if found is None or seconds <= 0:
        return text
    try:
        return _written(found - timedelta(seconds=seconds), text)
    except OverflowError:
        return text


def _parsed(text: str) -> datetime | None:
    if text.isdecimal():
        return _from_digits(text)
    for form in _SLASHED:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the caller's to add
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_digits(text: str) -> datetime | None:
    form = _COMPACT.get(len(text))
    if form and "1990" <= text[:4] <= "2100":
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the caller's to add
        except ValueError:
            return None
    unit = _epoch_unit(text)
    return datetime.fromtimestamp(int(text) / unit, _LOCAL) if unit else None


def _epoch_unit(text: str) -> int | None:
    number = int(text)
    return next((unit for low, unit in _EPOCHS if low <= number < low * _EPOCH_SPAN), None)


def _written(value: datetime, like: str) -> str:
    if like.isdecimal():
        form = _COMPACT.get(len(like))
        unit = None if form else _epoch_unit(like)
        return value.strftime(form) if form else str(int(value.timestamp() * (unit or 1)))
    for form in _SLASHED:
        try:
            datetime.strptime(like, form)  # noqa: DTZ007 - only its form matters
        except ValueError:
            continue
        return value.strftime(form)
    try:
        date.fromisoformat(like)
    except ValueError:
        separator = "T" if "T" in like else " "
        return value.isoformat(sep=separator, timespec="microseconds" if "." in like else "seconds")
    return value.date().isoformat()
