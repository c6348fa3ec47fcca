"""What an expression may not say: each refusal has its name, its place and its sentence."""

from __future__ import annotations

import pytest

from hub.intake.expressions import MAX_DEPTH, MAX_EXPRESSION, ExpressionWrong
from hub.texts import translate
from tests.intake.evaluating import compiled, refusal

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
