"""The check of :mod:`hub.reference.waste_codes` as DuckDB SQL, for whole batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hub.reference.code_editions import EDITIONS, HW_WITH_CLASS, MARKED, SPACES, Edition


@dataclass(frozen=True)
class CodeSql:
    """SQL for a SELECT: ``joins`` go into its FROM in order and never multiply rows, the others are expressions."""

    joins: list[str]
    canonical: str
    name: str
    unverified: str
    error: str


def check_sql(scheme: str, code: str, day: str, alias: str = "ref_code") -> CodeSql:
    """``waste_codes.check`` on SQL expressions (text, text, DATE), over the tables ref_codes and ref_classes.

    The expressions are repeated in the result: let them be columns or literals. ``alias`` begins the names of the
    joined tables: two checks in one SELECT need two.
    """
    text = f"nullif(trim({code}, {quote(SPACES)}), '')"
    # The length decides nearly every row before the regular expression is looked at.
    twice = f"({scheme} = 'HW' AND length({text}) = 15 AND regexp_full_match({text}, {quote(HW_WITH_CLASS)}))"
    plain = f"(CASE WHEN {twice} THEN right({text}, 10) ELSE {text} END)"
    mismatch = f"({twice} AND substr({text}, 3, 2) <> right({text}, 2))"
    latest = {edition.scheme: edition for edition in EDITIONS}
    form = _by_scheme(scheme, {s: f"regexp_full_match({plain}, {quote(e.form)})" for s, e in latest.items()})
    class_name = _by_scheme(
        scheme,
        {s: f"{quote(e.class_part)} || right({plain}, 2)" for s, e in latest.items() if e.class_part is not None},
    )
    known = ", ".join(quote(s) for s in latest)
    classed = ", ".join(quote(s) for s, e in latest.items() if e.class_part is not None)
    unmarked = ", ".join(quote(s) for s, e in latest.items() if not e.marks)
    marked = ", ".join(quote(status) for status in MARKED)
    error = (
        f"(CASE WHEN {scheme} IS NULL OR {plain} IS NULL THEN NULL"
        f" WHEN {scheme} NOT IN ({known}) THEN 'CODE_UNKNOWN'"
        f" WHEN {mismatch} THEN 'CODE_CLASS_MISMATCH'"
        f" WHEN {alias}.code IS NOT NULL THEN NULL"
        f" WHEN NOT {form} THEN 'CODE_FORM'"
        f" WHEN {scheme} IN ({classed}) AND {alias}_class.class IS NULL THEN 'CODE_CLASS_UNKNOWN'"
        f" WHEN {_complete(scheme, day)} AND {alias}_any.code IS NOT NULL THEN 'CODE_NOT_VALID_THEN'"
        f" WHEN {_complete(scheme, day)} THEN 'CODE_UNKNOWN' END)"
    )
    passed = f"({scheme} IS NOT NULL AND {error} IS NULL)"
    is_marked = f"CASE WHEN {alias}.code IS NULL THEN {scheme} NOT IN ({unmarked}) ELSE {alias}.status IN ({marked}) END"
    return CodeSql(
        joins=[
            f"LEFT JOIN ref_codes AS {alias} ON {alias}.scheme = {scheme}"
            f" AND {alias}.edition = {_edition(scheme, day)} AND {alias}.code = {plain}",
            "LEFT JOIN (SELECT scheme, code, arg_max(name_zh, valid_from) AS name_zh FROM ref_codes GROUP BY ALL)"
            f" AS {alias}_any ON {alias}_any.scheme = {scheme} AND {alias}_any.code = {plain}",
            f"LEFT JOIN ref_classes AS {alias}_class ON {alias}_class.scheme = {scheme}"
            f" AND {alias}_class.class = {class_name}",
        ],
        canonical=f"CASE WHEN {passed} THEN {plain} END",
        name=f"CASE WHEN {passed} THEN coalesce({alias}.name_zh, {alias}_any.name_zh) END",
        unverified=f"CASE WHEN {passed} AND {plain} IS NOT NULL THEN {is_marked} END",
        error=error,
    )


def quote(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _by_scheme(scheme: str, answers: dict[str, str]) -> str:
    return f"(CASE {scheme} " + " ".join(f"WHEN {quote(s)} THEN {answer}" for s, answer in answers.items()) + " END)"


def _edition(scheme: str, day: str) -> str:
    answers: dict[str, str] = {}
    for edition in EDITIONS:
        known = answers.get(edition.scheme, "")
        answers[edition.scheme] = f"{known} WHEN {_in_force(edition, day)} THEN {quote(edition.edition)}"
    return _by_scheme(scheme, {s: f"CASE{cases} END" for s, cases in answers.items()})


def _complete(scheme: str, day: str) -> str:
    spans = [f"{scheme} = {quote(e.scheme)} AND {_in_force(e, day)}" for e in EDITIONS if e.complete]
    return f"({' OR '.join(spans) or 'false'})"


def _in_force(edition: Edition, day: str) -> str:
    bounds = [f"{day} IS NOT NULL"]
    if edition.valid_from != date.min:
        bounds.append(f"{day} >= DATE '{edition.valid_from}'")
    if edition.valid_to != date.max:
        bounds.append(f"{day} < DATE '{edition.valid_to}'")
    return " AND ".join(bounds)
