"""What ``doctor`` says where a part could not even be looked at."""

from __future__ import annotations

import inspect

import pytest

from hub import errors
from hub.errors import ConfigWrong, HubError
from hub.run import checks

ERRORS = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, HubError) and each is not ConfigWrong  # which takes problems instead of facts
]


def _parameters() -> set[str]:
    """Every name that a function of hub.run.checks gives to what it is told."""
    functions = (found for _, found in inspect.getmembers(checks, inspect.isfunction))
    return {name for function in functions for name in inspect.signature(function).parameters}


@pytest.mark.parametrize("fact", sorted({"found", "wanted", "part", "error", *_parameters()} - {"remedy", "template"}))
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_may_call_its_facts_what_it_likes(error: type[HubError], fact: str) -> None:
    """Message and remedy are filled in, whatever the facts in them are called."""
    told = checks.failed("journal", error(f"there is {{{fact}}}", remedy=f"undo {{{fact}}}", **{fact: 7}))
    assert told == {"part": "journal", "ok": False, "found": "there is 7", "remedy": "undo 7"}
