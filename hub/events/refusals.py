"""Why a record is set aside: a closed list, in the order in which a record meets the checks.

A name is stable: scripts, tests and the quarantine's rows use it. Its sentence and its remedy are for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.texts import N_, translate

STATES = {
    "open": N_("open"), "pending": N_("pending"), "resolved": N_("resolved"), "superseded": N_("superseded"),
    "rejected": N_("rejected"),
}  # fmt: skip
"""What became of a record that was set aside (``quarantine_state`` in standing.py), and its word for people."""


@dataclass(frozen=True)
class Refusal:
    """What is wrong (``sentence``), and what a person can do about it (``remedy``)."""

    error: str
    sentence: str
    remedy: str


_ANYWHERE = "Correct the row in the source, or have the file saved and sent again."
_MEND = "Correct it in the source; the corrected record is read at the next pull."
_MAPPING = "Correct it in the source, or read it otherwise in connector.yaml and redrive."
_RESEND = "Have the file saved and sent again."

_ALL = (
    # the file as a whole
    Refusal("FILE_UNREADABLE", "the file cannot be opened as what its name says", _RESEND),
    Refusal("ARCHIVE_TOO_LARGE", "the workbook unpacks to more than a workbook can be", _RESEND),
    Refusal(
        "SHEET_MISSING",
        "the workbook has no such sheet",
        "Name the sheet in connector.yaml as it is in the file.",
    ),
    Refusal("NO_HEADER", "the row with the column names is not there", "Correct `header` in connector.yaml."),
    Refusal(
        "TOO_MANY_COLUMNS",
        "more columns than a table can have",
        "Look whether the delimiter or the file is right.",
    ),
    # a row of it
    Refusal("ENCODING", "some bytes are neither UTF-8 nor GB18030", _ANYWHERE),
    Refusal("NUL_BYTE", "a NUL byte", _ANYWHERE),
    Refusal("UNTERMINATED_QUOTE", "a quotation mark is never closed", _RESEND),
    Refusal("STRAY_QUOTE", "a quotation mark stands where none can be", _RESEND),
    Refusal("STRAY_RETURN", "a carriage return stands inside a row", _RESEND),
    Refusal("RAGGED_ROW", "the row has more or fewer cells than there are columns", _RESEND),
    Refusal("ROW_UNREADABLE", "the row cannot be read", _RESEND),
    Refusal("JSON_UNREADABLE", "the line is no JSON object", _RESEND),
    Refusal("JSON_DUPLICATE_KEY", "an object names a key twice", _RESEND),
    Refusal(
        "EXCEL_DIGITS_LOST",
        "Excel has lost the last digits of a long number",
        "Format the column as text, type it anew.",
    ),
    Refusal("RECORD_TOO_LONG", "the record has more than 4 MiB", _MEND),
    # its key and version
    Refusal("KEY_MISSING", "the record's key is empty", _MEND),
    Refusal(
        "KEY_NOT_UNIQUE",
        "several rows of the table have this key",
        "Make `key` in connector.yaml unique, or mend the rows.",
    ),
    Refusal("SCOPE_MISSING", "the row does not say which scope of the file it belongs to", _MEND),
    Refusal("VERSION_UNREADABLE", "the record's version cannot be read", _MAPPING),
    Refusal(
        "VERSION_IN_FUTURE",
        "the record's version is more than a day ahead of the clock",
        "Look at the source's clock.",
    ),
    Refusal("DELETED_UNREADABLE", "whether the record is deleted cannot be read", _MAPPING),
    # an expression
    Refusal(
        "COLUMN_MISSING",
        "the source does not have this column, which the connector reads",
        "Name the column in connector.yaml as it is in the source, and redrive; or have it sent.",
    ),
    Refusal("NUMBER_UNREADABLE", "not a number", _MAPPING),
    Refusal("NUMBER_OVERFLOW", "the number is too large", _MAPPING),
    Refusal("NUMBER_NOT_WHOLE", "not a whole number", _MAPPING),
    Refusal("TIME_UNREADABLE", "not a date or time", _MAPPING),
    Refusal(
        "CODE_UNMAPPED",
        "the connector's list does not have this code",
        "Add it to the list in connector.yaml and redrive.",
    ),
    Refusal(
        "FACTOR_MISSING",
        "the factor table does not have this key",
        "Add it to the list in connector.yaml and redrive.",
    ),
    Refusal("USCC_INVALID", "not a unified social credit code: its check digit is wrong", _MEND),
    Refusal("EXPRESSION_FAILED", "an expression cannot be computed for this record", _MAPPING),
    # a field
    Refusal("FIELD_MISSING", "a field that every event needs is empty", _MAPPING),
    Refusal("KIND_UNKNOWN", "there is no such kind of event", _MAPPING),
    Refusal("STREAM_UNKNOWN", "there is no such stream of waste", _MAPPING),
    Refusal("SCHEME_UNKNOWN", "there is no such scheme of codes", _MAPPING),
    Refusal("BASIS_UNKNOWN", "there is no such basis of a quantity", _MAPPING),
    Refusal("PRECISION_UNKNOWN", "there is no such precision of a time", _MAPPING),
    Refusal("CODE_UNKNOWN", "the official list does not have this code", _MEND),
    Refusal("CODE_FORM", "the code does not have the form of its scheme", _MEND),
    Refusal("CODE_CLASS_UNKNOWN", "the code's class is not in the official list", _MEND),
    Refusal("CODE_CLASS_MISMATCH", "the code and the class before it disagree", _MEND),
    Refusal("CODE_NOT_VALID_THEN", "the code was not valid on that day", _MEND),
    Refusal(
        "REGION_UNKNOWN",
        "there is no such region",
        "Add a local one under `lists: {{regions: …}}`, or correct the source.",
    ),
    Refusal("REGION_REPLACED", "the region's code was replaced before that day", "Use the code that replaced it."),
    Refusal(
        "UNIT_UNKNOWN", "there is no such unit of mass", "Add it under `lists: {{units: …}}` in grams, and redrive."
    ),
    Refusal("MASS_NEGATIVE", "a mass cannot be negative", _MEND),
    Refusal("MASS_TOO_LARGE", "the mass is over what one record can carry", "Look at the unit; then at `max_mass`."),
    Refusal("COUNT_INVALID", "not a count of things", _MEND),
    Refusal("AMOUNT_INVALID", "not an amount in whole fen", _MEND),
    Refusal("LINE_INVALID", "not the number of a manifest's line", _MEND),
    Refusal("CHECK_FAILED", "a check of the connector says no", _MEND),
    # the read as a whole
    Refusal(
        "VANISHED_MANY",
        "too many known records vanished at once",
        "Look at the source; then approve or reject it.",
    ),
)

REFUSALS = {refusal.error: refusal for refusal in _ALL}


def with_remedies(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The errors of a record set aside, each with what to do about it, in the language spoken."""
    return [{**error, "remedy": _remedy(error["error"])} for error in errors]


def _remedy(error: str) -> str:
    return translate(REFUSALS[error].remedy) if error in REFUSALS else ""
