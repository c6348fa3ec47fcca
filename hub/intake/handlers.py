"""The allow-list: one handler per node class that a mapping may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from hub.intake.allowed import FUNCTIONS, Argument
from hub.intake.calls import our_function
from hub.intake.casts import cast_of
from hub.intake.compiler import Compiler, Handler, not_allowed
from hub.intake.expressions import (
    ExpressionWrong,
    Failure,
    Kind,
    Value,
    chosen,
    coalesced,
    common_kind,
    joined,
    merged_traits,
    offset_of,
    text_literal,
)
from hub.intake.literals import check_literals

_COMPARISONS: dict[type[exp.Expression], str] = {exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_EQUALITIES: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}


def _column(c: Compiler, node: exp.Expression) -> Value:
    steps = [node.args.get(name) for name in ("catalog", "db", "table", "this")]
    parts = [step.name for step in steps if isinstance(step, exp.Identifier)]
    if not parts or len(parts) != sum(step is not None for step in steps) or not all(parts):
        raise not_allowed(node)
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
    whole, _point, fraction = digits.partition(".")
    return Value(f"CAST('{digits}' AS DECIMAL({max(len(whole) + len(fraction), 1)},{len(fraction)}))", Kind.NUMBER)


def _boolean(_: Compiler, node: exp.Expression) -> Value:
    return Value("true" if node.args["this"] else "false", Kind.TRUTH)


def _null(_: Compiler, __: exp.Expression) -> Value:
    return Value("NULL", Kind.NULL)


def _paren(c: Compiler, node: exp.Expression) -> Value:
    inner = c.value(node.this)
    return Value(f"({inner.sql})", inner.kind, inner.failures, inner.columns, inner.level, inner.traits)


def _logic(word: str) -> Callable[[Compiler, exp.Expression], Value]:
    """AND, OR: a side that fails counts only where the other does not settle it, as in ``A <> '1' OR num(B) > 0``."""

    def handler(c: Compiler, node: exp.Expression) -> Value:
        a, b = c.truth(node.this), c.truth(node.expression)
        return joined([_unless(b, word, a), _unless(a, word, b)], f"({a.sql} {word} {b.sql})", Kind.TRUTH, {})

    return handler


def _unless(settling: Value, word: str, value: Value) -> Value:
    open_still = f"coalesce({settling.sql}, true)" if word == "AND" else f"NOT coalesce({settling.sql}, false)"
    failures = tuple(Failure(f"({open_still} AND {f.when})", f.error) for f in value.failures)
    return replace(value, failures=failures)


def _not(c: Compiler, node: exp.Expression) -> Value:
    a = c.truth(node.this)
    return joined([a], f"(NOT {a.sql})", Kind.TRUTH, {})


def _equality(c: Compiler, node: exp.Expression) -> Value:
    a, b = c.value(node.this), c.value(node.expression)
    if common_kind([a, b], node) is Kind.TRUTH:
        raise not_allowed(node)
    return joined([a, b], f"({a.sql} {_EQUALITIES[type(node)]} {b.sql})", Kind.TRUTH, {})


def ordered(c: Compiler, node: exp.Expression, *nodes: exp.Expression) -> list[Value]:
    """Operands that have an order: numbers or times, never texts ('9' > '26000')."""
    values = [c.value(n) for n in nodes]
    kind = common_kind(values, node)
    if kind not in (Kind.NUMBER, Kind.TIME, Kind.NULL):
        raise ExpressionWrong(
            "TEXT_ORDER",
            "texts have no order here: compare num(…) or ts(…)",
            offset_of(node),
            f"num({nodes[0].name})" if isinstance(nodes[0], exp.Column) else None,
        )
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
        raise not_allowed(node)
    a = c.value(node.this) if isinstance(node.expression, exp.Null) else c.truth(node.this)
    return joined([a], f"({a.sql} IS {node.expression.sql()})", Kind.TRUTH, {})


def _in(c: Compiler, node: exp.Expression) -> Value:
    if not node.expressions:
        raise not_allowed(node)
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
    sql = f"{node.key}({', '.join(v.sql for v in values)})"
    names = dict.fromkeys(name for v in values for name in v.traits)
    traits = {name: _of_the_one(sql, values, name) for name in names}
    return joined(values, sql, common_kind(values, node), traits)


def _of_the_one(sql: str, values: list[Value], trait: str) -> str:
    """A trait of the value that GREATEST or LEAST took."""
    return "CASE " + " ".join(f"WHEN {v.sql} = {sql} THEN {v.traits.get(trait, 'NULL')}" for v in values) + " END"


def _function(c: Compiler, node: exp.Expression) -> Value:
    function = FUNCTIONS[type(node)]
    given = [a for a in function.arguments if node.args.get(a.name) is not None]
    check_literals(function, node)
    values = [_argument(c, a, node) for a in given]
    template = function.sql if len(given) == len(function.arguments) else function.fewer
    if template is None or any(a.required and a not in given for a in function.arguments):
        raise ExpressionWrong(
            "ARGUMENTS",
            "{name}() takes {counts} argument(s)",
            offset_of(node),
            name=node.key,
            counts=len(function.arguments),
        )
    return joined(values, template.format(*(v.sql for v in values)), function.kind)


def _argument(c: Compiler, argument: Argument, node: exp.Expression) -> Value:
    inner = node.args[argument.name]
    if argument.pattern:
        c.patterns.append((inner.name, offset_of(node)))
    return c.text(inner) if argument.kind is Kind.TEXT else c.number(inner)


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


HANDLERS: dict[type[exp.Expression], Handler] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Paren: _paren,
    exp.And: _logic("AND"),
    exp.Or: _logic("OR"),
    exp.Not: _not,
    exp.Is: _is,
    exp.In: _in,
    exp.Like: _like,
    exp.Between: _between,
    exp.DPipe: _concat,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
    exp.Nullif: _nullif,
    exp.Neg: _negative,
    exp.Div: _division,
    exp.IntDiv: _division,
    exp.Mod: _division,
    exp.Anonymous: our_function,
    exp.Trim: _trim,
    exp.Concat: _concat_call,
    exp.ConcatWs: _concat_call,
    exp.Greatest: _extreme,
    exp.Least: _extreme,
    exp.Cast: cast_of,
    **dict.fromkeys(FUNCTIONS, _function),
    **dict.fromkeys(_EQUALITIES, _equality),
    **dict.fromkeys(_COMPARISONS, _comparison),
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
}
