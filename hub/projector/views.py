"""How the versioned views are asked, in whatever database they are. Only the standard library: it must start fast."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = dict[str, Any]


class Reader(Protocol):
    """Questions to one state of the store. Raises StoreUnavailable, NotInOrder."""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a SELECT in the SQL that all stores share; ``?`` for each of the values. Ids are UUIDs."""


class Views(Protocol):
    """The views of a store. Asking never makes or changes anything."""

    def reading(self) -> AbstractContextManager[Reader | None]:
        """A reader; None where nothing was projected yet."""
