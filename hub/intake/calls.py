"""The functions that a mapping has beside SQL's: num, ts, code, factor, region, uscc."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from hub.intake.compiler import Compiler, not_allowed
from hub.intake.expressions import WORDS, ExpressionWrong, Kind, Value, joined, offset_of, text_literal
from hub.intake.functions import format_precision
from hub.reference.uscc import valid_sql


def our_function(c: Compiler, node: exp.Expression) -> Value:
    """A call of one of the six, by its name and number of arguments."""
    name = node.name.lower()
    if name not in _OURS:
        raise not_allowed(node)
    counts, handler = _OURS[name]
    if len(node.expressions) not in counts:
        raise ExpressionWrong(
            "ARGUMENTS",
            "{name}() takes {counts} argument(s)",
            offset_of(node),
            name=name,
            counts=" or ".join(map(str, counts)),
        )
    return handler(c, node.expressions)


def as_number(c: Compiler, args: list[exp.Expression]) -> Value:
    """num(x): DECIMAL(24,9), or a failure."""
    a = c.value(args[0])
    if a.kind is Kind.NUMBER:
        return a
    a = c.text(args[0])
    return c.site(f"num({a.sql})", Kind.NUMBER, [a], "NUMBER_UNREADABLE")


def as_time(c: Compiler, args: list[exp.Expression]) -> Value:
    """ts(x [, format]): wall-clock time in Shanghai with its precision, or a failure."""
    a = c.value(args[0])
    if a.kind is Kind.TIME:
        return a
    a = c.text(args[0])
    if len(args) == 1:
        return c.site(f"ts({a.sql})", Kind.TIME, [a], "TIME_UNREADABLE", traits={"precision": f"ts_precision({a.sql})"})
    pattern = args[1].name if isinstance(args[1], exp.Literal) and args[1].is_string else ""
    precision = format_precision(pattern)
    if precision is None:
        raise ExpressionWrong(
            "TIME_FORMAT",
            "the second argument of ts is a strptime format in quotes, without a zone",
            offset_of(args[1]),
        )
    return c.site(
        f"ts_as({a.sql}, {text_literal(pattern)})",
        Kind.TIME,
        [a],
        "TIME_UNREADABLE",
        traits={"precision": text_literal(precision)},
    )


def _code(c: Compiler, args: list[exp.Expression]) -> Value:
    found, key = c.known_list(args[0], numeric=False), c.text(args[1])
    return c.site(
        "{site}.v", Kind.TEXT, [key], "CODE_UNMAPPED", f'"list_{found.name}" AS {{site}} ON {{site}}.k = {key.sql}'
    )


def _factor(c: Compiler, args: list[exp.Expression]) -> Value:
    found, key = c.known_list(args[0], numeric=True), c.text(args[1])
    value = c.site(
        "{site}.v", Kind.NUMBER, [key], "FACTOR_MISSING", f'"list_{found.name}" AS {{site}} ON {{site}}.k = {key.sql}'
    )
    used = {"factor": text_literal(found.name), "factor_version": text_literal(found.version)}
    return Value(value.sql, value.kind, value.failures, value.columns, value.level, {**value.traits, **used})


def _region(c: Compiler, args: list[exp.Expression]) -> Value:
    a = c.text(args[0])
    if len(args) == 1:
        return a
    at = c.value(args[1])
    if at.kind is not Kind.TIME:
        raise ExpressionWrong(
            "KIND_WRONG",
            "{wanted} is needed here, this is {found}",
            offset_of(args[1]),
            wanted=WORDS[Kind.TIME,],
            found=WORDS[at.kind,],
        )
    both = joined([a, at], a.sql, Kind.TEXT, a.traits)
    return Value(a.sql, Kind.TEXT, both.failures, both.columns, both.level, {**a.traits, "at": at.sql})


def _uscc(c: Compiler, args: list[exp.Expression]) -> Value:
    a = c.text(args[0])
    return c.site(f"CASE WHEN {valid_sql(f'upper({a.sql})')} THEN upper({a.sql}) END", Kind.TEXT, [a], "USCC_INVALID")


_OURS: dict[str, tuple[tuple[int, ...], Callable[[Compiler, list[exp.Expression]], Value]]] = {
    "num": ((1,), as_number),
    "ts": ((1, 2), as_time),
    "code": ((2,), _code),
    "factor": ((2,), _factor),
    "region": ((1, 2), _region),
    "uscc": ((1,), _uscc),
}
