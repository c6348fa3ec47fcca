"""The language of expressions: all that is allowed with its result, and what counts as a failure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.intake.expressions import ExpressionWrong
from tests.intake.evaluating import compiled, connection, outcome, statement

ROW = {"A": "abc", "B": "x", "N": "12.5", "D": "2026/03/01", "M": "2026-03", "Z": None, "重量.值": "3", "select": "s"}
MARCH = datetime(2026, 3, 1)  # noqa: DTZ001 - a time on the wall of Shanghai

ALLOWED: dict[str, Any] = {
    "A": "abc", '"A"': "abc", "重量.值": "3", '"select"': "s", "'it''s'": "it's", "'中文'": "中文", "''": "", "'a\\'": "a\\",
    "NULL": None, "true": True, "(A)": "abc", "A -- why": "abc", "A /* why */": "abc", "A;": "abc",
    "12.50": Decimal("12.50"), ".5": Decimal("0.5"), "-3": Decimal(-3), "- -3": Decimal(3), "1_000": Decimal(1000),
    "lower('X')": "x", "upper(A)": "ABC", "trim(' a ')": "a", "ltrim(' a')": "a", "rtrim('a ')": "a",
    "trim(leading from ' a')": "a",
    "length(A)": 3, "substr(A, 2)": "bc", "substring(A, 2, 1)": "b", "substr(A, -2)": "bc", "left(A, 2)": "ab",
    "right(A, 2)": "bc",
    "left(A, -1)": "ab", "replace(A, 'b', '')": "ac", "split_part('a-b', '-', 2)": "b",
    "split_part('a-b', '-', -1)": "b",
    "contains(A, 'b')": True, "starts_with(A, 'a')": True, "ends_with(A, 'a')": False, "strpos(A, 'c')": 3,
    "instr(A, 'z')": 0,
    "concat(A, NULL, B)": "abcx", "concat_ws('-', A, NULL, B)": "abc-x", "A || B": "abcx", "A || NULL": None,
    "regexp_matches(A, 'B')": False, "regexp_full_match(A, '[a-c]+')": True, "regexp_extract(A, 'b.')": "bc",
    "regexp_extract(A, '(b)(c)', 2)": "c", "regexp_extract(A, 'z')": None, "regexp_replace(A, '[ab]', '.')": ".bc",
    "regexp_replace(A, '[AB]', '.', 'gi')": "..c", "regexp_replace(A, '(b)', '<\\1>')": "a<b>c",
    "A LIKE 'a%'": True, "A NOT LIKE 'a%'": False, "A IN ('x', 'abc')": True, "A NOT IN ('x')": True,
    "A IN (NULL)": None,
    "A = 'abc'": True, "A == 'abc'": True, "A <> 'abc'": False, "A != 'x'": True, "Z = 'x'": None,
    "Z IS NULL": True, "Z IS NOT NULL": False, "Z IS DISTINCT FROM 'x'": True, "A IS NOT DISTINCT FROM 'abc'": True,
    "(A = 'abc') IS TRUE": True, "(A = 'abc') IS NOT FALSE": True, "(Z = 'x') IS TRUE": False,
    "NOT A = 'abc'": False, "A = 'abc' AND B = 'y'": False, "A = 'abc' OR B = 'y'": True,
    "num(N) > 12": True, "num(N) >= 12.5": True, "num(N) < 12": False, "num(N) <= 9": False,
    "num(N) BETWEEN 1 AND 20": True,
    "num(N) NOT BETWEEN 1 AND 20": False, "num(N) = 12.5": True, "num(N) IN (1, 12.5)": True,
    "ts(D) > ts('2025')": True,
    "num(N) + 1": Decimal("13.5"), "num(N) - 20": Decimal("-7.5"), "num(N) * 0.001": Decimal("0.0125"),
    "-num(N)": Decimal("-12.5"),
    "abs(-num(N))": Decimal("12.5"), "@ -3": 3, "round(num(N))": 13, "round(num(N), -1)": 10, "round(-num(N))": -13,
    "greatest(num(N), 99)": 99, "least(num(N), 99)": Decimal("12.5"), "greatest(NULL, num(N))": Decimal("12.5"),
    "greatest(ts(D), ts('2025'))": MARCH,
    "CASE WHEN A = 'x' THEN '1' WHEN A = 'abc' THEN '2' ELSE '3' END": "2", "CASE A WHEN 'x' THEN '1' END": None,
    "CASE WHEN NULL THEN 'x' ELSE 'y' END": "y", "if(A = 'abc', 1, 2)": 1, "coalesce(Z, A)": "abc",
    "ifnull(Z, 'd')": "d",
    "nullif(A, 'abc')": None, "nullif(A, 'x')": "abc",
    "CAST(N AS VARCHAR)": "12.5", "num(N)::text": "12.5", "ts(D)::varchar": "2026-03-01 00:00:00",
    "(A = 'x')::varchar": "false",
    "N::decimal": Decimal("12.5"), "CAST(重量.值 AS INTEGER)": 3, "'7'::bigint": 7, "D::date": MARCH,
    "'2026-03-01 08:00'::date": MARCH,
    "D::timestamp": MARCH, "DATE '2026-03-01'": MARCH, "TIMESTAMP '2026-03-01 00:00'": MARCH,
    "num('1')": 1, "NUM(N)": Decimal("12.5"), "num(num(N))": Decimal("12.5"), "ts(D)": MARCH, "ts(ts(D))": MARCH,
    "ts(D, '%Y/%m/%d')": MARCH, "code('w', '01')": "SW70", "factor('d', '02')": Decimal("1.25"), "region(A)": "abc",
    "region(A, ts(D))": "abc", "uscc('91110000802100433B')": "91110000802100433B",
}


@pytest.mark.parametrize("text", ALLOWED)
def test_what_is_allowed_gives_what_sql_gives(text: str) -> None:
    """Every function and operator of the allow-list, with its result in DuckDB and nothing failed."""
    found = outcome(text, ROW)
    assert (found.value, found.errors) == (ALLOWED[text], ())


NAMES = [
    'a"b', "a;b", "a'b", "--", "/*", "rn", "skey", "errors_0", "s0", "c0", "rows", "Ａ", "a b", "a\nb", "$1", "*", "SELECT",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_any_name_is_a_column(name: str) -> None:
    """Names never reach DuckDB: a quoted identifier may say anything and only means the record's column."""
    compiler, value = compiled('"' + name.replace('"', '""') + '"')
    assert list(compiler.columns) == [name]
    assert value.sql == "c0"


FAILURES: list[tuple[str, Any, tuple[str, ...]]] = [
    ("num(A)", None, ("NUMBER_UNREADABLE",)), ("num(Z)", None, ()), ("num(A) + 1", None, ("NUMBER_UNREADABLE",)),
    ("num(Z) + 1", None, ()),
    ("num(Z) * num(A)", None, ("NUMBER_UNREADABLE",)), ("num(A) + num(B)", None, ("NUMBER_UNREADABLE",
    "NUMBER_UNREADABLE")),
    ("code('w', A)", None, ("CODE_UNMAPPED",)), ("code('w', Z)", None, ()), ("factor('d', A)", None,
    ("FACTOR_MISSING",)),
    ("num(code('w', '01'))", None, ("NUMBER_UNREADABLE",)), ("num(code('w', A))", None, ("CODE_UNMAPPED",)),
    ("num(code('w', Z))", None, ()),
    ("999999999999999999999999 * 999999999999999999999999", None, ("NUMBER_OVERFLOW",)), ("num(N)::int", None,
    ("NUMBER_NOT_WHOLE",)),
    ("N::int", None, ("NUMBER_NOT_WHOLE",)), ("A::int", None, ("NUMBER_UNREADABLE",)), ("Z::int", None, ()),
    ("A::date", None, ("TIME_UNREADABLE",)),
    ("CASE WHEN A = 'abc' THEN 1 ELSE num(A) END", 1, ()), ("CASE WHEN A = 'x' THEN num(A) ELSE 2 END", 2, ()),
    ("CASE WHEN A = 'abc' THEN num(A) ELSE 2 END", None, ("NUMBER_UNREADABLE",)),
    ("CASE WHEN Z = 'x' THEN num(A) END", None, ()),
    ("CASE WHEN num(A) > 1 THEN 1 ELSE 2 END", 2, ("NUMBER_UNREADABLE",)), ("CASE num(A) WHEN 1 THEN 1 ELSE 2 END", 2,
    ("NUMBER_UNREADABLE",)),
    ("CASE WHEN A = 'abc' THEN 1 WHEN num(A) > 1 THEN 2 END", 1, ("NUMBER_UNREADABLE",)),
    ("if(A = 'abc', 1, num(A))", 1, ()), ("if(Z = 'x', num(A), 2)", 2, ()), ("if(A = 'x', 1, num(A))", None,
    ("NUMBER_UNREADABLE",)),
    ("coalesce(num(N), num(A))", Decimal("12.5"), ()), ("coalesce(num(Z), num(A))", None, ("NUMBER_UNREADABLE",)),
    ("coalesce(num(A), num(N))", Decimal("12.5"), ("NUMBER_UNREADABLE",)), ("coalesce(num(Z), 1, num(A))", 1, ()),
    ("coalesce(if(A = 'x', num(A), NULL), num(N))", Decimal("12.5"), ()),
    ("A = 'x' AND num(A) > 1", False, ()), ("num(A) > 1 AND A = 'x'", False, ()), ("A = 'abc' AND num(A) > 1", None,
    ("NUMBER_UNREADABLE",)),
    ("A = 'abc' OR num(A) > 1", True, ()), ("num(A) > 1 OR A = 'abc'", True, ()), ("A = 'x' OR num(A) > 1", None,
    ("NUMBER_UNREADABLE",)),
    ("Z = 'x' AND num(A) > 1", None, ("NUMBER_UNREADABLE",)), ("Z = 'x' OR num(A) > 1", None, ("NUMBER_UNREADABLE",)),
    ("num(A) > 1 OR num(B) > 1", None, ("NUMBER_UNREADABLE", "NUMBER_UNREADABLE")),
    ("A = 'x' AND (B = 'x' OR num(A) > 1)", False, ()),
    ("NOT (A = 'x' AND num(A) > 1)", True, ()), ("num(A) IS NULL", True, ("NUMBER_UNREADABLE",)),
    ("num(A) IN (1)", None, ("NUMBER_UNREADABLE",)),
    ("num(N) BETWEEN 1 AND num(A)", None, ("NUMBER_UNREADABLE",)), ("nullif(num(A), 1)", None, ("NUMBER_UNREADABLE",)),
    ("greatest(num(A), num(N))", Decimal("12.5"), ("NUMBER_UNREADABLE",)), ("concat(code('w', A), 'x')", "x",
    ("CODE_UNMAPPED",)),
    ("region(A, ts(A))", "abc", ("TIME_UNREADABLE",)), ("abs(num(A))", None, ("NUMBER_UNREADABLE",)),
    ("-num(Z)", None, ()),
]


@pytest.mark.parametrize(("text", "value", "errors"), FAILURES)
def test_a_failure_is_told_from_a_null(text: str, value: Any, errors: tuple[str, ...]) -> None:
    """A call that cannot do its work has failed; what is NULL for want of inputs, or was not asked for, has not."""
    found = outcome(text, ROW)
    assert (found.value, found.errors) == (value, errors)


TRAITS = [
    ("num(N) * factor('d', '01')", {"factor": "d", "factor_version": "v2"}),
    ("CASE WHEN A = 'x' THEN num(N) * factor('d', '01') ELSE num(N) END", {"factor": None, "factor_version": None}),
    ("CASE WHEN A = 'abc' THEN num(N) * factor('d', '01') ELSE num(N) END", {"factor": "d", "factor_version": "v2"}),
    ("num(N) * factor('d', '01') * factor('e', 'x')", {"factor": "d,e", "factor_version": "v2,v3"}),
    ("coalesce(num(Z) * factor('d', '01'), num(N) * factor('e', 'x'))", {"factor": "e", "factor_version": "v3"}),
    ("if(A = 'x', factor('d', '01'), factor('e', 'x'))", {"factor": "e", "factor_version": "v3"}),
    ("greatest(num(N), num(N) * factor('d', '01'))", {"factor": "d", "factor_version": "v2"}),
    ("least(num(N), num(N) * factor('d', '01'))", {"factor": None, "factor_version": None}),
    ("-(num(N) * factor('d', '01'))", {"factor": "d", "factor_version": "v2"}),
    ("nullif(num(N) * factor('d', '01'), 0)", {"factor": "d", "factor_version": "v2"}),
    ("ts(D)", {"precision": "day"}), ("ts(M)", {"precision": "month"}),
    ("coalesce(ts(Z), ts(M))", {"precision": "month"}),
    ("if(A = 'x', ts(D), ts(M))", {"precision": "month"}), ("least(ts(D), ts(M, '%Y-%m'))", {"precision": "day"}),
    ("greatest(ts('2026'), ts('2026-03'))", {"precision": "month"}),
    ("ts(concat(D, ' 08:00'))::date", {"precision": "day"}),
    ("M::date", {"precision": "month"}), ("ts(D, '%Y/%m/%d')", {"precision": "day"}),
]


@pytest.mark.parametrize(("text", "traits"), TRAITS)
def test_a_value_remembers_the_branch_that_was_taken(text: str, traits: dict[str, Any]) -> None:
    """Factor, version and precision are those of the branch that gave the value."""
    found = outcome(text, ROW)
    assert found.errors == ()
    assert {name: found.traits[name] for name in traits} == traits


TOKENS = st.sampled_from([
    *"ABNDMZ()*+-/,;.=<>'\"[]{}|&~!?:@#$%^", "A", "N", "num(", "ts(", "code('w',", "factor('d',", "region(", "uscc(",
    "lower(", "concat(",
    "coalesce(", "nullif(", "if(", "round(", "greatest(", "replace(A,", "substr(A,", "regexp_matches(A,",
    "regexp_extract(", "regexp_replace(",
    "split_part(", "left(", " CASE ", " WHEN ", " THEN ", " ELSE ", " END ", " AND ", " OR ", " NOT ", " IS ",
    " NULL ", " IN ", " LIKE ",
    " BETWEEN ", " DISTINCT ", " FROM ", " SELECT ", " AS ", "::", "VARCHAR", "DECIMAL", "DATE", "CAST(", "TRY_CAST(",
    "INTERVAL ", "1", "0.5",
    "1e5", "'x'", "'a b'", "''", "'%Y'", "'('", "\"q\"", "--", "/*", "*/", "\n", "中", "。", "\\", "\u2028", "`", "->",
    ":=", "FILTER", "OVER",
    "getenv('HOME')", "read_csv('/x')", "COLUMNS(*)", "lambda x: ", "x -> ", "EXISTS", "rows", "rn", "TIMESTAMP ",
    "EXTRACT(", "POSITION(",
])


@settings(max_examples=600)
@given(st.lists(TOKENS, max_size=14).map("".join))
@example("(A = 'x') IS TRUE")
@example("round(num(N), 99999999999)")
def test_any_text_is_refused_or_runs(text: str) -> None:
    """Whatever is written, it is refused by name or becomes SQL that DuckDB binds and runs over any record."""
    try:
        compiler, value = compiled(text)
    except ExpressionWrong as wrong:
        refused = wrong
    else:
        for row in (ROW, {}):
            assert connection().execute(statement(compiler, value, row)).fetchone()
        return
    assert 0 <= refused.offset <= len(text)
    assert refused.message.format(**refused.facts)


@pytest.mark.parametrize("sql", [
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_text('/etc/hostname')", "COPY (SELECT 1) TO '/tmp/x'",
    "ATTACH '/tmp/x.db'", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true", "SET threads = 8",
    "SET memory_limit = '99GB'",
    "RESET enable_external_access", "PRAGMA threads = 4", "SET lock_configuration = false",
    "SELECT * FROM glob('/*')", "EXPORT DATABASE '/tmp/x'",
    "CREATE SECRET s (TYPE s3)", "SELECT getenv('HOME')", "SELECT * FROM secret_table",
])
def test_behind_the_compiler_stands_a_second_wall(sql: str) -> None:
    """Were an expression to get through, the connection has no files, no network, no Python variables and no settings."""
    secret_table = {"here": [1]}
    with pytest.raises(duckdb.Error):
        connection().execute(sql).fetchall()
    assert secret_table
