"""The SELECT of one part, step by step. Input: the relation ``rows``; see :mod:`hub.intake.mapping`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.events.calendar import business_day_sql, first_instant_sql, period_sql, utc_sql
from hub.events.identity import CONTENT_FIELDS, SEPARATOR, escaped_sql, uuid5_sql
from hub.events.quantities import mass_sql, plain_sql
from hub.intake.event_fields import MAPPED
from hub.intake.expressions import Kind, Site, Value, either, text_literal
from hub.intake.fields import KINDS_OF_FIELDS, FieldError
from hub.reference import regions, uscc, waste_codes

BITS = 60
"""Failures per error column (a BIGINT)."""

_TYPES = {Kind.NUMBER: "DECIMAL(24,9)", Kind.TIME: "TIMESTAMP", Kind.TEXT: "VARCHAR"}
_PARTIES = ("holder", "counterparty", "carrier")
_ALWAYS = ("kind", "stream", "scheme", "code", "value", "unit", "count", "basis", "occurred_at", "region")
_COMPUTED = ("mass_g", "retracted", "precision")
_GIVEN = {*_COMPUTED, "kind", "stream", "scheme", "code", "basis", "occurred_at", "region"}
_PLAIN = {
    "kind",
    "stream",
    "scheme",
    "basis",
    "precision",
    "retracted",
    "mass_g",
    "count",
    "amount_fen",
    "occurred_at",
    "manifest_line",
    "value",
    "region",
}
"""Content without control characters: closed lists, numbers, checked codes."""


def leveled(sites: Sequence[Site], base: str) -> tuple[list[str], str]:
    """The CTEs that compute ``sites`` level by level over relation ``base``, and the name of the last."""
    steps, last = [], base
    for level in sorted({site.level for site in sites}):
        here = [site for site in sites if site.level == level]
        columns = ", ".join(f"{site.sql.replace('{site}', site.alias)} AS {site.alias}" for site in here)
        joins = " ".join(f"LEFT JOIN {site.join.replace('{site}', site.alias)}" for site in here if site.join)
        steps.append(f"l{level} AS (SELECT {last}.*, {columns} FROM {last} {joins})")
        last = f"l{level}"
    return steps, last


def part_sql(
    part: str,
    values: Mapping[str, Value],
    sites: Sequence[Site],
    early: Sequence[str],
    late: Sequence[FieldError],
    marks: Mapping[str, str],
    *,
    identity: str,
    odd: bool,
) -> str:
    """DuckDB text: a row per row of ``rows``, with the event's columns, ``stated`` and the error bits.

    ``odd``: texts may have control characters.
    """
    steps, last = leveled(sites, "rows")
    columns = error_columns(len(early) + len(late))
    first = [f"{_sum(early, 0, c)} AS early_{c}" for c in range(columns)]
    here = [name for name in MAPPED if name in values or name in _ALWAYS]
    fields = [f"{_field(name, values.get(name))} AS f_{name}" for name in here]
    failing = [f"{either(value.failures)} AS x_{name}" for name, value in values.items()]
    mark = _marks(marks)
    steps += [
        f"f AS (SELECT rn, skey, revision, restated, {', '.join([*fields, *_traits(values), *failing, *first])},"
        f" {mark} AS marks FROM {last})",
        f"d AS (SELECT *, {first_instant_sql('f_occurred_at', 'precision')} AS wall FROM f)",
        f"e AS (SELECT *, {business_day_sql('wall', 'precision')} AS business_day, wall::DATE AS day,"
        " coalesce(f_at, wall)::DATE AS region_day FROM d)",
        _looked_up(),
        f"m AS (SELECT *, CASE WHEN f_value IS NOT NULL THEN {mass_sql('f_value', 'unit_grams')} ELSE 0 END AS mass FROM k)",
        f"w AS (SELECT rn, skey, revision, restated, marks, {', '.join(_written(here))},"
        f" {_stated(part, values)} AS stated,"
        f" {', '.join(f'early_{c} + {_late_sum(late, len(early), c)} AS errors_{c}' for c in range(columns))} FROM m)",
        f"h AS (SELECT *, sha1({content_sql(here, odd=odd)}) AS content FROM w)",
        f"i AS (SELECT *, {uuid5_sql(_name(identity, part))} AS entity_id FROM h)",
    ]
    event = "concat(entity_id, chr(31), revision::VARCHAR, chr(31), restated::VARCHAR, chr(31), content)"
    return f"WITH {', '.join(steps)} SELECT * EXCLUDE (skey, revision, restated), {uuid5_sql(event)} AS event_id FROM i"


def error_columns(errors: int) -> int:
    """How many BIGINT columns hold the bits of so many errors."""
    return max(1, -(-errors // BITS))


def _name(identity: str, part: str) -> str:
    return f"{text_literal(identity + SEPARATOR)} || skey || {text_literal(SEPARATOR + part)}"


def _field(name: str, value: Value | None) -> str:
    kind = Kind.NUMBER if name == "manifest_line" else KINDS_OF_FIELDS[name][0]
    if value is None or value.kind is Kind.NULL:
        return "'stated'" if name == "basis" and value is None else f"NULL::{_TYPES[kind]}"
    is_plain = value.kind is not Kind.TEXT or value.sql.isalnum() or value.sql.startswith("'")
    return value.sql if is_plain else f"nullif(trim({value.sql}), '')"


def _traits(values: Mapping[str, Value]) -> list[str]:
    of_value = values["value"].traits if "value" in values else {}
    of_time = values["occurred_at"].traits if "occurred_at" in values else {}
    of_region = values["region"].traits if "region" in values else {}
    precision = of_time.get("precision", "'instant'")
    if "precision" in values:
        precision = f"coalesce({_field('precision', values['precision'])}, {precision})"
    return [
        f"{precision} AS precision",
        f"{of_region.get('at', 'NULL::TIMESTAMP')} AS f_at",
        f"{of_value.get('factor', 'NULL::VARCHAR')} AS factor",
        f"{of_value.get('factor_version', 'NULL::VARCHAR')} AS factor_version",
    ]


def _marks(marks: Mapping[str, str]) -> str:
    if not marks:
        return "NULL::VARCHAR"
    names = ", ".join(f"CASE WHEN {when} THEN {text_literal(name)} END" for name, when in marks.items())
    return f"nullif(concat_ws(',', {names}), '')"


def _looked_up() -> str:
    code = waste_codes.check_sql("e.f_scheme", "e.f_code", "e.day", "code_ref")
    region = regions.check_sql("e.f_region", "e.region_day", "region_ref")
    joins = " ".join([*code.joins, *region.joins])
    return (
        f"k AS (SELECT e.*, unit_ref.grams AS unit_grams, {code.error} AS code_error, {code.canonical} AS code,"
        f" coalesce({code.unverified}, false) AS code_unverified, {region.error} AS region_error,"
        f" {region.successor} AS region_successor, {region.canonical} AS region"
        f" FROM e LEFT JOIN ref_units AS unit_ref ON unit_ref.unit = e.f_unit {joins})"
    )


def _written(here: Sequence[str]) -> list[str]:
    """The event's columns, of those fields that are mapped; the others are null and left out."""
    plain = ("kind", "stream", "scheme", "waste_name", "method", "unit", "basis", "facility", "vehicle", "manifest")
    columns = [f"f_{name} AS {name}" for name in plain if name in here]
    for party in _PARTIES:
        holder = f"f_{party}"
        columns += [f"{holder}_{s} AS {party}_{s}" for s in ("name", "site") if f"{party}_{s}" in here]
        if party in here:
            given = f"{holder}_scheme, " if f"{party}_scheme" in here else ""
            scheme = f"CASE WHEN length({holder}) = 18 AND {uscc.valid_sql(holder)} THEN 'USCC' ELSE 'LOCAL' END"
            columns += [
                f"{holder} AS {party}",
                f"CASE WHEN {holder} IS NOT NULL THEN coalesce({given}{scheme}) END AS {party}_scheme",
            ]
    whole = {"count": "BIGINT", "amount_fen": "BIGINT", "manifest_line": "INTEGER"}
    columns += [f"TRY(CAST(f_{name} AS {kind})) AS {name}" for name, kind in whole.items() if name in here]
    if "recorded_at" in here:
        columns.append(f"{utc_sql('f_recorded_at')} AS recorded_at")
    return [
        *columns,
        "code",
        "code_unverified",
        "region",
        "region_successor",
        "factor",
        "factor_version",
        "precision",
        "business_day",
        "coalesce(mass, 0) AS mass_g",
        f"{plain_sql('f_value')} AS value",
        f"{utc_sql('wall')} AS occurred_at",
        f"{period_sql('wall', 'precision')} AS period",
        "false AS retracted",
    ]


def _stated(part: str, values: Mapping[str, Value]) -> str:
    if not part:
        return "true"
    failing = [f"x_{name}" for name in ("value", "count") if name in values]
    return "(" + " OR ".join(["f_value IS NOT NULL", "f_count IS NOT NULL", *failing]) + ")"


def content_sql(here: Sequence[str] = CONTENT_FIELDS, *, odd: bool = True) -> str:
    """DuckDB text of what the content hash covers; see hub.events.identity.content_hash.

    ``here``: the fields that may be there, beside those that the hub computes. ``odd``: texts may have control
    characters.
    """
    said = {*here, *_COMPUTED, *(f"{party}_scheme" for party in _PARTIES if party in here)}
    pieces, between = list[str](), ""
    for name in CONTENT_FIELDS:
        if name in said:
            text = "epoch_us(occurred_at)::VARCHAR" if name == "occurred_at" else f"{name}::VARCHAR"
            pieces += [text_literal(between), escaped_sql(text) if odd and name not in _PLAIN else text]
            between = ""
        between += SEPARATOR
    return f"concat({', '.join([*pieces, text_literal(between[:-1])])})"


def _sum(conditions: Sequence[str], start: int, column: int) -> str:
    terms = [
        f"CASE WHEN {when} THEN {1 << (index % BITS)} ELSE 0 END"
        for index, when in enumerate(conditions, start)
        if index // BITS == column
    ]
    return f"({' + '.join(terms)})::BIGINT" if terms else "0::BIGINT"


def _late_sum(late: Sequence[FieldError], start: int, column: int) -> str:
    return _sum([error.when for error in late], start, column)
