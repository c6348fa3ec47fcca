"""The language of expressions: all that is allowed with its result, all that is refused, and what counts as a failure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.intake.expressions import MAX_DEPTH, MAX_EXPRESSION, ExpressionWrong
from hub.texts import translate
from tests.intake.evaluating import compiled, connection, outcome, refusal, statement

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


NOT_ALLOWED = [
    "getenv('HOME')", "current_setting('threads')", "read_csv('/etc/passwd')", "read_text('/etc/passwd')", "glob('/*')",
    "now()", "today()", "current_date", "current_timestamp", "current_user", "session_user", "random()", "uuid()",
    "gen_random_uuid()", "nextval('s')", "version()", "txid_current()", "pg_sleep(9)", "getvariable('x')", "hash(A)",
    "md5(A)",
    "query('SELECT 1')", "query_table('rows')", "duckdb_settings()", "error('x')", "typeof(A)", "try(A)", "eval(A)",
    "lower.x(A)",
    "(SELECT 1)", "A IN (SELECT 1)", "EXISTS(SELECT 1)", "SELECT 1", "SELECT A FROM rows", "FROM rows", "TABLE rows",
    "VALUES (1)",
    "WITH x AS (SELECT 1) SELECT 1", "A UNION SELECT 1", "DESCRIBE A", "PIVOT A ON B", "SUMMARIZE A", "SHOW TABLES",
    "SET threads = 8", "RESET threads", "PRAGMA version", "COPY rows TO '/tmp/x'", "ATTACH '/tmp/x'", "DETACH x",
    "LOAD httpfs",
    "INSTALL httpfs", "CALL f()", "CREATE TABLE x(a INT)", "DROP TABLE rows", "INSERT INTO rows VALUES (1)",
    "DELETE FROM rows",
    "UPDATE rows SET rn = 1", "EXPLAIN A", "EXECUTE p0", "PREPARE q AS SELECT 1", "BEGIN", "USE x",
    "CAST(A AS DOUBLE)", "CAST(A AS FLOAT)", "CAST(A AS BLOB)", "CAST(A AS JSON)", "CAST(A AS TIME)",
    "CAST(A AS INTERVAL)",
    "CAST(A AS TIMESTAMPTZ)", "CAST(A AS HUGEINT)", "CAST(A AS INT[])", "A::STRUCT(a INT)", "CAST(A AS mytype)",
    "A::UUID",
    "TRY_CAST(A AS DECIMAL)", "CAST(A AS BOOLEAN)", "A::BIT",
    "power(num(N), 2)", "num(N) ^ 2", "num(N) ** 2", "sqrt(num(N))", "exp(num(N))", "num(N) & 1", "num(N) | 1",
    "~num(N)",
    "num(N) << 1", "num(N) >> 1", "sum(num(N))", "count(*)", "max(num(N))", "string_agg(A, ',')",
    "row_number() OVER ()",
    "sum(num(N)) OVER ()", "lag(A) OVER (ORDER BY B)", "sum(num(N)) FILTER (WHERE A = 'x')",
    "x -> x", "lambda x: x", "list_transform([A], x -> x)", "[A]", "[1, 2]", "{'a': A}", "MAP {'a': 1}", "ROW(A, B)",
    "(A, B)",
    "A[1]", "A[1:2]", "struct_pack(a := A)", "A -> '$.x'", "A ->> 'x'", "json_extract(A, 'x')", "a.b.c.d.e",
    "A.lower()",
    "*", "A.*", "COLUMNS(*)", "COLUMNS('A')", "#1", "UNPACK(COLUMNS(*))",
    "$1", "?", ":a", "$a", "@a.b -> 1",
    "uuid5_text(A)", "num_exact(A)", "time_text(A)", "ts_normal(A)",
    "ts_precision(A)",
    "precision_normal(A)", "time_clock(A)", "time_full(A)", "time_zone_shift(A)", "shanghai_wall(ts(A))",
    "shanghai_offset(ts(A))",
    "with_four_digits(ts(A))", "ts_as(A, '%Y')", "key_text(A)", "main.num(A)",
    "repeat(A, 9)", "lpad(A, 9, 'x')", "rpad(A, 9, 'x')", "format('{}', A)", "printf('%s', A)", "reverse(A)",
    "chr(65)", "A GLOB 'a*'",
    "A ILIKE 'x'", "A ~ 'x'", "A !~ 'x'", "A ~* 'x'", "A RLIKE 'x'", "A SIMILAR TO 'x'", "A LIKE 'x' ESCAPE '!'",
    "A COLLATE NOCASE", "trim(A, 'x')", "trim(BOTH 'x' FROM A)",
    "INTERVAL 1 DAY", "year(A)", "date_trunc('day', ts(D))", "strftime(ts(D), '%Y')", "extract(year FROM ts(D))",
    "ts(D) AT TIME ZONE 'UTC'", "epoch(ts(D))", "age(ts(D))", "A AS b", "A b", "A := 1", "A <-> B", "U&'\\0041'",
    "E'\\x41'", "$$a$$",
    "N'a'", "X'41'", "true = true", "(A = 'x') = (B = 'x')", "A IS 'x'", "A IN 'abc'", "A = ANY(['x'])",
    "A LIKE ANY ('x')",
    "regexp_matches(A, 'a', 'i')", "regexp_replace(A, 'a', 'b', 'zz')", "count(DISTINCT A)", "concat(DISTINCT A)",
    "lower(A ORDER BY B)", '""', '"".A',
]


@pytest.mark.parametrize("text", NOT_ALLOWED)
def test_what_is_not_on_the_list_is_refused(text: str) -> None:
    """Unknown functions, statements, types, literals and operators do not get past the compiler, whatever their name."""
    assert refusal(text).error in ("NOT_ALLOWED", "EXPRESSION_UNREADABLE", "ONE_EXPRESSION")


REFUSED = {
    "": "ONE_EXPRESSION", "   ": "ONE_EXPRESSION", ";": "ONE_EXPRESSION", "--5": "ONE_EXPRESSION",
    "A; B": "ONE_EXPRESSION",
    "A; DROP TABLE rows": "ONE_EXPRESSION", "A /*": "EXPRESSION_UNREADABLE", "A +": "EXPRESSION_UNREADABLE",
    "'open": "EXPRESSION_UNREADABLE", "(A": "EXPRESSION_UNREADABLE", "A)": "EXPRESSION_UNREADABLE",
    "CASE": "EXPRESSION_UNREADABLE",
    "lower()": "EXPRESSION_UNREADABLE", "lower(A, B)": "EXPRESSION_UNREADABLE", "distinct A": "EXPRESSION_UNREADABLE",
    "'a\0b'": "CONTROL_CHARACTER", "A || '\x1f'": "CONTROL_CHARACTER", "A" * (MAX_EXPRESSION + 1): "EXPRESSION_TOO_LONG",
    "(" * (MAX_DEPTH + 1) + "A" + ")" * (MAX_DEPTH + 1): "EXPRESSION_TOO_DEEP",
    "(" * 5_000 + "A" + ")" * 5_000: "EXPRESSION_TOO_DEEP",
    "NOT " * 3_000 + "true": "EXPRESSION_TOO_DEEP", " || ".join("A" * 3_000): "EXPRESSION_TOO_DEEP",
    "[" * 9_000: "EXPRESSION_TOO_DEEP",
    "num(" * 200 + "A" + ")" * 200: "EXPRESSION_TOO_DEEP",
    "1e0": "NUMBER_LITERAL", "1e400": "NUMBER_LITERAL", "9" * 25: "NUMBER_LITERAL", "0." + "1" * 24: "NUMBER_LITERAL",
    "num(N) / 2": "DIVISION", "num(N) // 2": "DIVISION", "num(N) % 2": "DIVISION", "mod(num(N), 2)": "DIVISION",
    "A > 'x'": "TEXT_ORDER", "N < '9'": "TEXT_ORDER", "A BETWEEN 'a' AND 'b'": "TEXT_ORDER",
    "greatest(A, B)": "TEXT_ORDER",
    "ts(D) >= 'x'": "KINDS_DIFFER", "N > 5": "KINDS_DIFFER", "A = 1": "KINDS_DIFFER", "num(N) = '1'": "KINDS_DIFFER",
    "ts(D) = '2026'": "KINDS_DIFFER", "A IN (1, 2)": "KINDS_DIFFER", "coalesce(A, 1)": "KINDS_DIFFER",
    "nullif(A, 1)": "KINDS_DIFFER",
    "CASE WHEN A = 'x' THEN 1 ELSE 'y' END": "KINDS_DIFFER", "CASE A WHEN 1 THEN 'y' END": "KINDS_DIFFER",
    "if(A = 'x', ts(D), num(N))": "KINDS_DIFFER", "greatest(num(N), ts(D))": "KINDS_DIFFER",
    "N + 1": "KIND_WRONG", "A * B": "KIND_WRONG", "-A": "KIND_WRONG", "abs(N)": "KIND_WRONG",
    "round(N)": "KIND_WRONG", "ts(D) + 1": "KIND_WRONG",
    "ts(D) - ts(M)": "KIND_WRONG", "A AND B": "KIND_WRONG", "NOT A": "KIND_WRONG", "num(N) OR true": "KIND_WRONG",
    "if(A, 1, 2)": "KIND_WRONG",
    "A IS TRUE": "KIND_WRONG", "lower(1)": "KIND_WRONG", "length(num(N))": "KIND_WRONG", "A || 1": "KIND_WRONG",
    "concat(A, 1)": "KIND_WRONG",
    "code('w', 1)": "KIND_WRONG", "region(A, '2026')": "KIND_WRONG", "uscc(num(N))": "KIND_WRONG",
    "num(ts(D))": "KIND_WRONG",
    "ts(num(N))": "KIND_WRONG", "num(A = 'x')": "KIND_WRONG",
    "num()": "ARGUMENTS", "num(A, B)": "ARGUMENTS", "ts()": "ARGUMENTS", "ts(A, '%Y', B)": "ARGUMENTS",
    "code('w')": "ARGUMENTS",
    "factor('d')": "ARGUMENTS", "region()": "ARGUMENTS", "uscc()": "ARGUMENTS", "code('w', A, B)": "ARGUMENTS",
    "ts(A, B)": "TIME_FORMAT", "ts(A, '%z')": "TIME_FORMAT", "ts(A, '%Q')": "TIME_FORMAT", "ts(A, 5)": "TIME_FORMAT",
    "code(w, A)": "LIST_NAME", "code('nope', A)": "LIST_UNKNOWN", "code('W', A)": "LIST_UNKNOWN",
    "factor('x; DROP', A)": "LIST_UNKNOWN",
    "factor('w', A)": "LIST_KIND", "code('d', A)": "LIST_KIND",
    "left(A, N)": "LITERAL_NEEDED", "substr(A, num(N))": "LITERAL_NEEDED", "replace(A, B, '')": "LITERAL_NEEDED",
    "regexp_matches(A, B)": "LITERAL_NEEDED", "split_part(A, B, 1)": "LITERAL_NEEDED",
    "regexp_extract(A, ['a'])": "LITERAL_NEEDED",
    "left(A, 1.5)": "WHOLE_NUMBER", "substr(A, 1, 99999999999)": "WHOLE_NUMBER", "substr(A, -9999999)": "WHOLE_NUMBER",
    "left(A, 'x')": "WHOLE_NUMBER", "regexp_extract(A, '(a)', -1)": "WHOLE_NUMBER",
    "regexp_extract(A, '(a)', 'n')": "WHOLE_NUMBER",
    "round(num(N), 99)": "WHOLE_NUMBER", "round(num(N), 1e3)": "WHOLE_NUMBER",
    "regexp_matches(A, '(')": "PATTERN_WRONG", "regexp_extract(A, '[')": "PATTERN_WRONG",
    "regexp_matches(A, '(a{500}){500}')": "PATTERN_WRONG",
    "regexp_replace(A, 'b', '\\9')": "PATTERN_WRONG", "regexp_full_match(A, '(?=x)')": "PATTERN_WRONG",
    f"replace(A, 'a', '{'a' * 201}')": "TEXT_GROWS", "concat(" + ", ".join("A" * 201) + ")": "TEXT_GROWS",
    "replace(" * 3 + "A" + ", 'a', 'aaaaaaaaaa')" * 3: "TEXT_GROWS",
    "regexp_replace(" * 2 + "A" + f", '', '{'x' * 20}', 'g')" * 2: "TEXT_GROWS",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_each_refusal_has_its_name(text: str) -> None:
    """What an expression may not do is refused under a name that says why."""
    assert refusal(text).error == REFUSED[text]


@pytest.mark.parametrize(("text", "said"), [
    ("N + 1", "这里需要数，现在是文本"), ("A AND B", "这里需要条件（真假），现在是文本"), ("ts(D) + 1", "这里需要数，现在是时间"),
    ("region(A, NULL)", "这里需要时间，现在是空值"), ("coalesce(A, 1)", "一个分支给出文本，另一个给出数：请改成一致"),
    ("factor('w', A)", "对照表 w 的值是文本：请用 code()"),
])
def test_a_refusal_is_chinese_throughout(text: str, said: str) -> None:
    """What was wanted and what was found are words of the language spoken, like the sentence that they stand in."""
    wrong = refusal(text)
    assert translate(wrong.message, **wrong.facts) == said
    assert "{" not in wrong.message.format(**wrong.facts)


@pytest.mark.parametrize(("text", "there", "suggestion"), [
    ("num(N) +  M", "M", "num(M)"), ("N > num(M)", "N", None), ("lower(A) || rand(B)", "rand", "round"),
    ("A = 'x' AND B ~ 'y'", "~", "regexp_full_match"),
    ("A = 'x' AND lowr(B) = 'y'", "lowr", "lower"), ("code('zz', A)", "'zz'", None), ("coalesce(A, facter('d', A))",
    "facter", "factor"),
    ("A = 'x' AND N > '5'", "N", "num(N)"), ("A || (B || 7)", "7", None), ("left(A, B)", "B", None), ("ts(A,  '%Q')",
    "'%Q'", None),
    ("A = 'x'\n AND regexp_matches(B, '(')", "'('", None), ("concat(A, 重量.值, num(N))", "num(N)", None),
])
def test_a_mistake_is_shown_where_it_stands(text: str, there: str, suggestion: str | None) -> None:
    """The offset of a refusal is where the wrong piece begins, and the nearest valid name is suggested."""
    wrong = refusal(text)
    assert text[wrong.offset :].startswith(there)
    assert wrong.suggestion == suggestion


@pytest.mark.parametrize("text", ["lower()", "FROM", "lower(A, B)", "A +", "CASE", "A )", "'x"])
def test_the_reason_of_the_parser_is_for_people(text: str) -> None:
    """What the parser says is shown without the names of its own classes and tokens."""
    reason = str(refusal(text).facts["reason"])
    assert reason
    assert "class" not in reason
    assert "Token " not in reason


def test_a_dropped_column_cannot_be_read() -> None:
    """A column in `drop`, or a value inside of it, is not there for expressions."""
    for text in ("SJXM", "lower(SJXM)", "SJXM.姓"):
        compiler, _ = compiled("A")
        compiler.drop = ("SJXM",)
        with pytest.raises(ExpressionWrong, match="COLUMN_DROPPED"):
            compiler.compile(text)


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
