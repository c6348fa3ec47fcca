"""May this schema follow that one? The gate that every change of schemas/avro passes.

Journals are kept for ever and the topics are public, so both directions must hold: we read all that was ever written,
and a reader of the older version reads what we write. `avro`'s checker looks at that, but knows neither logical types
nor units nor defaults that change meaning: those rules are ours.

Every released version stays in schemas/avro/released/<name>/<n>.avsc, with messages (<n>.jsonl) and their bytes
(<n>.hex); schemas/avro/<name>.avsc is always the newest of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse

from hub.config import product_path
from hub.errors import Refused
from hub.events import schema as schemas

UNITS: Final = {
    "_g": "long",
    "_fen": "long",
    "_us": "long",
    "_bytes": "long",
    "_count": "long",
    "_number": "int",
    "_at": "timestamp-micros",
    "_day": "date",
}
"""How the name of a quantity ends → its type: a reader must see the unit without opening a manual."""

_QUANTITIES: Final = frozenset(UNITS.values())


@dataclass(frozen=True)
class Incompatibility:
    """Why a schema may not follow another: a stable ``rule`` name, and ``message``, a template over ``facts``."""

    rule: str
    message: str
    facts: dict[str, Any]

    def __str__(self) -> str:
        return self.message.format(**self.facts)


def released(name: str) -> tuple[str, ...]:
    """All released versions of ``name`` (JSON texts), the first one first."""
    folder = product_path("schemas/avro") / "released" / name
    numbers = sorted(int(path.stem) for path in folder.glob("*.avsc"))
    return tuple((folder / f"{number}.avsc").read_text(encoding="utf-8") for number in numbers)


def check(name: str) -> list[Incompatibility]:
    """What is wrong with the current schema of ``name``: each version must be able to follow every earlier one, and
    the current one must be the newest released."""
    versions = released(name)
    current = schemas.text(name)
    found = []
    if not versions or json.loads(current) != json.loads(versions[-1]):
        found.append(_say("NOT_RELEASED", "{name} differs from its newest released version", name=name))
    chain = (*versions, current)
    for at, new in enumerate(chain):
        for old in chain[:at]:
            found += [x for x in incompatibilities(old, new) if x not in found]
    return found


def incompatibilities(old: str, new: str) -> list[Incompatibility]:
    """Everything that forbids the schema ``new`` to follow ``old`` (JSON texts); [] if it may."""
    try:
        before = {x.name: x for x in schemas.fields(old)}
        after = {x.name: x for x in schemas.fields(new)}
    except Refused as error:
        return [_say("NOT_ALLOWED", "{reason}", reason=str(error))]
    found = list(_head(json.loads(old), json.loads(new)))
    for field in before.values():
        found += _kept(field, after)
    for field in after.values():
        if not field.doc.strip():
            found.append(_say("DOC_MISSING", "{field} has no doc", field=field.name))
        if field.name not in before:
            found += _added(field)
    return found or list(_by_avro(old, new))


def _head(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Incompatibility]:
    for key in ("name", "namespace"):
        if old.get(key) != new.get(key):
            yield _say("NAME_CHANGED", "{key} was {old}, is {new}", key=key, old=old.get(key), new=new.get(key))
    if not str(new.get("doc", "")).strip():
        yield _say("DOC_MISSING", "{field} has no doc", field=new.get("name"))


def _kept(old: schemas.Field, after: dict[str, schemas.Field]) -> Iterator[Incompatibility]:
    new = after.get(old.name)
    if new is None:
        renamed = _other_unit(old.name, after)
        if renamed:
            yield _say("UNIT_CHANGED", "{old} became {new}: add a field instead", old=old.name, new=renamed)
        else:
            yield _say("REMOVED", "{field} was removed", field=old.name)
        return
    if (old.type, old.nullable) != (new.type, new.nullable):
        yield _say("RETYPED", "{field} was {old}, is {new}", field=old.name, old=_type(old), new=_type(new))
    if old.default != new.default:
        facts = {"field": old.name, "old": repr(old.default), "new": repr(new.default)}
        yield Incompatibility("DEFAULT_CHANGED", "the default of {field} was {old}, is {new}", facts)


def _added(field: schemas.Field) -> Iterator[Incompatibility]:
    if field.default is schemas.REQUIRED:
        yield _say("DEFAULT_MISSING", "{field} is new and has no default", field=field.name)
    unit = _unit(field.name)
    if unit is None and field.type in _QUANTITIES:
        known = " ".join(UNITS)
        yield _say("UNIT_MISSING", "{field} does not end in its unit ({known})", field=field.name, known=known)
    if unit is not None and UNITS[unit] != field.type:
        facts = {"field": field.name, "unit": unit, "type": UNITS[unit], "given": field.type}
        yield Incompatibility("UNIT_MISUSED", "{field}: {unit} is for {type}, not {given}", facts)


def _by_avro(old: str, new: str) -> Iterator[Incompatibility]:
    """Both ways, by Avro's own rules: a second opinion on ours."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # its constructor has no types
    for reader, writer in ((new, old), (old, new)):
        result = checker.get_compatibility(parse(reader), parse(writer))
        if result.compatibility is not SchemaCompatibilityType.compatible:
            yield _say("AVRO", "not compatible: {reason}", reason="; ".join(sorted(result.messages)))


def _other_unit(name: str, after: dict[str, schemas.Field]) -> str | None:
    """A field that says the same in another unit: same stem, other ending."""
    if _unit(name) is None:
        return None
    stem = name.rpartition("_")[0]
    return next((x for x in after if x != name and x.rpartition("_")[0] == stem), None)


def _unit(name: str) -> str | None:
    return next((unit for unit in UNITS if name.endswith(unit)), None)


def _type(field: schemas.Field) -> str:
    return f"{field.type} or null" if field.nullable else field.type


def _say(rule: str, message: str, **facts: Any) -> Incompatibility:
    return Incompatibility(rule, message, facts)
