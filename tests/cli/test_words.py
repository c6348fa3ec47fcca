"""Names, values and times in words."""

from __future__ import annotations

import pytest

from hub import texts
from hub.cli.words import CHINESE, HEADINGS, THINGS, city_time, error_lines, heading, value_of
from hub.events.refusals import REFUSALS
from hub.events.schema import NAMES, fields, text


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("stream", "domestic", "生活垃圾"),
        ("kind", "COLLECTED", "收运"),
        ("department", "housing", "住房城乡建设"),
        ("account", "unreported", "来源未报"),
        ("state", "superseded", "被取代"),
        ("decision", "rejected", "驳回"),
        ("error", "MASS_NEGATIVE", "MASS_NEGATIVE 质量不能为负"),
        ("field", "value", "数值 value"),
        ("field", "net_is_gross_minus_tare", "net_is_gross_minus_tare"),
        ("code", "SW61", "SW61"),
        ("stream", "unheard", "unheard"),
        ("holder", None, ""),
    ],
)
def test_values_are_words(column: str, value: str | None, shown: str) -> None:
    """What has a word is shown in it, errors and fields with the name that files and scripts use; the rest as it is."""
    assert value_of(column, value) == shown


def test_nothing_of_ours_stays_english() -> None:
    """Every field of the three schemas, heading, state, account and thing has a Chinese word."""
    names = {field.name for name in NAMES for field in fields(text(name))} - {"positions", "body", "stated_sha256"}
    shown = [heading(name) for name in names | HEADINGS.keys()]
    shown += [value_of(column, value) for column, values in {**THINGS, **CHINESE}.items() for value in values]
    shown += [value_of("error", error) for error in REFUSALS]
    assert [word for word in shown if not any("一" <= character <= "鿿" for character in word)] == []


def test_english_keeps_the_names_of_the_schema() -> None:
    """In English kinds, streams and fields are shown by the names that connector.yaml and the views use."""
    texts.speak("en")
    assert [value_of("kind", "COLLECTED"), value_of("field", "value"), heading("waste_name")] == [
        "COLLECTED",
        "value",
        "waste_name",
    ]
    assert value_of("error", "MASS_NEGATIVE") == "MASS_NEGATIVE a mass cannot be negative"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2025-12-31T16:00:00Z", "2026-01-01 00:00:00 +08:00"),
        ("2026-03-01T08:05:00.123456+08:00", "2026-03-01 08:05:00 +08:00"),
        ("1990-07-01T00:00:00+00:00", "1990-07-01 09:00:00 +09:00"),
        ("2026-03-01 08:05:00", "2026-03-01 08:05:00"),
        ("9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59+00:00"),
        ("0001-01-01T00:00:00+09:00", "0001-01-01T00:00:00+09:00"),
        ("soon", "soon"),
    ],
)
def test_times_are_the_citys(written: str, shown: str) -> None:
    """An instant is shown by the clock of Asia/Shanghai with its offset; what is no instant stays as it is."""
    assert city_time(written) == shown


def test_an_error_names_field_error_values_and_remedy() -> None:
    """A person reads the field, what is wrong in words beside its stable name, the values, and what to do."""
    error = {"field": "code", "error": "CODE_UNMAPPED", "values": {"ZLLX": "99", "BZ": None}, "remedy": "补进对照表"}
    assert error_lines(error) == [
        "代码 code: CODE_UNMAPPED 连接器的对照表里没有这个代码 (ZLLX: 99; BZ: –)",
        "怎么办：补进对照表",
    ]
    replaced = {"field": "region", "error": "REGION_REPLACED", "values": {"QHDM": "371523", "successor": "371503"}}
    assert error_lines(replaced) == [
        "地区 region: REGION_REPLACED 地区代码在那一天之前已被替换 (QHDM: 371523; 替换后的代码: 371503)",
    ]


def test_a_text_does_not_steer_the_terminal() -> None:
    """Escapes and marks that turn the writing around are spelled out; words, tabs and newlines stay."""
    assert value_of("waste_name", "\x1b[31m废\r酸\x07\x9b\u202e\t😀\n") == "\\x1b[31m废\\x0d酸\\x07\\x9b\\u202e\t😀\n"
    hostile = {"field": None, "error": "ROW\x1b[31m", "values": {"a\x1b": "b\x07"}}
    assert error_lines(hostile) == ["ROW\\x1b[31m (a\\x1b: b\\x07)"]
