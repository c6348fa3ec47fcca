"""The fixed values of a call: whole numbers within bounds, patterns that can be used, texts that do not grow without end."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from hub.intake.allowed import Argument, Function
from hub.intake.expressions import ExpressionWrong, Kind, offset_of

MODIFIERS = "gims"
MAX_GROWTH = 200
"""DuckDB's memory limit does not count texts while a function makes them (measured: 400 MB under a limit of 50)."""


def check_literals(function: Function, node: exp.Expression) -> None:
    """Refuse what DuckDB would only refuse when it runs, at its place. Raises ExpressionWrong."""
    for argument in function.arguments:
        inner = node.args.get(argument.name)
        if inner is None or not argument.literal:
            continue
        if not isinstance(inner, exp.Literal) and not _negative(inner):
            raise ExpressionWrong(
                "LITERAL_NEEDED", "{name}() needs a fixed value here", offset_of(inner), name=node.key
            )
        if argument.kind is Kind.NUMBER:
            _check_whole(argument, inner)
        elif argument.pattern:
            _check_pattern(inner, node.args.get("replacement"))
        elif argument.name == "modifiers" and set(inner.name) - set(MODIFIERS):
            raise ExpressionWrong("NOT_ALLOWED", "{what} is not allowed in a mapping", offset_of(inner), what=inner.name)


def _negative(node: exp.Expression) -> bool:
    return isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal)


def _check_whole(argument: Argument, node: exp.Expression) -> None:
    low, high = argument.bounds
    digits = node.this.name if isinstance(node, exp.Neg) else node.name
    if not digits.isdecimal() or not low <= (-int(digits) if isinstance(node, exp.Neg) else int(digits)) <= high:
        raise ExpressionWrong(
            "WHOLE_NUMBER", "a whole number from {low} to {high} is needed here", offset_of(node), low=low, high=high
        )


def _check_pattern(pattern: exp.Expression, replacement: exp.Expression | None) -> None:
    """pyarrow and DuckDB both have RE2."""
    try:
        pc.match_substring_regex(pa.array([""]), pattern.name)
        if isinstance(replacement, exp.Literal):
            pc.replace_substring_regex(pa.array([""]), pattern.name, replacement.name)
    except pa.ArrowInvalid as error:
        raise ExpressionWrong(
            "PATTERN_WRONG", "the pattern cannot be used: {reason}", offset_of(pattern), reason=str(error)[:200]
        ) from error


def check_growth(node: exp.Expression) -> None:
    """Refuse an expression that could make a text of many times its input. Raises ExpressionWrong."""
    if _growth(node) > MAX_GROWTH:
        raise ExpressionWrong(
            "TEXT_GROWS", "this could make a text more than {limit} times as long", offset_of(node), limit=MAX_GROWTH
        )


def _growth(node: exp.Expression) -> int:
    """How many times as long as its longest column a text can become."""
    if isinstance(node, exp.Column):
        return 1
    inner = [_growth(child) for child in node.iter_expressions()]
    if isinstance(node, exp.Concat | exp.ConcatWs | exp.DPipe):
        return sum(inner)
    longest = max(inner, default=0)
    if isinstance(node, exp.RegexpReplace):
        return longest * (len(node.args["replacement"].name) + 1)
    if isinstance(node, exp.Replace):
        return longest * max(1, -(-len(node.args["replacement"].name) // max(1, len(node.expression.name))))
    return longest
