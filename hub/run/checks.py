"""One thing that ``doctor`` looked at: {part, ok, found, remedy}, and whatever else scripts may use of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import ConfigWrong, HubError
from hub.run.pulling import said
from hub.texts import translate

Check = dict[str, Any]


def good(part: str, found: str) -> Check:
    """It is in order."""
    return {"part": part, "ok": True, "found": found, "remedy": ""}


def bad(part: str, found: str, remedy: str, facts: Mapping[str, Any] | None = None) -> Check:
    """It is not; ``remedy`` is a template over ``facts``."""
    return {"part": part, "ok": False, "found": found, "remedy": translate(remedy, **(facts or {}))}


def failed(part: str, error: HubError) -> Check:
    """It could not be looked at."""
    if isinstance(error, ConfigWrong):
        return bad(part, said(error), "Correct the file; wastehub connector check shows every mistake.")
    remedy = error.remedy or "See the message; the part must answer before the hub can work."
    return bad(part, translate(error.template, **error.facts), remedy, error.facts)


def amount(count: int, *, counted: bool) -> str:
    """So many, or at most so many where they were not all counted."""
    return str(count) if counted else translate("at most {count}", count=count)
