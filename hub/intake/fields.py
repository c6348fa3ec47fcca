"""What the fields of an event must be, beside what their expressions say: kinds, closed lists, requirements, bounds."""

from __future__ import annotations

from dataclasses import dataclass

from hub.intake.event_fields import MAPPED, REQUIRED
from hub.intake.expressions import Kind, Value, either, text_literal
from hub.reference.kinds import BASES, KINDS, PRECISIONS, SCHEMES, STREAMS

_NUMBERS = ("value", "count", "amount_fen", "manifest_line")
_TIMES = ("occurred_at", "recorded_at")

KINDS_OF_FIELDS: dict[str, tuple[Kind, ...]] = {
    name: (Kind.NUMBER,) if name in _NUMBERS else (Kind.TIME,) if name in _TIMES else (Kind.TEXT,) for name in MAPPED
} | {"manifest_line": (Kind.NUMBER, Kind.TEXT)}
"""The kinds that a field's expression may have; a manifest's line number may also be text."""

LISTS: dict[str, tuple[str, ...]] = {
    "kind": tuple(KINDS),
    "stream": tuple(STREAMS),
    "scheme": tuple(SCHEMES),
    "basis": tuple(BASES),
    "precision": tuple(PRECISIONS),
}
"""Fields whose values come from a closed list."""

MAX_COUNT = 10**12
MAX_FEN = 10**15
MAX_LINE = 2_000_000_000


@dataclass(frozen=True)
class FieldError:
    """A refusal that is found when the fields are there: ``when`` is SQL over the columns of the last step.

    ``reads``: the mapped fields whose source values explain it.
    """

    field: str
    error: str
    when: str
    reads: tuple[str, ...]


def field_errors(values: dict[str, Value], single: bool, max_mass_g: int) -> list[FieldError]:
    """The refusals that every event is checked for, in order. ``single``: a part that must state something."""
    found = [_missing(name, values.get(name)) for name in REQUIRED]
    found += [_unlisted(name, items) for name, items in LISTS.items() if name in values]
    code = "f_code IS NOT NULL AND f_scheme IS NOT NULL AND code_error = {error}"
    found.append(FieldError("code", "*", code, ("scheme", "code", "occurred_at")))
    region = "f_region IS NOT NULL AND region_error = {error}"
    found.append(FieldError("region", "*", region, ("region", "occurred_at")))
    if single:
        nothing = f"f_value IS NULL AND f_count IS NULL AND NOT {_failed(values, 'value', 'count')}"
        found.append(FieldError("value", "FIELD_MISSING", nothing, ("value", "count")))
    found += _measures(values, max_mass_g)
    whole = {"count": ("COUNT_INVALID", 0, MAX_COUNT), "amount_fen": ("AMOUNT_INVALID", -MAX_FEN, MAX_FEN)}
    whole["manifest_line"] = ("LINE_INVALID", 0, MAX_LINE)
    for name, (error, low, high) in whole.items():
        if name in values:
            when = f"f_{name} <> trunc(f_{name}) OR f_{name} < {low} OR f_{name} > {high}"
            found.append(FieldError(name, error, when, (name,)))
    return [e for error in found for e in _spelled(error)]


def _unlisted(name: str, items: tuple[str, ...]) -> FieldError:
    when = f"f_{name} IS NOT NULL AND f_{name} NOT IN ({_items(items)})"
    return FieldError(name, f"{name.upper()}_UNKNOWN", when, (name,))


def _measures(values: dict[str, Value], max_mass_g: int) -> list[FieldError]:
    """Value, unit and the mass that they give."""
    unit_missing = f"f_value IS NOT NULL AND f_unit IS NULL AND NOT {_failed(values, 'unit')}"
    unit_unknown = "f_value IS NOT NULL AND f_unit IS NOT NULL AND unit_grams IS NULL"
    too_large = f"f_value >= 0 AND unit_grams IS NOT NULL AND (mass IS NULL OR mass > {max_mass_g})"
    return [
        FieldError("unit", "FIELD_MISSING", unit_missing, ("unit", "value")),
        FieldError("unit", "UNIT_UNKNOWN", unit_unknown, ("unit",)),
        FieldError("value", "MASS_NEGATIVE", "f_value < 0", ("value", "unit")),
        FieldError("value", "MASS_TOO_LARGE", too_large, ("value", "unit")),
    ]


def _missing(name: str, value: Value | None) -> FieldError:
    failed = either(value.failures) if value else "false"
    return FieldError(
        name,
        "FIELD_MISSING",
        f"f_{name} IS NULL AND NOT x_{name}" if failed != "false" else f"f_{name} IS NULL",
        (name,),
    )


def _failed(values: dict[str, Value], *names: str) -> str:
    failing = [f"x_{name}" for name in names if name in values and values[name].failures]
    return "(" + " OR ".join(failing) + ")" if failing else "false"


def _items(items: tuple[str, ...]) -> str:
    return ", ".join(text_literal(item) for item in items)


_SPELLED = {
    "code": ("CODE_UNKNOWN", "CODE_FORM", "CODE_CLASS_UNKNOWN", "CODE_CLASS_MISMATCH", "CODE_NOT_VALID_THEN"),
    "region": ("REGION_UNKNOWN", "REGION_REPLACED"),
}


def _spelled(error: FieldError) -> list[FieldError]:
    """A look-up that names its error itself becomes one refusal per name."""
    if error.error != "*":
        return [error]
    return [
        FieldError(error.field, name, error.when.format(error=text_literal(name)), error.reads)
        for name in _SPELLED[error.field]
    ]
