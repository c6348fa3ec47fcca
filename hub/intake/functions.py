"""The mapping functions in DuckDB: num, ts and its precision. They cannot throw: what cannot be read is NULL.

Every form is recognised by a regular expression first, so that a cast never rounds, drops a zone, rolls 24:00 over or
reads ``1e3``, ``infinity`` or ``1_000``.
"""

from __future__ import annotations

import re

from hub.events.calendar import shanghai_offset_macro
from hub.events.identity import UUID5_TEXT_MACRO

_WIDE = "'０１２３４５６７８９，．－＋：／　'", "'0123456789,.-+:/ '"
_DIGITS = "'〇零一二三四五六七八九'", "'00123456789'"
_NUMBER = r"[+-]?(\d{1,15}|[1-9]\d{0,2}(,\d{3}){1,4})?(\.\d{0,9}0*)?"
_CLOCK = r"([01]?\d|2[0-3]):([0-5]?\d)(:([0-5]?\d)(\.\d{1,6}\d*)?)?"
_ZONE = r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_DAY = r"\d{4}-\d{1,2}-\d{1,2}"

PLAIN_INSTANT = r"[1-9]\d{3}-\d{2}-\d{2} ([01]\d|2[0-3]):[0-5]\d:[0-5]\d"
PLAIN_DAY = r"[1-9]\d{3}-\d{2}-\d{2}"


def _quoted(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"


def _chinese_numbers(text: str) -> str:
    """十 as tens, then the single digits: 三十一 → 31, 十 → 10, 二〇二六 → 2026."""
    text = f"regexp_replace({text}, '([一二三])?十([一二三四五六七八九])', '\\1#\\2', 'g')"
    text = f"regexp_replace({text}, '([一二三])十', '\\10', 'g')"
    text = f"replace(regexp_replace({text}, '(^|[^一二三])#', '\\11', 'g'), '#', '')"
    text = f"replace({text}, '十', '10')"
    return f"translate({text}, {_DIGITS[0]}, {_DIGITS[1]})"


MACROS = (
    UUID5_TEXT_MACRO,
    shanghai_offset_macro(),
    # --- numbers
    f"""CREATE OR REPLACE TEMP MACRO num_exact(x) AS CASE
      WHEN regexp_full_match(x, '\\d{{1,15}}(\\.\\d{{1,9}})?') THEN TRY_CAST(x AS DECIMAL(24,9))
      WHEN regexp_full_match(x, {_quoted(_NUMBER)}) AND regexp_matches(x, '\\d')
        THEN TRY_CAST(regexp_replace(replace(x, ',', ''), '(\\.\\d{{9}})0+$', '\\1') AS DECIMAL(24,9)) END""",
    f"""CREATE OR REPLACE TEMP MACRO num(x) AS
      coalesce(num_exact(x), CASE WHEN x IS NOT NULL THEN num_exact(trim(translate(x, {_WIDE[0]}, {_WIDE[1]}))) END)""",
    # --- times: bring every form to  Y-M-D[ H:M:S[.f]][zone],  Y-M,  YQn  or  Y
    rf"""CREATE OR REPLACE TEMP MACRO time_text(x) AS
      regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        trim(translate({_chinese_numbers("x")}, {_WIDE[0]}, {_WIDE[1]})),
        '^(\d{{4}})[年/](\d{{1,2}})[月/](\d{{1,2}})日?', '\1-\2-\3 '),
        '^(\d{{4}})(\d{{2}})(\d{{2}})(?:(\d{{2}})(\d{{2}})(\d{{2}}))?$', '\1-\2-\3 \4:\5:\6'),
        '^(\d{{4}})[年/](\d{{1,2}})月?$', '\1-\2'),
        '^(\d{{4}}) ?年? ?(?:第? ?([1-4]) ?季度?|[Qq]([1-4]))$', '\1Q\2\3'),
        '^(\d{{4}})年$', '\1'),
        '(\d{{1,2}}) ?[时点] ?(?:(\d{{1,2}}) ?分 ?(?:(\d{{1,2}}) ?秒)?)?$', '\1:\2:\3'),
        '[ T]+:*$|:+$', '')""",
    rf"""CREATE OR REPLACE TEMP MACRO time_clock(x) AS
      CASE WHEN regexp_full_match(x, '{_DAY} +\d{{1,2}}') THEN regexp_replace(x, ' +', ' ') || ':00'
           ELSE regexp_replace(regexp_replace(x, '^({_DAY})(T| +)', '\1 '), ' ?{_ZONE}$', '') END""",
    rf"""CREATE OR REPLACE TEMP MACRO time_zone_shift(x) AS CASE
      WHEN NOT regexp_matches(x, ':.*{_ZONE}$') THEN NULL
      WHEN suffix(x, 'Z') THEN INTERVAL 0 SECOND
      ELSE to_minutes(CASE WHEN regexp_extract(x, '([+-])[\d:]+$', 1) = '-' THEN -1 ELSE 1 END
        * (TRY_CAST(regexp_extract(x, '[+-](\d{{2}}):?(?:\d{{2}})?$', 1) AS BIGINT) * 60
           + coalesce(TRY_CAST(regexp_extract(x, '[+-]\d{{2}}:?(\d{{2}})$', 1) AS BIGINT), 0))) END""",
    r"""CREATE OR REPLACE TEMP MACRO shanghai_wall(utc) AS
      CASE WHEN utc >= TIMESTAMP '1992-01-01' THEN utc + INTERVAL 8 HOUR
           ELSE timezone('Asia/Shanghai', timezone('UTC', utc)) END""",
    r"CREATE OR REPLACE TEMP MACRO time_full(x) AS CASE WHEN regexp_matches(x, ':.*:') THEN x ELSE x || ':00' END",
    rf"""CREATE OR REPLACE TEMP MACRO ts_normal(n) AS CASE
      WHEN regexp_full_match(n, '{_DAY}') THEN TRY_CAST(n AS TIMESTAMP)
      WHEN regexp_full_match(time_clock(n), '{_DAY} {_CLOCK}') THEN CASE
        WHEN time_zone_shift(n) IS NULL THEN TRY_CAST(time_full(time_clock(n)) AS TIMESTAMP)
        ELSE TRY(shanghai_wall(TRY_CAST(time_full(time_clock(n)) AS TIMESTAMP) - time_zone_shift(n))) END
      WHEN regexp_full_match(n, '\d{{4}}-\d{{1,2}}') THEN TRY_CAST(n || '-1' AS TIMESTAMP)
      WHEN regexp_full_match(n, '\d{{4}}Q[1-4]')
        THEN TRY_CAST(substr(n, 1, 4) || '-' || (TRY_CAST(substr(n, 6, 1) AS BIGINT) * 3 - 2)::VARCHAR || '-1' AS TIMESTAMP)
      WHEN regexp_full_match(n, '(19|20)\d{{2}}') THEN TRY_CAST(n || '-01-01' AS TIMESTAMP)
      WHEN regexp_full_match(n, '[1-9]\d{{4}}(\.\d{{1,15}})?') THEN TIMESTAMP '1899-12-30'
        + to_seconds(TRY_CAST(round(TRY_CAST(n AS DECIMAL(20,15)) * 86400, 0) AS BIGINT)) END""",
    """CREATE OR REPLACE TEMP MACRO with_four_digits(t) AS
      CASE WHEN t BETWEEN TIMESTAMP '1000-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999' THEN t END""",
    rf"""CREATE OR REPLACE TEMP MACRO ts(x) AS CASE
      WHEN regexp_full_match(x, '{PLAIN_INSTANT}') OR regexp_full_match(x, '{PLAIN_DAY}') THEN TRY_CAST(x AS TIMESTAMP)
      WHEN x IS NOT NULL THEN list_transform([time_text(x)], lambda n: with_four_digits(ts_normal(n)))[1] END""",
    r"""CREATE OR REPLACE TEMP MACRO ts_as(x, pattern) AS
      CASE WHEN regexp_matches(x, '\d') THEN with_four_digits(try_strptime(x, pattern)) END""",
    rf"""CREATE OR REPLACE TEMP MACRO ts_precision(x) AS CASE
      WHEN regexp_full_match(x, '{PLAIN_INSTANT}') THEN 'instant' WHEN regexp_full_match(x, '{PLAIN_DAY}') THEN 'day'
      WHEN x IS NOT NULL THEN list_transform([time_text(x)], lambda n: precision_normal(n))[1] END""",
    rf"""CREATE OR REPLACE TEMP MACRO precision_normal(n) AS CASE
      WHEN regexp_full_match(n, '{_DAY}') THEN 'day' WHEN regexp_full_match(n, '\d{{4}}-\d{{1,2}}') THEN 'month'
      WHEN regexp_full_match(n, '\d{{4}}Q[1-4]') THEN 'quarter' WHEN regexp_full_match(n, '\d{{4}}') THEN 'year'
      WHEN regexp_full_match(n, '\d{{5}}(\.0+)?') THEN 'day' ELSE 'instant' END""",
)
"""To be run once per DuckDB connection."""


_LEVELS = (("Y", "y"), ("m", "b", "B", "j"), ("d", "j"), ("H", "p"), ("M",), ("S",), ("f", "g"))
_OF_LEVEL = ("year", "month", "day")
_BESIDE = ("I", "a", "A", "%")


def format_precision(pattern: str) -> str | None:
    """The precision that a strptime format gives; None for one that cannot be used: a part that is no part of a time, or
    one without the greater part before it (what is left out would be guessed)."""
    parts = {part.removeprefix("-") for part in re.findall(r"%(-?.|$)", pattern, re.DOTALL)}
    there = [bool(parts & set(level)) for level in _LEVELS]
    if parts - {part for level in _LEVELS for part in level} - set(_BESIDE) or ("I" in parts) != ("p" in parts):
        return None
    depth = there.index(False) if False in there else len(there)
    return None if depth == 0 or any(there[depth:]) else (*_OF_LEVEL, "instant")[min(depth, 4) - 1]
