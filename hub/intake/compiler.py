"""From parsed expressions to SQL: what is collected on the way. The allow-list is hub.intake.handlers."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from hub.intake.allowed import unexpected
from hub.intake.expressions import (
    MAX_DEPTH,
    WORDS,
    ExpressionWrong,
    Failure,
    Kind,
    Site,
    Value,
    conjunction,
    joined,
    offset_of,
    parse,
)
from hub.intake.literals import check_growth
from hub.reference.lists import LocalList
from hub.texts import N_

OUR_FUNCTIONS = ("code", "region", "ts", "num", "factor", "uscc")
_TEXT_NAMES = (
    "lower",
    "upper",
    "trim",
    "ltrim",
    "rtrim",
    "substr",
    "left",
    "right",
    "length",
    "replace",
    "concat",
    "contains",
    "starts_with",
    "ends_with",
    "strpos",
    "regexp_matches",
    "regexp_full_match",
    "regexp_extract",
    "regexp_replace",
    "nullif",
    "coalesce",
    "abs",
    "round",
    "split_part",
)


@dataclass
class Compiler:
    """Compiles the expressions of one connector. Collects the columns that they read and the sites that they need.

    ``columns`` maps a column as written (with dots for nested values) to the alias that a batch brings it as.
    """

    lists: Mapping[str, LocalList]
    handlers: Mapping[type[exp.Expression], Handler]
    drop: Sequence[str] = ()
    columns: dict[str, str] = field(default_factory=dict)
    sites: dict[tuple[int, str, str | None], Site] = field(default_factory=dict)
    lists_used: set[str] = field(default_factory=set)
    patterns: list[tuple[str, int]] = field(default_factory=list)
    _depth: int = 0

    def compile(self, text: str) -> Value:
        """One expression. Raises ExpressionWrong."""
        parsed = parse(text)
        value = self.value(parsed)
        check_growth(parsed)
        return value

    def value(self, node: exp.Expression) -> Value:
        """A node by its handler; what has none is refused."""
        handler = self.handlers.get(type(node))
        if handler is None or unexpected(node):
            raise not_allowed(node)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionWrong("EXPRESSION_TOO_DEEP", "the expression is nested too deeply", 0)
        try:
            return handler(self, node)
        finally:
            self._depth -= 1

    def text(self, node: exp.Expression) -> Value:
        """A value that must be text."""
        return self._of_kind(node, Kind.TEXT, None)

    def number(self, node: exp.Expression) -> Value:
        """A value that must be a number."""
        return self._of_kind(node, Kind.NUMBER, "num")

    def truth(self, node: exp.Expression) -> Value:
        """A value that must be true or false."""
        return self._of_kind(node, Kind.TRUTH, None)

    def _of_kind(self, node: exp.Expression, kind: Kind, function: str | None) -> Value:
        value = self.value(node)
        if value.kind in (kind, Kind.NULL):
            return value
        hint = f"{function}({node.name})" if function and isinstance(node, exp.Column) else None
        raise ExpressionWrong(
            "KIND_WRONG",
            "{wanted} is needed here, this is {found}",
            offset_of(node),
            hint,
            wanted=WORDS[kind,],
            found=WORDS[value.kind,],
        )

    def column(self, name: str) -> Value:
        """A column of the record, by its name as written."""
        if name.split(".", maxsplit=1)[0] in self.drop or name in self.drop:
            raise ExpressionWrong("COLUMN_DROPPED", "{name} is in `drop`: it never reaches the hub", 0, name=name)
        alias = self.columns.setdefault(name, f"c{len(self.columns)}")
        return Value(alias, Kind.TEXT, columns=frozenset((name,)))

    def site(
        self,
        sql: str,
        kind: Kind,
        inputs: list[Value],
        error: str,
        join: str | None = None,
        traits: Mapping[str, str] | None = None,
    ) -> Value:
        """A call that fails where it gives NULL although no input is NULL. ``{site}`` in ``join`` is its alias."""
        level = max((v.level for v in inputs), default=0) + 1
        site = self.sites.setdefault((level, sql, join), Site(f"s{len(self.sites)}", level, sql, join))
        base = joined(inputs, site.alias, kind, traits)
        given = [f"{v.sql} IS NOT NULL" for v in inputs]
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
            raise ExpressionWrong(
                "LIST_UNKNOWN",
                "there is no list {name} in `lists`",
                offset_of(node),
                near[0] if near else None,
                name=name,
            )
        if numeric != found.is_numeric and (numeric or found.unit is not None):
            raise ExpressionWrong(
                "LIST_KIND",
                "list {name} has {has}: use {function}()",
                offset_of(node),
                name=name,
                has=N_("numbers") if found.is_numeric else N_("texts"),
                function="code" if numeric else "factor",
            )
        self.lists_used.add(name)
        return found


def not_allowed(node: exp.Expression) -> ExpressionWrong:
    """The refusal of a node that has no handler, or that carries something that the handler would not look at."""
    what = node.name if isinstance(node, exp.Anonymous) else node.key
    near = difflib.get_close_matches(str(what).lower(), [*OUR_FUNCTIONS, *_TEXT_NAMES], 1)
    return ExpressionWrong(
        "NOT_ALLOWED", "{what} is not allowed in a mapping", offset_of(node), near[0] if near else None, what=what
    )


Handler = Callable[[Compiler, exp.Expression], Value]
"""Compiles one node, its children through the compiler."""
