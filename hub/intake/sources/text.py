"""How native values of databases, sheets and files become text: once, here, so that every source says a value alike."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa


class NumberText(str):
    """A JSON number as it was written; stands apart from a string only inside nested JSON."""

    __slots__ = ()


def float_text(value: float) -> str:
    """The shortest text that reads back as ``value``: no exponent, no ``.0``, no ``-0``; NaN and Infinity by name."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def _duration_text(value: timedelta) -> str:
    seconds = abs(value) // timedelta(seconds=1)
    fraction = abs(value).microseconds
    text = f"{'-' if value < timedelta(0) else ''}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}" if fraction else text


def text_of(value: Any) -> str | None:
    """A native value as the text that :mod:`hub.intake.sources.port` promises; None stays None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return canonical(value)
    return str(value)


def canonical(value: Any) -> str:
    """JSON with keys sorted by code point, no spaces, no needless escapes, numbers as they were written."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        inner = ",".join(f"{_quoted(str(key))}:{canonical(value[key])}" for key in sorted(value, key=str))
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, set | frozenset):
        return f"[{','.join(sorted(map(canonical, value)))}]"
    text = text_of(value) or ""
    bare = isinstance(value, NumberText | bool | int | Decimal) or (isinstance(value, float) and text[-1].isdigit())
    return text if bare else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def string_array(values: Sequence[Any]) -> pa.StringArray:
    """A column of text from native values. UnicodeEncodeError where a text has half a surrogate pair."""
    # Arrow takes bytes for text where they happen to be UTF-8: what a value says would depend on its neighbours.
    if not isinstance(next((value for value in values if value is not None), None), bytes | bytearray | memoryview):
        try:
            return pa.array(values, pa.string())
        except (pa.ArrowTypeError, pa.ArrowInvalid):
            pass
    return pa.array([text_of(value) for value in values], pa.string())
