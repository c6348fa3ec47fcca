"""From parsed expressions to SQL: the allow-list, one handler per node class and per function."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from hub.intake.allowed import FUNCTIONS, Argument, unexpected
from hub.intake.expressions import (
    MAX_DEPTH,
    ExpressionWrong,
    Failure,
    Kind,
    Site,
    Value,
    chosen,
    coalesced,
    common_kind,
    conjunction,
    joined,
    merged_traits,
    offset_of,
    parse,
    text_literal,
)
from hub.intake.functions import format_precision
from hub.events.quantities import plain_sql
from hub.reference.lists import LocalList
from hub.reference.uscc import valid_sql

OUR_FUNCTIONS = ("code", "region", "ts", "num", "factor", "uscc")
_TEXT_NAMES = ("lower", "upper", "trim", "ltrim", "rtrim", "substr", "left", "right", "length", "replace", "concat",
               "contains", "starts_with", "ends_with", "strpos", "regexp_matches", "regexp_full_match",
               "regexp_extract", "regexp_replace", "nullif", "coalesce", "abs", "round", "split_part")
_COMPARISONS: dict[type[exp.Expression], str] = {exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_EQUALITIES: dict[type[exp.Expression], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}


@dataclass
class Compiler:
    """Compiles the expressions of one connector. Collects the columns that they read and the sites that they need.

    ``columns`` maps a column as written (with dots for nested values) to the alias that a batch brings it as.
    """

    lists: Mapping[str, LocalList]
    drop: Sequence[str] = ()
    columns: dict[str, str] = field(default_factory=dict)
    sites: dict[tuple[int, str, str | None], Site] = field(default_factory=dict)
    lists_used: set[str] = field(default_factory=set)
    patterns: list[tuple[str, int]] = field(default_factory=list)
    _depth: int = 0

    def compile(self, text: str) -> Value:
        """One expression. Raises ExpressionWrong."""
        return self.value(parse(text))

    def value(self, node: exp.Expression) -> Value:
        """A node by its handler; what has none is refused."""
        handler = _HANDLERS.get(type(node))
        if handler is None or unexpected(node):
            raise _not_allowed(node)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionWrong("EXPRESSION_TOO_DEEP", "the expression is nested too deeply", 0)
        try:
            return handler(self, node)
        finally:
            self._depth -= 1

    def text(self, node: exp.Expression) -> Value:
        """A value that must be text."""
        return self._of_kind(node, Kind.TEXT, "text", None)

    def number(self, node: exp.Expression) -> Value:
        """A value that must be a number."""
        return self._of_kind(node, Kind.NUMBER, "a number", "num")

    def truth(self, node: exp.Expression) -> Value:
        """A value that must be true or false."""
        return self._of_kind(node, Kind.TRUTH, "a condition", None)

    def _of_kind(self, node: exp.Expression, kind: Kind, wanted: str, function: str | None) -> Value:
        value = self.value(node)
        if value.kind in (kind, Kind.NULL):
            return value
        hint = f"{function}({node.name})" if function and isinstance(node, exp.Column) else None
        raise ExpressionWrong("KIND_WRONG", "{wanted} is needed here, this is {found}", offset_of(node), hint,
                              wanted=wanted, found=value.kind.value)

    def column(self, name: str) -> Value:
        """A column of the record, by its name as written."""
        if name.split(".")[0] in self.drop or name in self.drop:
            raise ExpressionWrong("COLUMN_DROPPED", "{name} is in `drop`: it never reaches the hub", 0, name=name)
        alias = self.columns.setdefault(name, f"c{len(self.columns)}")
        return Value(alias, Kind.TEXT, columns=frozenset((name,)))

    def site(self, sql: str, kind: Kind, inputs: list[Value], error: str, join: str | None = None,
             traits: Mapping[str, str] | None = None) -> Value:
        """A call that fails where it gives NULL although no input is NULL. ``{site}`` in ``join`` is its alias."""
        level = max((v.level for v in inputs), default=0) + 1
        site = self.sites.setdefault((level, sql, join), Site(f"s{len(self.sites)}", level, sql, join))
        base = joined(inputs, site.alias, kind, traits)
        given = [f"{v.sql} IS NOT NULL" for v in inputs if v.columns or v.level]
        failure = Failure("(" + conjunction([f"{site.alias} IS NULL", *given]) + ")", error)
        return Value(base.sql, kind, (*base.failures, failure), base.columns, level, base.traits)

    def known_list(self, node: exp.Expression, *, numeric: bool) -> LocalList:
        """The list that the first argument names."""
        if not isinstance(node, exp.Literal) or not node.is_string:
            raise ExpressionWrong("LIST_NAME", "the first argument is the name of a list, in quotes", offset_of(node))
        name = node.name
        found = self.lists.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self.lists, 1)
            raise ExpressionWrong("LIST_UNKNOWN", "there is no list {name} in `lists`", offset_of(node),
                                  near[0] if near else None, name=name)
        if numeric != found.is_numeric and (numeric or found.unit is not None):
            raise ExpressionWrong("LIST_KIND", "list {name} has {has}: use {function}()", offset_of(node),
                                  name=name, has="numbers" if found.is_numeric else "texts",
                                  function="code" if numeric else "factor")
        self.lists_used.add(name)
        return found


def _not_allowed(node: exp.Expression) -> ExpressionWrong:
    what = node.name if isinstance(node, exp.Anonymous) else node.key
    near = difflib.get_close_matches(str(what).lower(), [*OUR_FUNCTIONS, *_TEXT_NAMES], 1)
    return ExpressionWrong("NOT_ALLOWED", "{what} is not allowed in a mapping", offset_of(node),
                           near[0] if near else None, what=what)


def _column(c: Compiler, node: exp.Expression) -> Value:
    parts = [part.name for part in node.parts] if isinstance(node, exp.Column) else []
    if not parts or any(not p or isinstance(part, exp.Star) for p, part in zip(parts, node.parts, strict=True)):
        raise _not_allowed(node)
    try:
        return c.column(".".join(parts))
    except ExpressionWrong as error:
        error.offset = offset_of(node)
        raise


def _literal(_: Compiler, node: exp.Expression) -> Value:
    if node.args.get("is_string"):
        return Value(text_literal(node.name), Kind.TEXT)
    digits = node.name
    if not digits.replace(".", "", 1).isdigit() or len(digits) > 24:
        raise ExpressionWrong("NUMBER_LITERAL", "{text} is no plain number", offset_of(node), text=digits)
    whole, _, fraction = digits.partition(".")
    return Value(f"CAST('{digits}' AS DECIMAL({max(len(whole) + len(fraction), 1)},{len(fraction)}))", Kind.NUMBER)


def _boolean(_: Compiler, node: exp.Expression) -> Value:
    return Value("true" if node.args["this"] else "false", Kind.TRUTH)


def _null(_: Compiler, __: exp.Expression) -> Value:
    return Value("NULL", Kind.NULL)


def _paren(c: Compiler, node: exp.Expression) -> Value:
    inner = c.value(node.this)
    return Value(f"({inner.sql})", inner.kind, inner.failures, inner.columns, inner.level, inner.traits)


def _logic(word: str) -> Callable[[Compiler, exp.Expression], Value]:
    def handler(c: Compiler, node: exp.Expression) -> Value:
        a, b = c.truth(node.this), c.truth(node.expression)
        return joined([a, b], f"({a.sql} {word} {b.sql})", Kind.TRUTH, {})
    return handler


def _not(c: Compiler, node: exp.Expression) -> Value:
    a = c.truth(node.this)
    return joined([a], f"(NOT {a.sql})", Kind.TRUTH, {})


def _equality(c: Compiler, node: exp.Expression) -> Value:
    a, b = c.value(node.this), c.value(node.expression)
    if common_kind([a, b], node) is Kind.TRUTH:
        raise _not_allowed(node)
    return joined([a, b], f"({a.sql} {_EQUALITIES[type(node)]} {b.sql})", Kind.TRUTH, {})


def ordered(c: Compiler, node: exp.Expression, *nodes: exp.Expression) -> list[Value]:
    """Operands that have an order: numbers or times, never texts ('9' > '26000')."""
    values = [c.value(n) for n in nodes]
    kind = common_kind(values, node)
    if kind not in (Kind.NUMBER, Kind.TIME, Kind.NULL):
        raise ExpressionWrong("TEXT_ORDER", "texts have no order here: compare num(…) or ts(…)", offset_of(node),
                              f"num({nodes[0].name})" if isinstance(nodes[0], exp.Column) else None)
    return values


def _comparison(c: Compiler, node: exp.Expression) -> Value:
    a, b = ordered(c, node, node.this, node.expression)
    return joined([a, b], f"({a.sql} {_COMPARISONS[type(node)]} {b.sql})", Kind.TRUTH, {})


def _between(c: Compiler, node: exp.Expression) -> Value:
    a, low, high = ordered(c, node, node.this, node.args["low"], node.args["high"])
    return joined([a, low, high], f"({a.sql} BETWEEN {low.sql} AND {high.sql})", Kind.TRUTH, {})


def _arithmetic(c: Compiler, node: exp.Expression) -> Value:
    a, b = c.number(node.this), c.number(node.expression)
    sql = f"TRY({a.sql} {_ARITHMETIC[type(node)]} {b.sql})"
    return c.site(sql, Kind.NUMBER, [a, b], "NUMBER_OVERFLOW", traits=merged_traits([a, b]))


def _negative(c: Compiler, node: exp.Expression) -> Value:
    a = c.number(node.this)
    return Value(f"(-{a.sql})", Kind.NUMBER, a.failures, a.columns, a.level, a.traits)


def _division(_: Compiler, node: exp.Expression) -> Value:
    raise ExpressionWrong("DIVISION", "`/` would leave decimals: multiply by a factor instead", offset_of(node))


def _concat(c: Compiler, node: exp.Expression) -> Value:
    a, b = c.text(node.this), c.text(node.expression)
    return joined([a, b], f"({a.sql} || {b.sql})", Kind.TEXT)


def _is(c: Compiler, node: exp.Expression) -> Value:
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise _not_allowed(node)
    a = c.value(node.this) if isinstance(node.expression, exp.Null) else c.truth(node.this)
    return joined([a], f"({a.sql} IS {node.expression.key})", Kind.TRUTH, {})


def _in(c: Compiler, node: exp.Expression) -> Value:
    if not node.expressions:
        raise _not_allowed(node)
    values = [c.value(node.this), *(c.value(n) for n in node.expressions)]
    common_kind(values, node)
    items = ", ".join(v.sql for v in values[1:])
    return joined(values, f"({values[0].sql} IN ({items}))", Kind.TRUTH, {})


def _like(c: Compiler, node: exp.Expression) -> Value:
    a, b = c.text(node.this), c.text(node.expression)
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    return joined([a, b], f"({a.sql} {word} {b.sql})", Kind.TRUTH, {})


def _trim(c: Compiler, node: exp.Expression) -> Value:
    a = c.text(node.this)
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position")), "trim")
    return joined([a], f"{name}({a.sql})", Kind.TEXT)


def _concat_call(c: Compiler, node: exp.Expression) -> Value:
    name = "concat_ws" if isinstance(node, exp.ConcatWs) else "concat"
    values = [c.text(n) for n in node.expressions]
    return joined(values, f"{name}({', '.join(v.sql for v in values)})", Kind.TEXT)


def _extreme(c: Compiler, node: exp.Expression) -> Value:
    values = ordered(c, node, node.this, *node.expressions)
    return joined(values, f"{node.key}({', '.join(v.sql for v in values)})", values[0].kind)


def _function(c: Compiler, node: exp.Expression) -> Value:
    function = FUNCTIONS[type(node)]
    given = [a for a in function.arguments if node.args.get(a.name) is not None]
    values = [_argument(c, a, node) for a in given]
    template = function.sql if len(given) == len(function.arguments) else function.fewer
    if template is None or any(a.required and a not in given for a in function.arguments):
        raise ExpressionWrong("ARGUMENTS", "{name}() takes {counts} argument(s)", offset_of(node),
                              name=node.key, counts=len(function.arguments))
    return joined(values, template.format(*(v.sql for v in values)), function.kind)


def _argument(c: Compiler, argument: Argument, node: exp.Expression) -> Value:
    inner = node.args[argument.name]
    if argument.literal and not isinstance(inner, exp.Literal) and not (
        isinstance(inner, exp.Neg) and isinstance(inner.this, exp.Literal)
    ):
        raise ExpressionWrong("LITERAL_NEEDED", "{name}() needs a fixed value here", offset_of(inner), name=node.key)
    if argument.pattern:
        c.patterns.append((inner.name, offset_of(node)))
    return c.text(inner) if argument.kind is Kind.TEXT else c.number(inner)


def _cast(c: Compiler, node: exp.Expression) -> Value:
    wanted = node.args["to"].this.name
    inner = c.value(node.this)
    if wanted in ("VARCHAR", "TEXT"):
        sql = {Kind.NUMBER: plain_sql(inner.sql), Kind.TIME: f"strftime({inner.sql}, '%Y-%m-%d %H:%M:%S')"}
        return joined([inner], sql.get(inner.kind, inner.sql), Kind.TEXT)
    if wanted in ("DATE", "TIMESTAMP", "DATETIME"):
        return _ts(c, [node.this])
    if wanted in ("DECIMAL", "INT", "BIGINT"):
        number = _num(c, [node.this])
        if wanted == "DECIMAL":
            return number
        whole = f"CASE WHEN {number.sql} = trunc({number.sql}) THEN {number.sql} END"
        return c.site(whole, Kind.NUMBER, [number], "NUMBER_NOT_WHOLE")
    raise _not_allowed(node)


def _case(c: Compiler, node: exp.Expression) -> Value:
    subject = node.args.get("this")
    conditions = [
        c.truth(i.this) if subject is None else _equality(c, exp.EQ(this=subject, expression=i.this))
        for i in node.args["ifs"]
    ]
    branches = [c.value(i.args["true"]) for i in node.args["ifs"]]
    default = node.args.get("default")
    branches.append(c.value(default) if default is not None else Value("NULL", Kind.NULL))
    return chosen(conditions, branches, common_kind(branches, node))


def _if(c: Compiler, node: exp.Expression) -> Value:
    default = node.args.get("false")
    branches = [c.value(node.args["true"]), c.value(default) if default is not None else Value("NULL", Kind.NULL)]
    return chosen([c.truth(node.this)], branches, common_kind(branches, node))


def _coalesce(c: Compiler, node: exp.Expression) -> Value:
    values = [c.value(n) for n in (node.this, *node.expressions)]
    return coalesced(values, common_kind(values, node))


def _nullif(c: Compiler, node: exp.Expression) -> Value:
    a, b = c.value(node.this), c.value(node.expression)
    common_kind([a, b], node)
    return joined([a, b], f"nullif({a.sql}, {b.sql})", a.kind, a.traits)


def _our(c: Compiler, node: exp.Expression) -> Value:
    name = node.name.lower()
    if name not in _OURS:
        raise _not_allowed(node)
    counts, handler = _OURS[name]
    if len(node.expressions) not in counts:
        raise ExpressionWrong("ARGUMENTS", "{name}() takes {counts} argument(s)", offset_of(node),
                              name=name, counts=" or ".join(map(str, counts)))
    return handler(c, node.expressions)


def _num(c: Compiler, args: list[exp.Expression]) -> Value:
    a = c.value(args[0])
    if a.kind is Kind.NUMBER:
        return a
    a = c.text(args[0])
    return c.site(f"num({a.sql})", Kind.NUMBER, [a], "NUMBER_UNREADABLE")


def _ts(c: Compiler, args: list[exp.Expression]) -> Value:
    a = c.value(args[0])
    if a.kind is Kind.TIME:
        return a
    a = c.text(args[0])
    if len(args) == 1:
        return c.site(f"ts({a.sql})", Kind.TIME, [a], "TIME_UNREADABLE", traits={"precision": f"ts_precision({a.sql})"})
    if not isinstance(args[1], exp.Literal) or not args[1].is_string or "%z" in args[1].name.lower():
        raise ExpressionWrong("TIME_FORMAT", "the second argument of ts is a strptime format in quotes, without a zone",
                              offset_of(args[1]))
    pattern = args[1].name
    return c.site(f"try_strptime({a.sql}, {text_literal(pattern)})", Kind.TIME, [a], "TIME_UNREADABLE",
                  traits={"precision": text_literal(format_precision(pattern))})


def _code(c: Compiler, args: list[exp.Expression]) -> Value:
    found, key = c.known_list(args[0], numeric=False), c.text(args[1])
    return c.site("{site}.v", Kind.TEXT, [key], "CODE_UNMAPPED", f'"list_{found.name}" AS {{site}} ON {{site}}.k = {key.sql}')


def _factor(c: Compiler, args: list[exp.Expression]) -> Value:
    found, key = c.known_list(args[0], numeric=True), c.text(args[1])
    value = c.site("{site}.v", Kind.NUMBER, [key], "FACTOR_MISSING",
                   f'"list_{found.name}" AS {{site}} ON {{site}}.k = {key.sql}')
    used = {"factor": text_literal(found.name), "factor_version": text_literal(found.version)}
    return Value(value.sql, value.kind, value.failures, value.columns, value.level, {**value.traits, **used})


def _region(c: Compiler, args: list[exp.Expression]) -> Value:
    a = c.text(args[0])
    if len(args) == 1:
        return a
    at = c.value(args[1])
    if at.kind is not Kind.TIME:
        raise ExpressionWrong("KIND_WRONG", "{wanted} is needed here, this is {found}", offset_of(args[1]),
                              wanted="ts(…)", found=at.kind.value)
    both = joined([a, at], a.sql, Kind.TEXT, a.traits)
    return Value(a.sql, Kind.TEXT, both.failures, both.columns, both.level, {**a.traits, "at": at.sql})


def _uscc(c: Compiler, args: list[exp.Expression]) -> Value:
    a = c.text(args[0])
    return c.site(f"CASE WHEN {valid_sql(f'upper({a.sql})')} THEN upper({a.sql}) END", Kind.TEXT, [a], "USCC_INVALID")


_OURS: dict[str, tuple[tuple[int, ...], Callable[[Compiler, list[exp.Expression]], Value]]] = {
    "num": ((1,), _num), "ts": ((1, 2), _ts), "code": ((2,), _code), "factor": ((2,), _factor),
    "region": ((1, 2), _region), "uscc": ((1,), _uscc),
}

_HANDLERS: dict[type[exp.Expression], Callable[[Compiler, exp.Expression], Value]] = {
    exp.Column: _column, exp.Literal: _literal, exp.Boolean: _boolean, exp.Null: _null, exp.Paren: _paren,
    exp.And: _logic("AND"), exp.Or: _logic("OR"), exp.Not: _not, exp.Is: _is, exp.In: _in, exp.Like: _like,
    exp.Between: _between, exp.DPipe: _concat, exp.Case: _case, exp.If: _if, exp.Coalesce: _coalesce,
    exp.Nullif: _nullif, exp.Neg: _negative, exp.Div: _division, exp.IntDiv: _division, exp.Mod: _division,
    exp.Anonymous: _our, exp.Trim: _trim, exp.Concat: _concat_call, exp.ConcatWs: _concat_call,
    exp.Greatest: _extreme, exp.Least: _extreme, exp.Cast: _cast, exp.TryCast: _cast,
    **dict.fromkeys(FUNCTIONS, _function),
    **dict.fromkeys(_EQUALITIES, _equality), **dict.fromkeys(_COMPARISONS, _comparison),
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
}
