"""CAST, in the ways in which it cannot mislead."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from hub.events.quantities import plain_sql
from hub.intake.calls import as_number, as_time
from hub.intake.compiler import Compiler, not_allowed
from hub.intake.expressions import Kind, Value, joined


def cast_of(c: Compiler, node: exp.Expression) -> Value:
    """CAST reads as num() and ts() do: never rounding, and what cannot be read fails."""
    wanted = node.args["to"].this.name
    inner = c.value(node.this)
    if wanted in ("VARCHAR", "TEXT"):
        sql = {
            Kind.NUMBER: plain_sql(inner.sql),
            Kind.TIME: f"strftime({inner.sql}, '%Y-%m-%d %H:%M:%S')",
            Kind.TRUTH: f"CAST({inner.sql} AS VARCHAR)",
        }
        return joined([inner], sql.get(inner.kind, inner.sql), Kind.TEXT)
    if wanted in ("TIMESTAMPNTZ", "TIMESTAMP", "DATETIME"):
        return as_time(c, [node.this])
    if wanted == "DATE":
        return _day_of(as_time(c, [node.this]))
    if wanted in ("DECIMAL", "INT", "BIGINT"):
        number = as_number(c, [node.this])
        if wanted == "DECIMAL":
            return number
        whole = f"CASE WHEN {number.sql} = trunc({number.sql}) THEN {number.sql} END"
        return c.site(whole, Kind.NUMBER, [number], "NUMBER_NOT_WHOLE")
    raise not_allowed(node)


def _day_of(time: Value) -> Value:
    precision = time.traits.get("precision", "'instant'")
    day = {"precision": f"CASE WHEN {precision} = 'instant' THEN 'day' ELSE {precision} END"}
    return replace(time, sql=f"date_trunc('day', {time.sql})::TIMESTAMP", traits={**time.traits, **day})
