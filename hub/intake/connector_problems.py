"""Every refusal of a connector.yaml: a closed list, in the order in which they are looked for.

The name is stable (scripts and documents use it); the sentence is a template over the facts of the problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hub.errors import Problem
from hub.intake.connector import Position

# A hostile file may hold 10⁵ mistakes, and a nearest name costs a third of a millisecond: nobody reads on after these.
MOST_PROBLEMS = 100
_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Refusal:
    """A stable name and its sentence, a template over the problem's facts."""

    error: str
    message: str


_ALL = (
    # the file
    Refusal("FILE_UNREADABLE", "cannot be read: {reason}"),
    Refusal("FILE_TOO_LARGE", "has more than {most} bytes: put long lists in files of their own"),
    Refusal("NOT_UTF8", "byte {offset} is not UTF-8: save the file as UTF-8"),
    # its form
    Refusal("BAD_CHARACTER", "the character {character} is not allowed here"),
    Refusal("TAB", "a tab cannot stand here: indent with spaces"),
    Refusal("FULLWIDTH_COLON", "'：' is not a colon for YAML: write ': '"),
    Refusal("NOT_YAML", "not readable as YAML: {reason}"),
    Refusal("TOO_MANY_VALUES", "more than {most} values: put long lists in files of their own"),
    Refusal("TOO_DEEP", "nested more than {most} levels deep"),
    Refusal("MANY_DOCUMENTS", "a second document begins here: one file is one connector"),
    Refusal("ANCHOR", "anchors (&{name}) are not allowed: write the value where it is used"),
    Refusal("ALIAS", "aliases (*{name}) are not allowed: write the value itself"),
    Refusal("TAG", "tags ({tag}) are not allowed: everything is text here"),
    Refusal("MERGE_KEY", "merge keys (<<) are not allowed: write the values themselves"),
    Refusal("KEY_NOT_TEXT", "a key must be a text"),
    Refusal("KEY_TWICE", "{key} stands here a second time; first in line {first}"),
    # its keys
    Refusal("NO_CONNECTOR", "this is no connector: write one map, beginning with hub: 1"),
    Refusal("NOT_A_MAP", "{key} must be a map: keys with values"),
    Refusal("NOT_A_LIST", "{key} must be a list"),
    Refusal("NOT_A_TEXT", "{key} must be one text"),
    Refusal("UNKNOWN_KEY", "{key} is not known here"),
    Refusal("MISSING_KEY", "{key} is required"),
    Refusal("VALUE_MISSING", "{key} has no value"),
    # its values
    Refusal("HUB_VERSION", "hub: {value} is not known: this wastehub reads hub: 1"),
    Refusal("NAME_FORM", "{key}: {value} is no name: letters, digits, _ and -, in parts joined by dots"),
    Refusal("DEPARTMENT_UNKNOWN", "{value} is no department; known: {known}"),
    Refusal("KIND_UNKNOWN", "{value} is no kind of source; known: {known}"),
    Refusal("KIND_NOT_YET", "sources of kind {value} cannot be read yet; this wastehub reads: {known}"),
    Refusal("TABLE_OR_QUERY", "a source of kind sql needs either table or query, exactly one of them"),
    Refusal("QUERY_NOT_SELECT", "a query must be one SELECT"),
    Refusal("PATH_OUTSIDE", "{key}: {value} leads out of the folder"),
    Refusal("ENCODING_UNKNOWN", "{value} is no encoding known here; known: {known}"),
    Refusal("HEADER_FORM", "{value} is no header: a row number from 1, or two such as 2-3"),
    Refusal("NUMBER_FORM", "{key}: {value} is not a whole number from 1"),
    Refusal("DURATION_FORM", "{key}: {value} is no duration: a number and ms, s, m, h or d, such as 10m, up to 366d"),
    Refusal("QUIET_FORM", "{value} is no time of day such as 08:30-09:30"),
    Refusal("MASS_FORM", "{key}: {value} is no mass: grams, or a number and kg or t, over 0 and up to 10000000t"),
    Refusal("COLUMN_TWICE", "{key}: {column} is named twice"),
    Refusal("COLUMN_DROPPED", "{column} is dropped, but {key} needs it"),
    Refusal("LIST_NAME", "{value} is no name of a list: letters, digits and _"),
    Refusal("LIST_CONTENT", "{key} needs either map or file, exactly one of them"),
    Refusal("FACTOR_FORM", "{key}: {value} is not a decimal over 0 such as 1.6"),
    Refusal("FIELD_COMPUTED", "{field} is computed by the hub and cannot be mapped"),
    Refusal("QUOTES_LOST", "{key}: {value} names a column; for the text write \"'{value}'\""),
    Refusal("FIELD_NOT_MAPPED", "{key} does not map {field}, which every event needs"),
    Refusal("MEASURE_NOT_MAPPED", "{key} maps neither value and unit nor count"),
    Refusal("UNIT_NOT_MAPPED", "{key} maps {field} but not {other}"),
    Refusal("EACH_EMPTY", "each has no part"),
    Refusal("PART_NAME", "{value} is no name of a part: letters, digits, _, . and -"),
    Refusal("PART_TWICE", "two parts are named {value}"),
    Refusal("PART_UNKNOWN", "{value} is no part of each"),
    Refusal("CHECK_UNKNOWN", "warn: {value} is none of the checks"),
    Refusal("EXPECT_OR_QUARANTINE", "{key} needs either expect or quarantine, exactly one of them"),
    Refusal("TOO_MANY_PROBLEMS", "more than {most} problems; the others are not shown"),
)
REFUSALS: dict[str, str] = {refusal.error: refusal.message for refusal in _ALL}


class Problems:
    """Collects the mistakes of one file, at most ``MOST_PROBLEMS`` and a last one that says so."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        self.found: list[Problem] = []
        self._path = path
        self._lines = lines

    @property
    def full(self) -> bool:
        """There were too many: looking for more is pointless."""
        return len(self.found) > MOST_PROBLEMS

    def add(self, at: Position | None, error: str, *, valid: Iterable[str] = (), **facts: Any) -> None:
        """A mistake at ``at``. With ``valid`` the name nearest to what was written (the fact ``written``, else
        ``value``) becomes the suggestion."""
        if self.full:
            return
        if len(self.found) == MOST_PROBLEMS:
            at, error, facts, valid = None, "TOO_MANY_PROBLEMS", {"most": MOST_PROBLEMS}, ()
        written = str(facts.pop("written", facts.get("value", "")))
        in_file = at is not None and at.line <= len(self._lines)
        self.found.append(
            Problem(
                file=str(self._path),
                line=at.line if at else None,
                column=at.column if at else None,
                error=error,
                message=REFUSALS[error],
                suggestion=nearest(written, valid),
                source_line=self._lines[at.line - 1] if at is not None and in_file else None,
                facts={name: _shown(value) for name, value in facts.items()},
            )
        )


def nearest(written: str, valid: Iterable[str]) -> str | None:
    """The valid name that ``written`` was probably meant to be, or None."""
    if len(written) > _LONGEST_SHOWN:
        return None
    names = {name.lower(): name for name in valid}
    found = get_close_matches(written.lower(), list(names), n=1, cutoff=0.6)
    return names[found[0]] if found else None


def _shown(value: Any) -> Any:
    """Long texts are cut: a problem is a sentence."""
    return value[: _LONGEST_SHOWN - 1] + "…" if isinstance(value, str) and len(value) > _LONGEST_SHOWN else value
