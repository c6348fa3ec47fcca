"""What each field of an event must be: every refusal a row, and what passes beside it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.intake.fields import LISTS
from tests.intake.plugging import NOW, errors_of, event_of

NONE: list[tuple[str, str]] = []
CASES: list[tuple[str, dict[str, str | None], dict[str, str | None], list[tuple[str, str]]]] = [
    ("all there", {}, {}, NONE),
    ("kind missing", {"kind": "X"}, {}, [("kind", "FIELD_MISSING")]),
    ("stream missing", {"stream": "X"}, {}, [("stream", "FIELD_MISSING")]),
    ("scheme missing", {"scheme": "X"}, {}, [("scheme", "FIELD_MISSING")]),
    ("code missing", {"code": "X"}, {}, [("code", "FIELD_MISSING")]),
    ("time missing", {}, {"T": None}, [("occurred_at", "FIELD_MISSING")]),
    ("region missing", {}, {"R": " "}, [("region", "FIELD_MISSING")]),
    ("NULL is missing", {"kind": "NULL"}, {}, [("kind", "FIELD_MISSING")]),
    ("value missing", {}, {"V": None}, [("value", "FIELD_MISSING")]),
    ("value and unit missing", {}, {"V": None, "U": None}, [("value", "FIELD_MISSING")]),
    ("unit missing", {}, {"U": None}, [("unit", "FIELD_MISSING")]),
    ("a count alone", {"value": None, "unit": None, "count": "num(N)"}, {"N": "3"}, NONE),
    ("a count beside no value", {"count": "num(N)"}, {"N": "3", "V": None}, NONE),
    ("everything wrong at once", {"kind": "X", "code": "Y"}, {"T": "x", "V": "y", "U": "z", "R": "1"}, [
        ("occurred_at", "TIME_UNREADABLE"), ("value", "NUMBER_UNREADABLE"), ("kind", "FIELD_MISSING"),
        ("code", "FIELD_MISSING"),
        ("region", "REGION_UNKNOWN"),
    ]),
    ("a failure is not missing as well", {"code": "code('w', X)"}, {"X": "9"}, [("code", "CODE_UNMAPPED")]),
    ("nothing to look up is missing", {"code": "code('w', X)"}, {}, [("code", "FIELD_MISSING")]),
    ("kind of no list", {"kind": "'EATEN'"}, {}, [("kind", "KIND_UNKNOWN")]),
    ("kind in small letters", {"kind": "'received'"}, {}, [("kind", "KIND_UNKNOWN")]),
    ("stream of no list", {"stream": "'air'"}, {}, [("stream", "STREAM_UNKNOWN")]),
    ("scheme of no list", {"scheme": "'XX'"}, {}, [("scheme", "SCHEME_UNKNOWN"), ("code", "CODE_UNKNOWN")]),
    ("basis of no list", {"basis": "'guessed'"}, {}, [("basis", "BASIS_UNKNOWN")]),
    ("precision of no list", {"precision": "'week'"}, {}, [("precision", "PRECISION_UNKNOWN")]),
    ("unit of no list", {}, {"U": "车"}, [("unit", "UNIT_UNKNOWN")]),
    ("unit in the wrong case", {}, {"U": "KG"}, [("unit", "UNIT_UNKNOWN")]),
    ("a number that fails needs no unit as well", {}, {"V": "x", "U": None}, [("value", "NUMBER_UNREADABLE")]),
    ("a negative mass", {}, {"V": "-0.000000001"}, [("value", "MASS_NEGATIVE")]),
    ("zero", {}, {"V": "0"}, NONE),
    ("negative zero", {}, {"V": "-0.0"}, NONE),
    ("ten million tonnes", {}, {"V": "10,000,000"}, NONE),
    ("a gram more", {}, {"V": "10000000.000001"}, [("value", "MASS_TOO_LARGE")]),
    ("half a gram more", {}, {"V": "10000000.0000005"}, [("value", "MASS_TOO_LARGE")]),
    ("what rounds down to the bound", {}, {"V": "10000000.000000499"}, NONE),
    ("as large as num reads", {}, {"V": "9" * 15, "U": "万吨"}, [("value", "MASS_TOO_LARGE")]),
    ("an absurd product", {"value": "num(V) * num(V)"}, {"V": "9" * 10}, [("value", "MASS_TOO_LARGE")]),
    ("a product beyond all digits", {"value": "num(V) * num(V)"}, {"V": "9" * 15}, [("value", "NUMBER_OVERFLOW")]),
    ("half a thing", {"count": "num(N)"}, {"N": "1.5"}, [("count", "COUNT_INVALID")]),
    ("less than nothing", {"count": "num(N)"}, {"N": "-1"}, [("count", "COUNT_INVALID")]),
    ("too many things", {"count": "num(N)"}, {"N": "1000000000001"}, [("count", "COUNT_INVALID")]),
    ("a million million things", {"count": "num(N)"}, {"N": "1000000000000"}, NONE),
    ("half a fen", {"amount_fen": "num(N)"}, {"N": "0.5"}, [("amount_fen", "AMOUNT_INVALID")]),
    ("a credit", {"amount_fen": "num(N)"}, {"N": "-500"}, NONE),
    ("too much money", {"amount_fen": "num(N) * 1000"}, {"N": "1000000000001"}, [("amount_fen", "AMOUNT_INVALID")]),
    ("half a line", {"manifest_line": "num(N)"}, {"N": "1.5"}, [("manifest_line", "LINE_INVALID")]),
    ("a negative line", {"manifest_line": "N"}, {"N": "-1"}, [("manifest_line", "LINE_INVALID")]),
    ("a line beyond an int", {"manifest_line": "N"}, {"N": "2000000001"}, [("manifest_line", "LINE_INVALID")]),
    ("a line that is no number", {"manifest_line": "N"}, {"N": "二"}, [("manifest_line", "NUMBER_UNREADABLE")]),
    ("a code of another form", {"code": "X"}, {"X": "70"}, [("code", "CODE_FORM")]),
    ("a class that there is not", {"code": "X"}, {"X": "SW08"}, [("code", "CODE_CLASS_UNKNOWN")]),
    ("a code with a stranger's class", {"scheme": "'HW'", "code": "X"},
     {"X": "HW08-900-041-49"}, [("code", "CODE_CLASS_MISMATCH")]),
    ("a region that there never was", {}, {"R": "999999"}, [("region", "REGION_UNKNOWN")]),
    ("a region by name", {}, {"R": "东昌府区"}, [("region", "REGION_UNKNOWN")]),
    ("a region replaced in 2019, within 2019", {}, {"R": "371523", "T": "2019-12-31 23:59:59"}, NONE),
    ("a region replaced in 2019, in 2020", {}, {"R": "371523", "T": "2020-01-01"}, [("region", "REGION_REPLACED")]),
    ("its successor before there was one", {}, {"R": "371503", "T": "2018-12-31"}, [("region", "REGION_UNKNOWN")]),
    ("its successor within 2019", {}, {"R": "371503", "T": "2019-01-01"}, NONE),
    ("a region at another time than the event", {"region": "region(R, ts(X))"}, {"R": "371523", "X": "2018-05-05"}, NONE),
    ("that time cannot be read", {"region": "region(R, ts(X))"}, {"X": "x"}, [("region", "TIME_UNREADABLE")]),
    ("that time is not there", {"region": "region(R, ts(X))"}, {"R": "371523"}, [("region", "REGION_REPLACED")]),
    ("a recorded time that fails", {"recorded_at": "ts(X)"}, {"X": "x"}, [("recorded_at", "TIME_UNREADABLE")]),
    ("a recorded time that is not there", {"recorded_at": "ts(X)"}, {}, NONE),
]
LISTED = {"w": {"version": "1", "map": {"01": "SW70"}}}


@pytest.mark.parametrize(("claim", "mapped", "row", "errors"), CASES, ids=[case[0] for case in CASES])
def test_each_field_has_its_refusals(
    claim: str, mapped: dict[str, str | None], row: dict[str, str | None], errors: list[tuple[str, str]]
) -> None:
    """A record is refused for exactly these fields and reasons, all of them at once."""
    assert claim
    assert sorted(errors_of(mapped, row, lists=LISTED)) == sorted(errors)


@pytest.mark.parametrize(("field", "word"), [(field, word) for field, words in LISTS.items() for word in words])
def test_every_word_of_a_closed_list_passes(field: str, word: str) -> None:
    """The words of the closed lists are taken as they stand."""
    code = {"HW": "900-041-49", "SW": "SW70", "SW82": "SW70", "GB39198": "01", "LOCAL": "x"}.get(word, "SW70")
    errors = errors_of({field: f"'{word}'", "code": f"'{code}'"})
    assert not [error for error in errors if error[0] != "code"]


@pytest.mark.parametrize(("value", "bound", "refused"), [
    ("50", "50t", False), ("50.0000005", "50t", True), ("50.000000499", "50t", False), ("0", "1kg", False),
    ("0.002", "1kg", True),
])
def test_a_connector_may_lower_the_bound(value: str, bound: str, refused: bool) -> None:
    """max_mass refuses what a single record of this system cannot weigh."""
    assert errors_of({}, {"V": value}, max_mass=bound) == ([("value", "MASS_TOO_LARGE")] if refused else [])


FIELDS: list[tuple[str, dict[str, str | None], dict[str, str | None], dict[str, Any]]] = [
    ("grams", {}, {"V": "1.5", "U": "克"}, {"mass_g": 2, "value": "1.5", "unit": "克"}),
    ("half up", {}, {"V": "2.5", "U": "g"}, {"mass_g": 3}), ("斤", {}, {"V": "3", "U": "斤"}, {"mass_g": 1500}),
    ("万吨", {}, {"V": "0.0012", "U": "万吨"}, {"mass_g": 12_000_000, "value": "0.0012"}),
    ("thousands", {}, {"V": "1,234.50", "U": "公斤"}, {"mass_g": 1_234_500, "value": "1234.5"}),
    ("a count only has no mass", {"value": None, "unit": None, "count": "num(N)"},
     {"N": "3"}, {"mass_g": 0, "value": None, "count": 3}),
    ("basis by default", {}, {}, {"basis": "stated"}),
    ("basis by the record", {"basis": "X"}, {"X": "weighed"}, {"basis": "weighed"}),
    ("a basis that is NULL is NULL", {"basis": "X"}, {}, {"basis": None}),
    ("day", {}, {"T": "2026/3/1"}, {"precision": "day", "period": "2026-03", "business_day": NOW.date().replace(month=3)}),
    ("month", {}, {"T": "2026年3月"}, {"precision": "month", "period": "2026-03", "business_day": None}),
    ("quarter", {}, {"T": "2026Q2"}, {"precision": "quarter", "period": "2026Q2", "business_day": None}),
    ("year", {}, {"T": "2026年"}, {"precision": "year", "period": "2026", "business_day": None}),
    ("precision by a field", {"precision": "'quarter'"}, {"T": "2026-05-17"}, {"precision": "quarter", "period": "2026Q2"}),
    ("precision by a column that is empty", {"precision": "X"}, {"T": "2026-05"}, {"precision": "month"}),
    ("a party by its credit code", {"holder": "X"}, {"X": "91110000802100433B"}, {"holder_scheme": "USCC"}),
    ("a party by a number of its own", {"holder": "X"}, {"X": "S9"}, {"holder": "S9", "holder_scheme": "LOCAL"}),
    ("a party with a scheme of its own", {"holder": "X", "holder_scheme": "'PERMIT'"}, {"X": "S9"}, {"holder_scheme": "PERMIT"}),
    ("no party has no scheme", {"holder": "X", "holder_scheme": "'PERMIT'"}, {}, {"holder": None, "holder_scheme": None}),
    ("a name without a number", {"holder_name": "X"}, {"X": "北站"},
     {"holder": None, "holder_scheme": None, "holder_name": "北站"}),
    ("a line as text", {"manifest_line": "X"}, {"X": "2"}, {"manifest_line": 2}),
    ("an incomplete list", {"code": "X"}, {"X": "900-099-S70"}, {"code_unverified": True}),
    ("the code of any lease", {"scheme": "'HW'", "code": "X"}, {"X": "900-000-08", "T": "2026-03-01"}, {"code": "900-000-08"}),
    ("HW with its class before it", {"scheme": "'HW'", "code": "X"}, {"X": "HW49-900-041-49"}, {"code": "900-041-49"}),
    ("local codes are what they are", {"scheme": "'LOCAL'", "code": "X"}, {"X": "任意"},
     {"code": "任意", "code_unverified": False}),
]


@pytest.mark.parametrize(("claim", "mapped", "row", "fields"), FIELDS, ids=[case[0] for case in FIELDS])
def test_each_field_has_its_meaning(
    claim: str, mapped: dict[str, str | None], row: dict[str, str | None], fields: dict[str, Any]
) -> None:
    """An accepted record's event says exactly this."""
    assert claim
    event = event_of(mapped, row)
    assert {name: event[name] for name in fields} == fields
