"""A connector's inline tests: what is expected, what came, and how the difference reads."""

from __future__ import annotations

from typing import Any

import pytest

from hub.intake.connector import Case, Position
from hub.intake.trying import Trial
from hub.texts import speak
from tests.intake.plugging import ROW, connector_text, trial_of

SINGLE = connector_text({"count": "num(N)"}, drop=["NAME"], lists={"w": {"version": "1", "map": {"01": "SW70"}}})
EACH = connector_text(each=[{"part": "a", "map": {"value": "num(A)"}}, {"part": "b", "map": {"value": "num(B)"}}])
DELETED = connector_text(source={"deleted": "D = '1'"})
FILE = connector_text(source={"kind": "file", "path": "in/*.csv", "scope": "S"}).replace("  url: sqlite:x.db\n  table: T\n", "")


def case(row: dict[str, Any], expect: Any = None, quarantine: dict[str, str] | None = None) -> Case:
    wanted = expect if expect is None or isinstance(expect, tuple) else (expect,)
    return Case("a test", {"V": "2", "U": "吨", "T": "2026-03-01", "R": "371502", **row}, wanted, quarantine, Position(1, 1))


PASS: list[tuple[str, Case]] = [
    (SINGLE, case({}, {"mass_g": 2_000_000})),
    (SINGLE, case({}, {"mass_g": "2000000", "code": "SW70", "retracted": False})),
    (SINGLE, case({}, {"retracted": "false", "method": None, "count": "", "period": "2026-03", "business_day": "2026-03-01"})),
    (SINGLE, case({}, {"occurred_at": "2026-02-28T16:00:00Z", "precision": "day"})),
    (SINGLE, case({}, {"code_unverified": "False", "source_key": '["test"]'})),
    (SINGLE, case({"K": "A1"}, {"source_key": '["A1"]'})), (SINGLE, case({}, {})),
    (SINGLE, case({"V": 2}, {"value": "2"})),
    (SINGLE, case({"V": None, "N": 3}, {"mass_g": 0, "count": 3})),
    (SINGLE, case({"NAME": "张三"}, {"mass_g": 2_000_000})),
    (SINGLE, case({"V": "x"}, None, {"field": "value", "error": "NUMBER_UNREADABLE"})),
    (SINGLE, case({"V": "x"}, None, {"error": "NUMBER_UNREADABLE"})),
    (SINGLE, case({"V": "x", "R": "1"}, None, {"field": "region"})),
    (SINGLE, case({"T": None}, None, {"field": "occurred_at", "error": "FIELD_MISSING"})),
    (EACH, case({"A": "1", "B": "2"}, ({"part": "b", "mass_g": 2_000_000}, {"part": "a", "mass_g": 1_000_000}))),
    (EACH, case({"A": "1", "B": "2"}, ({"mass_g": 1_000_000}, {"mass_g": 2_000_000}))), (EACH, case({}, ())),
    (EACH, case({"A": "1"}, {"part": "a"})),
    (EACH, case({"A": "1", "B": "x"}, None, {"field": "value", "error": "NUMBER_UNREADABLE"})),
    (DELETED, case({"D": "1"}, ())),
    (DELETED, case({"D": "0"}, {"mass_g": 2_000_000})), (FILE, case({}, {"mass_g": 2_000_000})),
    (FILE, case({"S": "2026-03"}, {"scope": "2026-03"})),
]


@pytest.mark.parametrize(("text", "given"), PASS)
def test_what_came_as_expected_passes(text: str, given: Case) -> None:
    """Values compare as texts, a missing column is null, a part is found by its name, [] means that nothing is said."""
    assert trial_of(text).run(given) == []


DIFFER: list[tuple[str, Case, list[str]]] = [
    (SINGLE, case({}, {"mass_g": 5, "code": "SW71"}), ["mass_g: expected 5, came 2000000", "code: expected SW71, came SW70"]),
    (SINGLE, case({}, {"method": "R1"}), ["method: expected R1, came nothing"]),
    (SINGLE, case({}, {"code": None}), ["code: expected nothing, came SW70"]),
    (SINGLE, case({}, {"mas_g": 5}), ["mas_g: there is no such field"]),
    (SINGLE, case({"V": "x"}, {"mass_g": 5}), ['set aside: value NUMBER_UNREADABLE {"V":"x"}']),
    (SINGLE, case({"V": "x", "R": "1"}, {"mass_g": 5}),
     ['set aside: value NUMBER_UNREADABLE {"V":"x"}', 'set aside: region REGION_UNKNOWN {"R":"1","T":"2026-03-01"}']),
    (SINGLE, case({}, None, {"field": "value", "error": "NUMBER_UNREADABLE"}),
     ["expected to be set aside: value NUMBER_UNREADABLE; came 1 event(s)"]),
    (SINGLE, case({"V": "x"}, None, {"field": "code"}), ["expected to be set aside: code; came value NUMBER_UNREADABLE"]),
    (SINGLE, case({}, ()), ["events: expected 0, came 1"]),
    (EACH, case({"A": "1"}, ({"part": "a"}, {"part": "b"})), ["events: expected 2, came 1", "part b: no event"]),
    (EACH, case({}, {"part": "a"}), ["events: expected 1, came 0", "part a: no event"]),
    (EACH, case({"A": "1", "B": "2"}, ({"part": "a", "mass_g": 1}, {"part": "b"})), ["mass_g: expected 1, came 1000000"]),
]


@pytest.mark.parametrize(("text", "given", "differences"), DIFFER)
def test_a_difference_says_what_was_expected_and_what_came(text: str, given: Case, differences: list[str]) -> None:
    """Every difference is a line of its own, with field, expectation and finding."""
    speak("en")
    assert trial_of(text).run(given) == differences


def test_a_difference_is_in_the_language_spoken() -> None:
    """Chinese first, what is nothing included."""
    assert trial_of(SINGLE).run(case({}, {"method": "R1"})) == ["method：应为 R1，实为 空值"]


def test_a_test_leaves_nothing_behind() -> None:
    """The same test twice gives the same result: a trial keeps nothing of what it was shown."""
    trial: Trial = trial_of(SINGLE)
    assert [trial.run(case({}, {"revision": 1, "restated": 0})) for _ in range(3)] == [[], [], []]
    assert trial.run(case({"V": "x"}, {"mass_g": 1})) == trial.run(case({"V": "x"}, {"mass_g": 1}))


def test_the_tests_row_is_what_the_source_would_give() -> None:
    """The row that other tests are built on maps to one event."""
    assert trial_of(connector_text()).run(Case("", ROW, ({"mass_g": 2_000_000},), None, Position(1, 1))) == []
