"""Which schema a message on Kafka was written with, where there is no registry: a numbering that is the product's own.

Every released version of every schema has a number, the same in each hub and for ever: 10 × version + the schema's
place among the three. A number that this version does not know was given by a newer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Protocol

from hub.errors import RequestWrong
from hub.events import compatibility
from hub.events import schema as schemas

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
            raise RequestWrong("this journal knows no schema {schema_id}", schema_id=schema_id)
        return found


@cache
def _numbered() -> Mapping[int, str]:
    return {
        _EACH * version + place: text
        for place, name in enumerate(schemas.NAMES, 1)
        for version, text in enumerate(compatibility.released(name), 1)
    }
