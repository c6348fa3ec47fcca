"""Waste codes: five schemes, each in editions that follow one another.

A bare code says nothing: the scheme is stored beside it, and the day picks the edition. Codes of an edition whose list
is not at hand pass by form and class, with a mark; their name is then the one of an edition that is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.reference.code_editions import (
    EDITIONS,
    HW_WITH_CLASS,
    MARKED,
    SPACES,
    Edition,
    Listed,
    class_names,
    classes,
    codes,
    listed_by_code,
)
from hub.reference.tables import register
from hub.reference.waste_codes_sql import CodeSql, check_sql

__all__ = [
    "EDITIONS", "CodeCheck", "CodeError", "CodeSql", "Edition", "canonical", "check", "check_sql", "classes", "codes",
    "register",
]

CodeError = Literal[
    "CODE_UNKNOWN", "CODE_FORM", "CODE_CLASS_UNKNOWN", "CODE_CLASS_MISMATCH", "CODE_NOT_VALID_THEN",
]


@dataclass(frozen=True)
class CodeCheck:
    """What a list says about a code. All None: there was no code. With an ``error`` the other fields are None."""

    code: str | None = None
    name_zh: str | None = None
    unverified: bool | None = None
    error: CodeError | None = None


def check(scheme: str | None, code: str | None, day: date | None) -> CodeCheck:
    """Look a code up in the edition in force on ``day``; without a day only what holds in every edition is judged."""
    if scheme is None or code is None:
        return CodeCheck()
    text = canonical(scheme, code)
    editions = [edition for edition in EDITIONS if edition.scheme == scheme]
    if not editions:
        return CodeCheck(error="CODE_UNKNOWN")
    twice = re.fullmatch(HW_WITH_CLASS, code.strip(SPACES)) if scheme == "HW" else None
    if twice and twice[1] != text[-2:]:
        return CodeCheck(error="CODE_CLASS_MISMATCH")
    entries = listed_by_code().get((scheme, text), ())
    edition = next((e for e in editions if day is not None and e.in_force(day)), None)
    for entry in entries:
        if entry.edition == edition:
            return CodeCheck(text, entry.name_zh, entry.status in MARKED)
    return _unlisted(edition or editions[-1], edition is not None and edition.complete, text, entries)


def _unlisted(edition: Edition, complete: bool, code: str, elsewhere: tuple[Listed, ...]) -> CodeCheck:
    if not re.fullmatch(edition.form, code):
        return CodeCheck(error="CODE_FORM")
    if edition.class_part is not None and (edition.scheme, edition.class_part + code[-2:]) not in class_names():
        return CodeCheck(error="CODE_CLASS_UNKNOWN")
    if complete:
        return CodeCheck(error="CODE_NOT_VALID_THEN" if elsewhere else "CODE_UNKNOWN")
    names = [entry.name_zh for entry in elsewhere if entry.name_zh]
    return CodeCheck(code, names[-1] if names else None, edition.marks)


def canonical(scheme: str, code: str) -> str:
    """A code as it is stored: trimmed, and for HW without a class before it. Says nothing about whether it exists."""
    text = code.strip(SPACES)
    twice = re.fullmatch(HW_WITH_CLASS, text) if scheme == "HW" else None
    return twice[2] if twice else text
