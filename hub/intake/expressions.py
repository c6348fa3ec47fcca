"""Expressions of a connector: DuckDB scalar SQL from an allow-list, compiled once.

The text is parsed with sqlglot and written anew by this file alone, node class by node class: what has no handler here
cannot reach the database. Calls that can fail (num, ts, code, factor, uscc, arithmetic) become *sites*, columns that
are computed once and never throw; every value knows under which conditions it failed, so that a failure is told from
a NULL that comes from NULL inputs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from typing import cast

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

from hub.texts import N_

MAX_EXPRESSION = 20_000
MAX_DEPTH = 60
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DUCKDB = DuckDB()
_MATCHING = ("TILDE", "RLIKE", "IRLIKE")
"""``~`` is a full match in DuckDB and a search in the parser."""


class Kind(StrEnum):
    """What a value is; columns of a record are text."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    TRUTH = "truth"
    NULL = "null"


WORDS: dict[tuple[Kind, ...], str] = {
    (Kind.TEXT,): N_("text"),
    (Kind.NUMBER,): N_("a number"),
    (Kind.TIME,): N_("a time"),
    (Kind.TRUTH,): N_("a condition"),
    (Kind.NULL,): N_("nothing"),
    (Kind.NUMBER, Kind.TEXT): N_("a number or text"),
    (Kind.TEXT, Kind.NUMBER, Kind.TIME): N_("text, a number or a time"),
}
"""What may stand at a place, for people."""


@dataclass(frozen=True)
class Failure:
    """Under ``when`` (SQL, never NULL) a call of the expression failed with this stable error name."""

    when: str
    error: str


@dataclass(frozen=True)
class Value:
    """A compiled expression. ``traits`` go with the branch taken: factor, factor_version, precision, at."""

    sql: str
    kind: Kind
    failures: tuple[Failure, ...] = ()
    columns: frozenset[str] = frozenset()
    level: int = 0
    traits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """A call that is computed once, as column ``alias`` of level ``level``; ``join`` brings the list it looks in."""

    alias: str
    level: int
    sql: str
    join: str | None = None


class ExpressionWrong(Exception):
    """An expression that cannot be used; ``offset`` is where in its text."""

    def __init__(self, error: str, message: str, offset: int, suggestion: str | None = None, **facts: object) -> None:
        super().__init__(error, message)
        self.error, self.message, self.offset, self.suggestion, self.facts = error, message, offset, suggestion, facts


def parse(text: str) -> exp.Expression:
    """One scalar expression. Raises ExpressionWrong with the place where it stops making sense."""
    bad = _CONTROL.search(text)
    if bad:
        raise ExpressionWrong("CONTROL_CHARACTER", "a control character", bad.start())
    if len(text) > MAX_EXPRESSION:
        raise ExpressionWrong(
            "EXPRESSION_TOO_LONG", "the expression is longer than {limit} characters", 0, limit=MAX_EXPRESSION
        )
    try:
        tokens = _DUCKDB.tokenize(text)
        found = _DUCKDB.parser().parse(tokens, text)
    except SqlglotError as error:
        raise ExpressionWrong(
            "EXPRESSION_UNREADABLE", "cannot be read as SQL: {reason}", _where(error, text), reason=_reason(error)
        ) from error
    except RecursionError as error:
        raise ExpressionWrong("EXPRESSION_TOO_DEEP", "the expression is nested too deeply", 0) from error
    if len(found) != 1 or found[0] is None:
        raise ExpressionWrong("ONE_EXPRESSION", "exactly one expression is expected here", 0)
    for token in tokens:
        if token.token_type.name in _MATCHING:
            raise ExpressionWrong(
                "NOT_ALLOWED", "{what} is not allowed in a mapping", token.start, "regexp_full_match", what=token.text
            )
    return cast(exp.Expression, found[0])


def _where(error: SqlglotError, text: str) -> int:
    errors = getattr(error, "errors", None)
    if not errors or not errors[0].get("line"):
        return 0
    lines = text.split("\n")
    line, col = errors[0]["line"], errors[0].get("col") or 1
    before = sum(len(x) + 1 for x in lines[: line - 1])
    return max(0, min(before + col - len(errors[0].get("highlight") or " "), len(text)))


def _reason(error: SqlglotError) -> str:
    errors = getattr(error, "errors", None)
    if not errors:
        return "unfinished text"
    return re.sub(
        r" but got <Token.*|(?<=missing for )<class '[\w.]*\.(?=\w+'>)|'>$", "", str(errors[0]["description"])
    )


def offset_of(node: exp.Expression) -> int:
    """Where a node begins in the expression's text, as well as the parser knows."""
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    return min(starts) if starts else 0


def text_literal(text: str) -> str:
    """An SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def either(failures: tuple[Failure, ...]) -> str:
    """SQL: one of these failures happened."""
    return "(" + " OR ".join(f.when for f in failures) + ")" if failures else "false"


def joined(values: list[Value], sql: str, kind: Kind, traits: Mapping[str, str] | None = None) -> Value:
    """A value made of others: fails where one of them fails."""
    return Value(
        sql,
        kind,
        tuple(dict.fromkeys(f for v in values for f in v.failures)),
        frozenset().union(*(v.columns for v in values)),
        max((v.level for v in values), default=0),
        traits if traits is not None else merged_traits(values),
    )


def merged_traits(values: list[Value]) -> dict[str, str]:
    """Traits of a value made of several: factors add up, of times the first counts."""
    merged: dict[str, str] = {}
    for value in values:
        for name, sql in value.traits.items():
            if name not in merged:
                merged[name] = sql
            elif name.startswith("factor") and merged[name] != sql:
                merged[name] = f"nullif(concat_ws(',', {merged[name]}, {sql}), '')"
    return merged


def chosen(conditions: list[Value], branches: list[Value], kind: Kind) -> Value:
    """CASE: the first branch whose condition is true; ``branches`` has one more, the ELSE. Only it can fail then."""
    failures = [f for c in conditions for f in c.failures]
    none_before = ""
    for index, branch in enumerate(branches):
        taken = f"coalesce({conditions[index].sql}, false)" if index < len(conditions) else "true"
        failures += [Failure(f"({none_before}{taken} AND {f.when})", f.error) for f in branch.failures]
        none_before += f"NOT {taken} AND "
    traits = {
        name: _case(conditions, [b.traits.get(name, "NULL") for b in branches])
        for name in dict.fromkeys(name for b in branches for name in b.traits)
    }
    parts = conditions + branches
    return Value(
        _case(conditions, [b.sql for b in branches]),
        kind,
        tuple(dict.fromkeys(failures)),
        frozenset().union(*(p.columns for p in parts)),
        max(p.level for p in parts),
        traits,
    )


def _case(conditions: list[Value], results: list[str]) -> str:
    whens = " ".join(f"WHEN {c.sql} THEN {r}" for c, r in zip(conditions, results[:-1], strict=True))
    return f"CASE {whens} ELSE {results[-1]} END"


def common_kind(values: list[Value], node: exp.Expression) -> Kind:
    """The kind that all share (NULL goes with any); refused where they differ."""
    kinds = [v.kind for v in values if v.kind is not Kind.NULL]
    other = next((k for k in kinds if k is not kinds[0]), None)
    if other is not None:
        raise ExpressionWrong(
            "KINDS_DIFFER",
            "one branch gives {one}, another {other}: make them alike",
            offset_of(node),
            one=WORDS[kinds[0],],
            other=WORDS[other,],
        )
    return kinds[0] if kinds else Kind.NULL


Handler = Callable[[exp.Expression, Callable[[exp.Expression], Value]], Value]


def coalesced(values: list[Value], kind: Kind) -> Value:
    """COALESCE: the first that is not NULL; later ones are only looked at, and only fail, where the earlier are NULL."""
    conditions = [Value(f"({v.sql}) IS NOT NULL", Kind.TRUTH, v.failures, v.columns, v.level) for v in values[:-1]]
    case = chosen(conditions, values, kind)
    sql = "coalesce(" + ", ".join(v.sql for v in values) + ")"
    return Value(sql, case.kind, case.failures, case.columns, case.level, case.traits)


def conjunction(parts: list[str]) -> str:
    """SQL: all of these."""
    return reduce(lambda a, b: f"{a} AND {b}", parts)
