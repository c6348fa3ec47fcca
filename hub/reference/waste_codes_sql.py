"""The check of :mod:`hub.reference.waste_codes` as DuckDB SQL, for whole batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hub.reference.code_editions import EDITIONS, HW_WITH_CLASS, MARKED, SPACES, Edition

# Form and class are a scheme's: the same in all of its editions.
_LATEST = {edition.scheme: edition for edition in EDITIONS}


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

    ``alias`` begins the names of the joined tables: two checks in one SELECT need two.
    """
    # A join on equality settles every code that some edition lists; what is dear stands behind it in a CASE, which is
    # computed only for the rows that reach it. LATERAL names an expression: written once, planned as a projection.
    said, plain, listed, says = (f"{alias}_{part}" for part in ("said", "plain", "listed", "says"))
    marked = ", ".join(map(quote, MARKED))
    unmarked = ", ".join(quote(e.scheme) for e in EDITIONS if not e.marks)
    passed = f"{says}.error IS NULL AND {plain}.code IS NOT NULL"
    return CodeSql(
        joins=[
            f"CROSS JOIN LATERAL (SELECT {scheme} AS scheme, {code} AS code, {day} AS day) AS {said}",
            f"CROSS JOIN LATERAL (SELECT {_plain(said)} AS code, {_mismatch(said)} AS mismatch) AS {plain}",
            "LEFT JOIN (SELECT scheme, code, arg_max(name_zh, valid_from) AS name_zh FROM ref_codes GROUP BY ALL)"
            f" AS {listed} ON {listed}.scheme = {said}.scheme AND {listed}.code = {plain}.code",
            f"LEFT JOIN ref_codes AS {alias} ON {alias}.scheme = {listed}.scheme AND {alias}.code = {listed}.code"
            f" AND {alias}.edition = {_edition(said)}",
            f"LEFT JOIN ref_classes AS {alias}_class ON {alias}_class.scheme = {said}.scheme AND {alias}_class.class ="
            f" CASE WHEN {listed}.code IS NULL THEN {_class(said, plain)} END",
            f"CROSS JOIN LATERAL (SELECT {_error(alias)} AS error) AS {says}",
        ],
        canonical=f"CASE WHEN {passed} THEN {plain}.code END",
        name=f"CASE WHEN {passed} THEN CASE WHEN {alias}.code IS NOT NULL THEN {alias}.name_zh"
        f" ELSE {listed}.name_zh END END",
        unverified=f"CASE WHEN {passed} THEN CASE WHEN {alias}.code IS NOT NULL THEN {alias}.status IN ({marked})"
        f" ELSE {said}.scheme NOT IN ({unmarked}) END END",
        error=f"{says}.error",
    )


def _plain(said: str) -> str:
    """The canonical code; NULL without a scheme. One regular expression sees that nearly all texts are it already."""
    text = _trimmed(said)
    return (
        f"CASE WHEN {said}.scheme IS NULL THEN NULL"
        f" WHEN regexp_full_match({said}.code, '[0-9A-Za-z-]{{1,14}}') THEN {said}.code"
        f" WHEN {said}.scheme = 'HW' AND regexp_full_match({text}, {quote(HW_WITH_CLASS)}) THEN right({text}, 10)"
        f" ELSE {text} END"
    )


def _mismatch(said: str) -> str:
    text = _trimmed(said)
    return (
        f"CASE WHEN strlen({said}.code) < 15 OR {said}.scheme IS DISTINCT FROM 'HW' THEN false"
        f" WHEN regexp_full_match({text}, {quote(HW_WITH_CLASS)}) THEN substr({text}, 3, 2) <> right({text}, 2)"
        " ELSE false END"
    )


def _trimmed(said: str) -> str:
    return f"nullif(trim({said}.code, {quote(SPACES)}), '')"


def _error(alias: str) -> str:
    said, code, listed = f"{alias}_said", f"{alias}_plain.code", f"{alias}_listed"
    form = _by_scheme(said, {s: f"regexp_full_match({code}, {quote(e.form)})" for s, e in _LATEST.items()})
    known = ", ".join(map(quote, _LATEST))
    classed = ", ".join(quote(s) for s, e in _LATEST.items() if e.class_part is not None)
    return (
        f"CASE WHEN {alias}_plain.mismatch THEN 'CODE_CLASS_MISMATCH'"
        f" WHEN {alias}.code IS NOT NULL THEN NULL"
        f" WHEN {listed}.code IS NOT NULL THEN CASE WHEN {_complete(said)} THEN 'CODE_NOT_VALID_THEN' END"
        f" WHEN {said}.code IS NULL OR {said}.scheme IS NULL THEN NULL"
        f" WHEN {said}.scheme NOT IN ({known}) THEN 'CODE_UNKNOWN'"
        f" WHEN {code} IS NULL OR NOT {form} THEN 'CODE_FORM'"
        f" WHEN {said}.scheme IN ({classed}) AND {alias}_class.class IS NULL THEN 'CODE_CLASS_UNKNOWN'"
        f" WHEN {_complete(said)} THEN 'CODE_UNKNOWN' END"
    )


def _class(said: str, plain: str) -> str:
    parts = {s: e.class_part for s, e in _LATEST.items() if e.class_part is not None}
    return _by_scheme(said, {s: f"{quote(part)} || right({plain}.code, 2)" for s, part in parts.items()})


def quote(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _by_scheme(said: str, answers: dict[str, str]) -> str:
    return f"(CASE {said}.scheme " + " ".join(f"WHEN {quote(s)} THEN {x}" for s, x in answers.items()) + " END)"


def _edition(said: str) -> str:
    cases = dict.fromkeys(_LATEST, "")
    for edition in EDITIONS:
        cases[edition.scheme] += f" WHEN {_in_force(edition, said)} THEN {quote(edition.edition)}"
    return _by_scheme(said, {s: f"CASE{whens} END" for s, whens in cases.items()})


def _complete(said: str) -> str:
    spans = [f"{said}.scheme = {quote(e.scheme)} AND {_in_force(e, said)}" for e in EDITIONS if e.complete]
    return f"({' OR '.join(spans) or 'false'})"


def _in_force(edition: Edition, said: str) -> str:
    bounds = [f"{said}.day IS NOT NULL"]
    if edition.valid_from != date.min:
        bounds.append(f"{said}.day >= DATE '{edition.valid_from}'")
    if edition.valid_to != date.max:
        bounds.append(f"{said}.day < DATE '{edition.valid_to}'")
    return " AND ".join(bounds)
