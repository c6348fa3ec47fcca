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

    The expressions are repeated in the result: let them be columns or literals. ``alias`` begins the names of the
    joined tables: two checks in one SELECT need two.
    """
    # A join on equality settles every code that some edition lists; what is dear is written for the others only, each
    # time inside a CASE, which is computed for the rows that reach it.
    listed, edition, of_class = f"{alias}_any", alias, f"{alias}_class"
    plain, mismatch = _plain(scheme, code), _mismatch(scheme, code)
    stored = f"(CASE WHEN {listed}.code IS NOT NULL THEN {listed}.code ELSE {plain} END)"
    error = _error(scheme, day, stored, mismatch, alias)
    passed = f"{scheme} IS NOT NULL AND {error} IS NULL"
    marked = ", ".join(map(quote, MARKED))
    unmarked = ", ".join(quote(e.scheme) for e in EDITIONS if not e.marks)
    return CodeSql(
        joins=[
            "LEFT JOIN (SELECT scheme, code, arg_max(name_zh, valid_from) AS name_zh FROM ref_codes GROUP BY ALL)"
            f" AS {listed} ON {listed}.scheme = {scheme} AND {listed}.code = {plain}",
            f"LEFT JOIN ref_codes AS {edition} ON {edition}.scheme = {listed}.scheme"
            f" AND {edition}.code = {listed}.code AND {edition}.edition = {_edition(scheme, day)}",
            f"LEFT JOIN ref_classes AS {of_class} ON {of_class}.scheme = {scheme}"
            f" AND {of_class}.class = CASE WHEN {listed}.code IS NULL THEN {_class(scheme, plain)} END",
        ],
        canonical=f"CASE WHEN {passed} THEN {stored} END",
        name=f"CASE WHEN {passed} THEN CASE WHEN {edition}.code IS NOT NULL THEN {edition}.name_zh"
        f" ELSE {listed}.name_zh END END",
        unverified=f"CASE WHEN {passed} AND {stored} IS NOT NULL THEN CASE WHEN {edition}.code IS NOT NULL"
        f" THEN {edition}.status IN ({marked}) ELSE {scheme} NOT IN ({unmarked}) END END",
        error=error,
    )


def _error(scheme: str, day: str, stored: str, mismatch: str, alias: str) -> str:
    listed, edition, of_class = f"{alias}_any", alias, f"{alias}_class"
    form = _by_scheme(scheme, {s: f"regexp_full_match({stored}, {quote(e.form)})" for s, e in _LATEST.items()})
    known = ", ".join(map(quote, _LATEST))
    classed = ", ".join(quote(s) for s, e in _LATEST.items() if e.class_part is not None)
    return (
        f"(CASE WHEN {mismatch} THEN 'CODE_CLASS_MISMATCH'"
        f" WHEN {edition}.code IS NOT NULL THEN NULL"
        f" WHEN {listed}.code IS NOT NULL THEN CASE WHEN {_complete(scheme, day)} THEN 'CODE_NOT_VALID_THEN' END"
        f" WHEN {scheme} IS NULL OR {stored} IS NULL THEN NULL"
        f" WHEN {scheme} NOT IN ({known}) THEN 'CODE_UNKNOWN'"
        f" WHEN NOT {form} THEN 'CODE_FORM'"
        f" WHEN {scheme} IN ({classed}) AND {of_class}.class IS NULL THEN 'CODE_CLASS_UNKNOWN'"
        f" WHEN {_complete(scheme, day)} THEN 'CODE_UNKNOWN' END)"
    )


def _plain(scheme: str, code: str) -> str:
    """The canonical code. Short clean texts, nearly all, are seen by one regular expression to be it already."""
    text = _trimmed(code)
    return (
        f"(CASE WHEN regexp_full_match({code}, '[0-9A-Za-z-]{{1,14}}') THEN {code}"
        f" WHEN {scheme} = 'HW' AND regexp_full_match({text}, {quote(HW_WITH_CLASS)}) THEN right({text}, 10)"
        f" ELSE {text} END)"
    )


def _mismatch(scheme: str, code: str) -> str:
    text = _trimmed(code)
    return (
        f"(CASE WHEN strlen({code}) < 15 OR {scheme} IS DISTINCT FROM 'HW' THEN false"
        f" WHEN regexp_full_match({text}, {quote(HW_WITH_CLASS)}) THEN substr({text}, 3, 2) <> right({text}, 2)"
        " ELSE false END)"
    )


def _trimmed(code: str) -> str:
    return f"nullif(trim({code}, {quote(SPACES)}), '')"


def _class(scheme: str, code: str) -> str:
    parts = {s: e.class_part for s, e in _LATEST.items() if e.class_part is not None}
    return _by_scheme(scheme, {s: f"{quote(part)} || right({code}, 2)" for s, part in parts.items()})


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
