"""How the versioned views are asked, in whatever database they are. It must start fast."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from hub.errors import RequestWrong
from hub.texts import N_

Row = dict[str, Any]
SUM_TOO_LARGE = N_(
    "No city has so much: correct the record with the wrong mass at its source, pull it, and run wastehub project --rebuild"
    " ledger."
)


def must_be_text(text: str) -> str:
    """``text``, where a store could hold it. RequestWrong where it has a NUL or was not UTF-8 when it was typed."""
    if "\0" in text or (not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text)):
        raise RequestWrong("{text} is no text in UTF-8", text=text, remedy="Look at the encoding of your terminal.")
    return text


class Reader(Protocol):
    """Questions to one state of the store. Raises StoreUnavailable, NotInOrder."""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a SELECT in the SQL that all stores share; ``?`` for each of the values. Ids are UUIDs."""


class Views(Protocol):
    """The views of a store. Asking never makes or changes anything."""

    def reading(self) -> AbstractContextManager[Reader | None]:
        """A reader; None where nothing was projected yet."""
