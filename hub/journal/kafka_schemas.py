"""Which schema a message on Kafka was written with: by a registry where there is one, or by the product's own numbering.

Every released version of every schema has a number, the same in each hub and for ever: 10 × version + the schema's
place among the three. A number that this version does not know was given by a newer one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Final, Protocol

from hub.errors import RequestWrong
from hub.events import compatibility
from hub.events import schema as schemas
from hub.journal.registry import no_schema

_EACH: Final = 10


class Schemas(Protocol):
    """Numbers ⇄ schemas."""

    def current(self) -> Mapping[str, int]:
        """Name → the number of its current version."""

    def text(self, schema_id: int) -> str:
        """The schema (JSON text) with this number. RequestWrong where there is none."""


class BuiltIn:
    """The product's own numbering."""

    def current(self) -> Mapping[str, int]:
        """Name → the number of its current version."""
        return {name: _EACH * len(compatibility.released(name)) + place for place, name in enumerate(schemas.NAMES, 1)}

    def text(self, schema_id: int) -> str:
        """The schema with this number."""
        found = _numbered().get(schema_id)
        if found is None:
            raise no_schema(schema_id)
        return found


class Registered:
    """The numbers of a schema registry, and beside them the product's own: of messages that were written before there
    was a registry. Where both know a number, the registry's counts if its schema is one of the product's.
    """

    def __init__(self, registry: Schemas) -> None:
        self._registry, self._own = registry, BuiltIn()
        self._texts: dict[int, str] = {}

    def current(self) -> Mapping[str, int]:
        """The registry's."""
        return self._registry.current()

    def text(self, schema_id: int) -> str:
        """The schema with this number, asked for once."""
        if schema_id not in self._texts:
            self._texts[schema_id] = self._found(schema_id)
        return self._texts[schema_id]

    def _found(self, schema_id: int) -> str:
        try:
            found = self._registry.text(schema_id)
        except RequestWrong:
            return self._own.text(schema_id)
        return found if _names(found) in map(_names, map(schemas.text, schemas.NAMES)) else _numbered().get(schema_id, found)


def _names(schema: str) -> tuple[object, object] | None:
    """Namespace and name of a record; None of anything else."""
    try:
        said = json.loads(schema)
    except ValueError:
        return None
    return (said.get("namespace"), said.get("name")) if isinstance(said, dict) else None


@cache
def _numbered() -> Mapping[int, str]:
    return {
        _EACH * version + place: text
        for place, name in enumerate(schemas.NAMES, 1)
        for version, text in enumerate(compatibility.released(name), 1)
    }
