"""num() and ts(): what is read, and what is refused rather than guessed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.intake.functions import format_precision
from tests.intake.evaluating import outcome, over

NUMBERS = {
    "1": "1", "00012": "12", "-5": "-5", "+5": "5", ".5": "0.5", "-.5": "-0.5", "5.": "5", "-0": "0",
    "1,234.5": "1234.5", "1,234,567.8": "1234567.8", "12,345": "12345",
    "１２": "12", "１，２３４．５": "1234.5", "－５": "-5", "＋５": "5", "１2.5": "12.5", "　5": "5",
    "0.000000001": "0.000000001", "1.0123456780": "1.012345678", "1." + "0" * 50: "1",
    "123456789012345": "123456789012345", "123456789012345.123456789": "123456789012345.123456789",
    "999,999,999,999,999": "999999999999999",
}
NO_NUMBERS = [
    "", ".", "-", "+", ",", "，", "--1", "1-", "- 5", "(5)", "1 000", "1 234.5", "1.2.3",
    "1,23", "1,2345", "1234,567", "1,234,56", "0,123", "000,123", ",123", "1,,234", "1.234,5",
    "1_000", "1e3", "1E3", "0x10", "0b1", "inf", "-inf", "Infinity", "nan", "NaN", "null", "1/2", "50%", "￥5", "$5",
    "5吨", "5 吨", "5kg", "一百", "五", "½", "²", "٣", "१", "−5", "5\u200b", "5\n6", "1;2", "1'",
    "1.0123456789", "1.9999999999", "1.0000000001",
    "1234567890123456", "1,234,567,890,123,456", "9" * 400, "0." + "9" * 400,
]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_read_exactly(text: str) -> None:
    """num() reads plain digits, thousands in threes and full-width forms, to the ninth decimal."""
    found = outcome("num(A)", {"A": text})
    assert (found.value, found.errors) == (Decimal(NUMBERS[text]), ())


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    """num() fails where a digit would be lost, rounded or guessed."""
    found = outcome("num(A)", {"A": text})
    assert (found.value, found.errors) == (None, ("NUMBER_UNREADABLE",))


WIDE = str.maketrans("０１２３４５６７８９，．－＋：／　", "0123456789,.-+:/ ")
PLAIN = re.compile(r"[+-]?(?:[0-9]{1,15}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4})?(?:\.([0-9]*))?")


def number(text: str) -> Decimal | None:
    """num() as the contract says it, in plain Python."""
    text = text.translate(WIDE).strip()
    match = PLAIN.fullmatch(text)
    if match is None or not re.search("[0-9]", text) or len((match[1] or "").rstrip("0")) > 9:
        return None
    return Decimal(text.replace(",", ""))


NUMBER_TEXTS = st.one_of(
    st.text(alphabet="0123456789.,-+ ０１，．－eE_吨", max_size=14),
    st.text(max_size=6),
    st.from_regex(PLAIN, fullmatch=True),
    st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**15) + 1, max_value=10**15 - 1).map(str),
    st.integers(-(10**18), 10**18).map("{:,}".format),
).filter(lambda text: "\0" not in text and text == text.strip())


@given(st.lists(NUMBER_TEXTS, min_size=1, max_size=40))
def test_only_the_grammar_of_numbers_is_read(texts: list[str]) -> None:
    """Whatever the text, num() gives the oracle's number or NULL, and DuckDB never raises."""
    assert over("num(x)", texts) == [number(text) for text in texts]


def day(year: int, month: int = 1, of: int = 1, *clock: int) -> datetime:
    return datetime(year, month, of, *clock)  # noqa: DTZ001 - a time on the wall of Shanghai


MARCH = day(2026, 3)
TIMES = {
    "2026-03-01": (MARCH, "day"), "2026-3-1": (MARCH, "day"), "2026/3/1": (MARCH, "day"), "20260301": (MARCH, "day"),
    "2026年3月1日": (MARCH, "day"), "2026年03月01日": (MARCH, "day"), "２０２６－０３－０１": (MARCH, "day"),
    "２０２６年３月１日": (MARCH, "day"), "二〇二六年三月一日": (MARCH, "day"), "二零二六年三月一日": (MARCH, "day"),
    "二〇二六年十月十日": (day(2026, 10, 10), "day"), "2026年十二月二十一日": (day(2026, 12, 21), "day"),
    "二〇二六年十二月三十一日": (day(2026, 12, 31), "day"), "一九四九年十月一日": (day(1949, 10), "day"),
    "2024-02-29": (day(2024, 2, 29), "day"), "9999-12-31": (day(9999, 12, 31), "day"), "1000-01-01": (day(1000), "day"),
    "2026年3月": (MARCH, "month"), "2026-03": (MARCH, "month"), "2026-3": (MARCH, "month"), "2026/3": (MARCH, "month"),
    "二〇二六年十二月": (day(2026, 12), "month"),
    "2026年第一季度": (day(2026), "quarter"), "2026年第1季度": (day(2026), "quarter"), "2026年一季度": (day(2026), "quarter"),
    "2026第四季度": (day(2026, 10), "quarter"), "2026Q1": (day(2026), "quarter"), "2026q3": (day(2026, 7), "quarter"),
    "2026 Q2": (day(2026, 4), "quarter"), "二〇二六年第四季度": (day(2026, 10), "quarter"),
    "2026年": (day(2026), "year"), "2026": (day(2026), "year"), "二〇二六年": (day(2026), "year"),
    "46082": (MARCH, "day"), "46082.0": (MARCH, "day"), "46082.5": (day(2026, 3, 1, 12), "instant"),
    "46082.354166666664": (day(2026, 3, 1, 8, 30), "instant"), "46082.3368055556": (day(2026, 3, 1, 8, 5), "instant"),
    "2026-03-01 08:05": (day(2026, 3, 1, 8, 5), "instant"), "2026-03-01 08:05:09": (day(2026, 3, 1, 8, 5, 9), "instant"),
    "2026-03-01T08:05:09": (day(2026, 3, 1, 8, 5, 9), "instant"), "2026-3-1 8:5": (day(2026, 3, 1, 8, 5), "instant"),
    "2026/3/1 8:05": (day(2026, 3, 1, 8, 5), "instant"), "2026-03-01 8": (day(2026, 3, 1, 8), "instant"),
    "2026-03-01 00:00:00": (MARCH, "instant"), "20260301080509": (day(2026, 3, 1, 8, 5, 9), "instant"),
    "2026-03-01 08:05:09.123456": (day(2026, 3, 1, 8, 5, 9, 123456), "instant"),
    "2026-03-01 08:05:09.5": (day(2026, 3, 1, 8, 5, 9, 500000), "instant"),
    "２０２６／３／１　８：０５": (day(2026, 3, 1, 8, 5), "instant"), "2026年3月1日8时": (day(2026, 3, 1, 8), "instant"),
    "2026年3月1日 8时": (day(2026, 3, 1, 8), "instant"), "2026年3月1日8时5分": (day(2026, 3, 1, 8, 5), "instant"),
    "2026年3月1日 8点30分": (day(2026, 3, 1, 8, 30), "instant"), "2026年3月1日8时5分9秒": (day(2026, 3, 1, 8, 5, 9), "instant"),
    "2026-03-01T08:05:00+08:00": (day(2026, 3, 1, 8, 5), "instant"), "2026-03-01T08:05:00Z": (day(2026, 3, 1, 16, 5), "instant"),
    "2026-03-01 08:05:00+00": (day(2026, 3, 1, 16, 5), "instant"), "2026-03-01 08:05:00+0800": (day(2026, 3, 1, 8, 5), "instant"),
    "2026-03-01 20:05:00-05:30": (day(2026, 3, 2, 9, 35), "instant"),
    "2026-03-01 08:05:00 +08:00": (day(2026, 3, 1, 8, 5), "instant"),
}
NO_TIMES = [
    "2026-02-30", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "20260230", "2026年13月", "2026年0月", "2026年3月32日",
    "二〇二六年二十月", "2026年二月二十九日", "2026Q0", "2026Q5", "2026年第五季度",
    "2026-03-01 24:00:00", "2026-03-01 23:60", "2026-03-01 23:59:60", "2026年3月1日24时", "2026-03-01T08:05:00+15:00",
    "infinity", "-infinity", "epoch", "today", "now", "1e3", "44927E0", "", "-", "星期一", "三月", "十", "3月1日",
    "26-03-01", "3/1/2026", "01.03.2026", "2026:03:01", "2026_03_01", "2026-W10", "2026-060", "202603010805", "20261301",
    "1772323200", "1772323200000", "100000", "1", "999", "1800", "2100", "0026年",
    "0000-01-01", "0001-01-01", "0999-12-31", "10000-01-01", "-2026-03-01", "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00", "2026-03-01 8:05 PM", "2026-03-01 上午8:05", "2026-03-01 08:05:00 CST", "2026-03-01 08:05:00,5",
    "2026-03-01'", "2026-03-01;", "2026-03-01 08:05:00 Asia/Shanghai", "2026-03/01",
]


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_read_with_its_precision(text: str) -> None:
    """ts() reads every form of the contract on the wall of Shanghai, as precisely as the text says it."""
    found = outcome("ts(A)", {"A": text})
    assert (found.value, found.traits["precision"], found.errors) == (*TIMES[text], ())


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_refused(text: str) -> None:
    """ts() fails where a date does not exist, lacks a part, or would have to be guessed."""
    found = outcome("ts(A)", {"A": text})
    assert (found.value, found.errors) == (None, ("TIME_UNREADABLE",))


DAYS = st.dates(min_value=datetime(1000, 1, 1).date())  # noqa: DTZ001 - a day has no zone
CLOCKS = st.times()
CHINESE = str.maketrans("0123456789", "〇一二三四五六七八九")
FORMS = {
    "{d:%Y}-{d:%m}-{d:%d}": "day", "{d.year}/{d.month}/{d.day}": "day", "{d:%Y%m%d}": "day",
    "{d.year}年{d.month}月{d.day}日": "day", "{d:%Y}-{d:%m}-{d:%d} {t:%H:%M:%S}": "instant",
    "{d:%Y}-{d:%m}-{d:%d}T{t:%H:%M:%S.%f}": "instant", "{d:%Y%m%d}{t:%H%M%S}": "instant",
    "{d.year}年{d.month}月{d.day}日 {t.hour}时{t.minute}分{t.second}秒": "instant",
}


@settings(max_examples=30)
@given(st.lists(st.tuples(DAYS, CLOCKS, st.sampled_from(sorted(FORMS)), st.booleans()), min_size=1, max_size=30))
def test_every_day_is_read_in_every_form(cases: list[tuple[datetime, datetime, str, bool]]) -> None:
    """Any time from the year 1000 on, written in any form and with any width of digits, comes back as it was."""
    wide = str.maketrans("0123456789-/:", "０１２３４５６７８９－／：")
    texts = [form.format(d=d, t=t) for d, t, form, _ in cases]
    texts = [text.translate(wide) if full else text for text, (_, _, _, full) in zip(texts, cases, strict=True)]
    wanted = []
    for d, t, form, _ in cases:
        clock = t if "%f" in form else t.replace(microsecond=0)
        wanted.append(datetime.combine(d, clock) if FORMS[form] == "instant" else day(d.year, d.month, d.day))
    assert over("ts(x)", texts) == wanted
    assert over("ts_precision(x)", texts) == [FORMS[form] for _, _, form, _ in cases]


INSTANTS = st.tuples(st.datetimes(min_value=day(1992), max_value=day(9000)), st.integers(-14 * 60, 14 * 60))


def in_zone(utc: datetime, minutes: int) -> str:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"{utc + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}{sign}{hours:02}:{rest:02}"


@settings(max_examples=15)
@given(st.lists(INSTANTS, min_size=5, max_size=40))
def test_a_zone_in_the_text_counts(instants: list[tuple[datetime, int]]) -> None:
    """The same instant written in any zone is the same time on the wall of Shanghai."""
    wanted = [utc.replace(microsecond=0) + timedelta(hours=8) for utc, _ in instants]
    assert over("ts(x)", [in_zone(utc, minutes) for utc, minutes in instants]) == wanted


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(10_000, 99_999), st.integers(0, 86_399)), min_size=5, max_size=40))
def test_a_serial_of_excel_is_a_day_and_a_part_of_it(serials: list[tuple[int, int]]) -> None:
    """An Excel serial with its fraction is read to the second."""
    texts = [f"{days + seconds / 86_400:.10f}" for days, seconds in serials]
    wanted = [day(1899, 12, 30) + timedelta(days=days, seconds=seconds) for days, seconds in serials]
    assert over("ts(x)", texts) == wanted


TIME_TEXTS = st.one_of(
    st.text(alphabet="0123456789-/: TZ+.年月日时分秒第季度Q一二三十〇", max_size=22),
    st.text(max_size=8),
    st.from_regex(r"[0-9]{1,5}[-/年][0-9]{1,3}([-/月][0-9]{1,3})?日?( [0-9]{1,2}(:[0-9]{1,3}){0,3}(\.[0-9]+)?)?", fullmatch=True),
).filter(lambda text: "\0" not in text)


@settings(max_examples=40)
@given(st.lists(TIME_TEXTS, min_size=1, max_size=40))
def test_no_text_raises_and_every_time_has_four_digits(texts: list[str]) -> None:
    """Whatever the text, ts() gives a time of the years 1000 to 9999 or NULL, and a precision that there is."""
    for found, precision in zip(over("ts(x)", texts), over("ts_precision(x)", texts), strict=True):
        assert found is None or isinstance(found, datetime)
        assert found is None or 1000 <= found.year <= 9999
        assert precision in ("instant", "day", "month", "quarter", "year")


FORMATS = {
    "%Y": "year", "%Y%m": "month", "%Y-%m-%d": "day", "%d/%m/%y": "day", "%-d.%-m.%Y": "day", "%Y%j": "day", "%d %b %Y": "day",
    "%Y-%m-%d %H": "instant", "%Y-%m-%d %H:%M": "instant", "%Y-%m-%d %H:%M:%S.%f": "instant", "%Y-%m-%d %I:%M %p": "instant",
    "100%% %Y": "year",
    "": None, "abc": None, "%": None, "%Y%": None, "%m": None, "%d": None, "%H:%M": None, "%Y %d": None, "%Y-%m-%d %M": None,
    "%Y-%m %H": None, "%Y-%m-%d %H:%S": None, "%Y-%m-%d %I": None, "%Y-%m-%d %p": None, "%Y-%m-%d %z": None, "%Y %Z": None,
    "%s": None, "%c": None, "%G-%V-%u": None, "%Y %Q": None,
}


@pytest.mark.parametrize("pattern", FORMATS)
def test_a_format_says_its_precision(pattern: str) -> None:
    """A format is as precise as its smallest part; one that leaves out a greater part, or has a zone, is refused."""
    assert format_precision(pattern) == FORMATS[pattern]


@pytest.mark.parametrize(("text", "pattern", "wanted"), [
    ("202603", "%Y%m", MARCH), ("1/3/2026", "%d/%m/%Y", MARCH), ("26/3/1", "%y/%m/%d", MARCH), ("2026060", "%Y%j", MARCH),
    ("2026-03-01 08:05 PM", "%Y-%m-%d %I:%M %p", day(2026, 3, 1, 20, 5)), ("2026", "%Y", day(2026)),
    ("2026-02-30", "%Y-%m-%d", None), ("2026-03-01 24:00", "%Y-%m-%d %H:%M", None), ("0000", "%Y", None), ("99999", "%Y", None),
    ("infinity", "%Y", None), ("-infinity", "%Y", None), ("epoch", "%Y", None), ("2026-03", "%Y%m", None), ("", "%Y", None),
])
def test_a_format_of_ones_own(text: str, pattern: str, wanted: datetime | None) -> None:
    """ts(x, format) reads what the format says and nothing else, least of all DuckDB's own words for times."""
    found = outcome(f"ts(A, '{pattern}')", {"A": text})
    assert (found.value, bool(found.errors)) == (wanted, wanted is None)


@pytest.mark.parametrize(("text", "wanted"), [
    ("91110000802100433B", "91110000802100433B"), ("91110000802100433b", "91110000802100433B"),
    ("91110000802100433C", None), ("9111000080210043", None), ("", None), ("９1110000802100433B", None),
])
def test_a_social_credit_code_is_checked(text: str, wanted: str | None) -> None:
    """uscc() gives the code in capitals where its check digit is right."""
    found = outcome("uscc(A)", {"A": text})
    assert (found.value, found.errors) == (wanted, () if wanted else ("USCC_INVALID",))


CALLS = ["num({})", "ts({})", "ts({}, '%Y')", "uscc({})", "code('w', {})", "factor('d', {})", "region({})"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("nothing", ["A", "NULL", "nullif('x', 'x')", "lower(A)", "coalesce(A, NULL)"])
def test_nothing_in_is_nothing_out(call: str, nothing: str) -> None:
    """A function of a NULL is NULL and has not failed, whether the NULL comes from a column or is written there."""
    found = outcome(call.format(nothing), {"A": None})
    assert (found.value, found.errors) == (None, ())
