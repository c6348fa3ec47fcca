"""One expression over one record, in the DuckDB that runs mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from hub.intake.compiler import Compiler
from hub.intake.engine import connect
from hub.intake.expressions import ExpressionWrong, Value
from hub.intake.handlers import HANDLERS
from hub.intake.selecting import leveled
from hub.reference.lists import LocalList, load_list


@cache
def lists() -> dict[str, LocalList]:
    """A code list ``w`` and two factor tables ``d`` and ``e``."""
    return {
        "w": load_list("w", "v1", None, {"01": "SW70", "02": "SW71"}, None),
        "d": load_list("d", "v2", "t/m3", {"01": "1.6", "02": "1.25"}, None),
        "e": load_list("e", "v3", "t/t", {"x": "0.5"}, None),
    }


@cache
def connection() -> duckdb.DuckDBPyConnection:
    """The engine's connection, with those lists."""
    return connect(lists())


@dataclass(frozen=True)
class Outcome:
    """What an expression gives: its value, the errors that happened, and what goes with the branch taken."""

    value: Any
    errors: tuple[str, ...]
    traits: dict[str, Any]


def compiled(text: str) -> tuple[Compiler, Value]:
    """The expression and what was collected on the way. Raises ExpressionWrong."""
    compiler = Compiler(lists(), HANDLERS)
    return compiler, compiler.compile(text)


def statement(compiler: Compiler, value: Value, row: Mapping[str, str | None]) -> str:
    """The SELECT that evaluates it over one record (whose texts need no escapes but quotes)."""
    steps, last = leveled(tuple(compiler.sites.values()), "r")
    columns = [f"{_text(row.get(name))}::VARCHAR AS {alias}" for name, alias in compiler.columns.items()]
    failed = ", ".join(f"CASE WHEN {f.when} THEN '{f.error}' END" for f in value.failures)
    traits = "".join(f", {sql}" for sql in value.traits.values())
    record = f"r AS (SELECT {', '.join(columns) or '1 AS one'})"
    return f"WITH {', '.join([record, *steps])} SELECT {value.sql}, [{failed}]{traits} FROM {last}"


def outcome(text: str, row: Mapping[str, str | None] | None = None) -> Outcome:
    """Compile and run. Raises ExpressionWrong."""
    compiler, value = compiled(text)
    found = connection().execute(statement(compiler, value, row or {})).fetchone()
    assert found is not None
    errors = tuple(e for e in found[1] if e is not None)
    return Outcome(found[0], errors, dict(zip(value.traits, found[2:], strict=True)))


def refusal(text: str) -> ExpressionWrong:
    """Why an expression is refused."""
    try:
        compiler, _ = compiled(text)
    except ExpressionWrong as wrong:
        return wrong
    raise AssertionError(f"{text} was compiled, reading {list(compiler.columns)}")


def over(sql: str, texts: list[str]) -> list[Any]:
    """``sql`` over the texts as column x, in their order."""
    rows = connection().execute(
        f"SELECT {sql} FROM (SELECT unnest($1::VARCHAR[]) AS x, generate_subscripts($1::VARCHAR[], 1) AS i) ORDER BY i",
        [texts],
    ).fetchall()
    return [row[0] for row in rows]


def _text(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
