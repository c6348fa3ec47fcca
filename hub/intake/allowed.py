"""The plain functions that a mapping may use, as a table; none of them can throw or run away (RE2, no lpad, no repeat)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from hub.intake.expressions import Kind


@dataclass(frozen=True)
class Argument:
    """An argument of a function: its name in the parser's node, its kind, and whether it must be a literal; a number
    then is a whole one within ``bounds``."""

    name: str
    kind: Kind
    literal: bool = False
    required: bool = True
    pattern: bool = False
    bounds: tuple[int, int] = (-1_000_000, 1_000_000)


@dataclass(frozen=True)
class Function:
    """``sql`` is DuckDB text with {0}, {1}, … for the arguments given; ``fewer`` the text when the last is left out."""

    sql: str
    kind: Kind
    arguments: tuple[Argument, ...]
    ignored: tuple[str, ...] = ()
    fewer: str | None = None


_THIS = Argument("this", Kind.TEXT)
_OTHER = Argument("expression", Kind.TEXT)
_PATTERN = Argument("expression", Kind.TEXT, literal=True, pattern=True)
_N = Kind.NUMBER


def _whole(index: int) -> str:
    return "CAST({" + str(index) + "} AS INTEGER)"


FUNCTIONS: dict[type[exp.Expression], Function] = {
    exp.Lower: Function("lower({0})", Kind.TEXT, (_THIS,)),
    exp.Upper: Function("upper({0})", Kind.TEXT, (_THIS,)),
    exp.Length: Function("CAST(length({0}) AS DECIMAL(10,0))", _N, (_THIS,)),
    exp.Substring: Function(
        f"substr({{0}}, {_whole(1)}, {_whole(2)})",
        Kind.TEXT,
        (_THIS, Argument("start", _N, literal=True), Argument("length", _N, literal=True, required=False)),
        fewer=f"substr({{0}}, {_whole(1)})",
    ),
    exp.Left: Function(f"left({{0}}, {_whole(1)})", Kind.TEXT, (_THIS, Argument("expression", _N, literal=True))),
    exp.Right: Function(f"right({{0}}, {_whole(1)})", Kind.TEXT, (_THIS, Argument("expression", _N, literal=True))),
    exp.Replace: Function(
        "replace({0}, {1}, {2})",
        Kind.TEXT,
        (_THIS, Argument("expression", Kind.TEXT, literal=True), Argument("replacement", Kind.TEXT, literal=True)),
    ),
    exp.Contains: Function("contains({0}, {1})", Kind.TRUTH, (_THIS, _OTHER)),
    exp.StartsWith: Function("starts_with({0}, {1})", Kind.TRUTH, (_THIS, _OTHER)),
    exp.EndsWith: Function("ends_with({0}, {1})", Kind.TRUTH, (_THIS, _OTHER)),
    exp.StrPosition: Function("CAST(strpos({0}, {1}) AS DECIMAL(10,0))", _N, (_THIS, Argument("substr", Kind.TEXT))),
    exp.SplitPart: Function(
        f"split_part({{0}}, {{1}}, {_whole(2)})",
        Kind.TEXT,
        (_THIS, Argument("delimiter", Kind.TEXT, literal=True), Argument("part_index", _N, literal=True)),
    ),
    exp.RegexpLike: Function("regexp_matches({0}, {1})", Kind.TRUTH, (_THIS, _PATTERN)),
    exp.RegexpFullMatch: Function("regexp_full_match({0}, {1})", Kind.TRUTH, (_THIS, _PATTERN)),
    exp.RegexpExtract: Function(
        f"nullif(regexp_extract({{0}}, {{1}}, {_whole(2)}), '')",
        Kind.TEXT,
        (_THIS, _PATTERN, Argument("group", _N, literal=True, required=False, bounds=(0, 9))),
        ignored=("null_if_pos_overflow",),
        fewer="nullif(regexp_extract({0}, {1}), '')",
    ),
    exp.RegexpReplace: Function(
        "regexp_replace({0}, {1}, {2}, {3})",
        Kind.TEXT,
        (
            _THIS,
            _PATTERN,
            Argument("replacement", Kind.TEXT, literal=True),
            Argument("modifiers", Kind.TEXT, literal=True, required=False),
        ),
        ignored=("single_replace",),
        fewer="regexp_replace({0}, {1}, {2})",
    ),
    exp.Abs: Function("abs({0})", _N, (Argument("this", _N),)),
    exp.Round: Function(
        f"round({{0}}, {_whole(1)})",
        _N,
        (Argument("this", _N), Argument("decimals", _N, literal=True, required=False, bounds=(-24, 24))),
        fewer="round({0})",
    ),
}

ARGUMENTS: dict[type[exp.Expression], frozenset[str]] = {
    exp.Column: frozenset({"this", "table", "db", "catalog"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.Trim: frozenset({"this", "position"}),
    exp.Concat: frozenset({"expressions", "safe", "coalesce"}),
    exp.ConcatWs: frozenset({"expressions", "safe", "coalesce"}),
    exp.Greatest: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Least: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.DPipe: frozenset({"this", "expression", "safe"}),
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
}
"""What a handler looks at; a node that carries anything else (an escape, an ordering, …) is refused, never ignored."""

PLAIN_ARGUMENTS = frozenset({"this", "expression"})


def unexpected(node: exp.Expression) -> str | None:
    """The name of an argument that nobody would look at, or None."""
    function = FUNCTIONS.get(type(node))
    if function is not None:
        known = frozenset(a.name for a in function.arguments) | frozenset(function.ignored)
    else:
        known = ARGUMENTS.get(type(node), PLAIN_ARGUMENTS)
    return next((name for name, value in node.args.items() if value and name not in known), None)
