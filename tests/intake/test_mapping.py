"""What a connector's map makes of a record: the contract's example, parts, checks, marks, local lists."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.events.identity import event_id
from hub.intake.mapping import errors_of as errors_of_bits
from hub.intake.outgoing import content_of
from hub.intake.selecting import BITS
from tests.intake import connector_texts
from tests.intake.plugging import connector_text, errors_in, errors_of, event_of, events_of, said_of, trial_of

BY_VOLUME = {
    "value: num(JZ)": "value: CASE WHEN DW = '方' THEN num(JZ) * factor('density', ZLLX) ELSE num(JZ) END",
    "unit: DW": "unit: CASE WHEN DW = '方' THEN '吨' ELSE DW END",
}
EXAMPLE = reduce(lambda text, pair: text.replace(*pair), BY_VOLUME.items(), connector_texts.EXAMPLE)
"""The contract's example, where some loads are measured by volume."""
ONE = {
    "DJBH": "A1", "ZLLX": "01", "JZ": "16000", "DW": "千克", "MZ": "26000", "PZ": "10000",
    "CZSJ": "2026-03-01 08:05:00", "QHDM": "371502",
    "LDH": "L1", "XNCBH": "S9", "XNCMC": "北站", "CPH": "鲁P12345", "GXSJ": "2026-03-01 09:00:00", "SCBZ": "0",
}


def test_the_contract_s_lorry_is_the_contract_s_event() -> None:
    """The example's record becomes the example's event, part received."""
    [event] = events_of(EXAMPLE, ONE)
    wanted = {
        "kind": "RECEIVED", "code": "SW70", "mass_g": 16_000_000, "value": "16000", "unit": "千克", "region": "371502",
        "part": "received",
        "holder": "S9", "holder_scheme": "LOCAL", "holder_name": "北站", "vehicle": "鲁P12345", "manifest": "L1",
        "factor": None,
        "period": "2026-03", "precision": "instant", "retracted": False, "marks": None, "source_key": '["A1"]',
        "department": "housing",
        "lists": "density=2026-03,zj_waste=2026-01", "revision": 1_772_326_800_000_000, "restated": 0,
    }
    assert {name: event[name] for name in wanted} == wanted


UGLY = st.text(st.sampled_from('a中𠀀"\\\x1b\x1f\x01\t\n u'), min_size=1).filter(str.strip)


@settings(max_examples=25)
@given(UGLY, UGLY)
def test_anyone_can_compute_the_id_of_an_event_from_the_event(name: str, plate: str) -> None:
    """Whatever stands in its texts, quotes and separators too, and whichever way the batch was mapped."""
    for record in ({**ONE, "XNCMC": name, "CPH": plate}, {**ONE, "XNCMC": "a" + name}):
        [event] = events_of(EXAMPLE, record)
        content = content_of(event)
        assert event["content"] == content
        assert event["event_id"] == event_id(event["entity_id"], event["revision"], event["restated"], content)


EXAMPLE_ERRORS: list[tuple[dict[str, str | None], list[tuple[str, str]]]] = [
    ({"ZLLX": "99"}, [("code", "CODE_UNMAPPED")]), ({"ZLLX": None}, [("code", "FIELD_MISSING")]),
    ({"JZ": "16001"}, [("net_is_gross_minus_tare", "CHECK_FAILED")]), ({"MZ": None}, []), ({"JZ": "16,000"}, []),
    ({"PZ": "x"}, [("net_is_gross_minus_tare", "NUMBER_UNREADABLE")]), ({"DW": "车"}, [("unit", "UNIT_UNKNOWN")]),
    ({"CZSJ": "2026-02-30"}, [("occurred_at", "TIME_UNREADABLE")]),
    ({"QHDM": "371523"}, [("region", "REGION_REPLACED")]),
    ({"JZ": "16000吨"}, [("value", "NUMBER_UNREADABLE"), ("net_is_gross_minus_tare", "NUMBER_UNREADABLE")]),
    ({"GXSJ": "x"}, [("version", "VERSION_UNREADABLE")]), ({"GXSJ": "2099-01-01"}, [("version", "VERSION_IN_FUTURE")]),
    ({"DW": "方", "JZ": "10", "MZ": None}, []), ({"DW": "方", "ZLLX": "03", "MZ": None}, [("value", "FACTOR_MISSING")]),
    ({"DJBH": " "}, [("key", "KEY_MISSING")]),
]


@pytest.mark.parametrize(("row", "errors"), EXAMPLE_ERRORS, ids=lambda x: str(x)[:40])
def test_the_contract_s_example_row_by_row(row: dict[str, str | None], errors: list[tuple[str, str]]) -> None:
    """Every way in which that record can be spoilt, and those in which it is not."""
    said = said_of(EXAMPLE, {**ONE, **row})
    assert sorted((e["field"], e["error"]) for e in errors_in(said)) == sorted(errors)
    assert said.event_count() == (0 if errors else 1)


def test_the_factor_of_the_branch_taken_is_named() -> None:
    """A measure by volume names list and version of its density; the same column by weight names none."""
    volume, weight = events_of(EXAMPLE, {**ONE, "DW": "方", "JZ": "10.5", "MZ": None}, {**ONE, "DJBH": "A2"})
    assert (volume["mass_g"], volume["factor"], volume["factor_version"]) == (16_800_000, "density", "2026-03")
    assert (weight["mass_g"], weight["factor"], weight["factor_version"]) == (16_000_000, None, None)


def test_an_error_shows_what_was_read() -> None:
    """An error has its field, its expression as written and the source's texts that it read."""
    assert errors_in(said_of(EXAMPLE, {**ONE, "ZLLX": " 99 "})) == [
        {"field": "code", "error": "CODE_UNMAPPED", "expression": "code('zj_waste', ZLLX)", "values": {"ZLLX": "99"}}
    ]


def test_a_replaced_region_names_its_successor() -> None:
    """A region code used after the year it was replaced in is set aside, and the error names the code that took over."""
    said = said_of(connector_text({"region": "region(R)"}), {"R": "371523"})
    assert errors_in(said) == [{
        "field": "region", "error": "REGION_REPLACED", "expression": "region(R)",
        "values": {"R": "371523", "T": "2026-03-01", "successor": "371503"},
    }]


EACH = connector_text(each=[
    {"part": "a", "map": {"value": "num(A)"}}, {"part": "b", "map": {"value": "num(B)", "kind": "'DISPOSED'"}},
    {"part": "n", "map": {"value": "NULL", "count": "num(N)"}},
])
PARTS: list[tuple[dict[str, str | None], list[tuple[str, int, int | None]]]] = [
    ({"A": "1", "B": "2", "N": "3"}, [("a", 1_000_000, None), ("b", 2_000_000, None), ("n", 0, 3)]),
    ({"A": "1"}, [("a", 1_000_000, None)]), ({"B": "0"}, [("b", 0, None)]), ({"N": "0"}, [("n", 0, 0)]), ({}, []),
]


@pytest.mark.parametrize(("row", "parts"), PARTS, ids=str)
def test_a_part_without_value_and_count_says_nothing(
    row: dict[str, str | None], parts: list[tuple[str, int, int | None]]
) -> None:
    """Each part is an event of its own where it has a value or a count; zero is a value."""
    events = events_of(EACH, row)
    assert [(e["part"], e["mass_g"], e["count"]) for e in events] == parts
    assert len({e["entity_id"] for e in events}) == len(parts)
    assert {(e["revision"], e["restated"]) for e in events} <= {(1, 0)}
    assert len({e["record_sha256"] for e in events}) <= 1


PART_ERRORS: list[tuple[dict[str, str | None], list[tuple[str, str]]]] = [
    ({"A": "1", "B": "x"}, [("value", "NUMBER_UNREADABLE")]), ({"A": "1", "U": None}, [("unit", "FIELD_MISSING")]),
    ({"A": "-1", "N": "1.5"}, [("value", "MASS_NEGATIVE"), ("count", "COUNT_INVALID")]), ({"T": "x"}, []),
    ({"A": "1", "B": "2", "R": "1"}, [("region", "REGION_UNKNOWN")]),
    ({"A": "x", "B": "y"}, [("value", "NUMBER_UNREADABLE")] * 2),
]


@pytest.mark.parametrize(("row", "errors"), PART_ERRORS, ids=str)
def test_one_bad_part_sets_the_record_aside_whole(row: dict[str, str | None], errors: list[tuple[str, str]]) -> None:
    """A record is accepted or set aside whole, each mistake once; a part that says nothing is not looked at."""
    said = said_of(EACH, row)
    assert sorted((e["field"], e["error"]) for e in errors_in(said)) == sorted(errors)
    assert said.event_count() == 0


CHECKS: list[tuple[str, dict[str, str | None], list[str]]] = [
    ("num(A) = num(B)", {"A": "1", "B": "1.0"}, []), ("num(A) = num(B)", {"A": "1", "B": "2"}, ["CHECK_FAILED"]),
    ("num(A) = num(B)", {"A": "1"}, []), ("num(A) = num(B)", {"A": "x"}, ["NUMBER_UNREADABLE"]), ("NULL", {}, []),
    ("false", {}, ["CHECK_FAILED"]),
    ("true", {}, []), ("A <> '1' OR num(B) > 0", {"A": "2", "B": "none"}, []),
    ("A <> '1' OR num(B) > 0", {"A": "1", "B": "none"}, ["NUMBER_UNREADABLE"]),
]


@pytest.mark.parametrize(("check", "row", "errors"), CHECKS)
def test_a_check_refuses_where_it_is_false_or_fails(check: str, row: dict[str, str | None], errors: list[str]) -> None:
    """False sets the record aside, true and null pass; one that cannot be computed sets it aside under its own name."""
    assert errors_of({}, row, checks={"c": check}) == [("c", error) for error in errors]


@pytest.mark.parametrize(("check", "row", "errors"), CHECKS)
def test_a_warning_lets_pass_with_a_mark(check: str, row: dict[str, str | None], errors: list[str]) -> None:
    """The same check under `warn` only marks the event."""
    assert event_of({}, row, checks={"c": check}, warn=["c"])["marks"] == ("c" if errors else None)


def test_several_marks_are_listed() -> None:
    """All warnings that hold are there, in their order; a hard check beside them still refuses."""
    checks = {"one": "false", "two": "true", "three": "num(V) = 0", "hard": "num(V) < 9"}
    assert event_of({}, {}, checks=checks, warn=["one", "two", "three"])["marks"] == "one,three"
    assert errors_of({}, {"V": "10"}, checks=checks, warn=["one", "two", "three"]) == [("hard", "CHECK_FAILED")]


def test_more_errors_than_a_column_has_bits_are_all_told() -> None:
    """With over a hundred checks every one that fails is named, and no other."""
    checks = {f"c{n}": f"num(A) <> {n}" for n in range(2 * BITS + 5)}
    text = connector_text(checks=checks)
    for number in (0, BITS - 1, BITS, 2 * BITS + 4):
        assert [e["field"] for e in errors_in(said_of(text, {"A": str(number)}))] == [f"c{number}"]
    failing = connector_text(checks={name: f"num(A) = -1 OR {check}" for name, check in checks.items()})
    assert {e["field"] for e in errors_in(said_of(failing, {"A": "x"}))} == set(checks)


def test_bits_name_errors_in_their_order() -> None:
    """Bit i of column j is error j × 60 + i of the part."""
    [part] = trial_of(connector_text(checks={f"c{n}": "true" for n in range(BITS)}))._engine.mapping.parts
    assert len(part.errors) > BITS
    assert errors_of_bits(part, (1, 0)) == [part.errors[0]]
    assert errors_of_bits(part, (1 << (BITS - 1), 1)) == [part.errors[BITS - 1], part.errors[BITS]]


LOCAL: dict[str, Any] = {
    "units": {"version": "1", "map": {"短吨": "907184.74", "车": "5000000", "吨": "1000000"}},
    "regions": {"version": "2", "map": {"LCJK": "聊城经开区"}},
}


def test_local_lists_extend_the_official_ones() -> None:
    """A local unit and a local region are known beside the official ones, and their versions stand in the event."""
    short, load = events_of(connector_text(lists=LOCAL), {"U": "短吨", "R": "LCJK"}, {"U": "车", "V": "0.5"})
    assert (short["mass_g"], short["region"], short["unit"]) == (1_814_369, "LCJK", "短吨")
    assert (load["mass_g"], load["region"]) == (2_500_000, "371502")
    assert short["lists"] == "regions=2,units=1"
    assert errors_of({}, {"U": "短吨"}) == [("unit", "UNIT_UNKNOWN")]


def test_a_list_is_looked_up_by_the_whole_trimmed_text() -> None:
    """Keys are texts: 01 is not 1, and edges do not count."""
    lists = {"w": {"version": "1", "map": {"01": "SW70", "1": "SW71"}}}
    found = events_of(connector_text({"code": "code('w', X)"}, lists=lists), {"X": " 01 "}, {"X": "1"})
    assert [event["code"] for event in found] == ["SW70", "SW71"]
    assert errors_of({"code": "code('w', X)"}, {"X": "1.0"}, lists=lists) == [("code", "CODE_UNMAPPED")]


def test_long_lists_do_not_multiply_records() -> None:
    """A record is one event whatever the lists hold."""
    lists = {"w": {"version": "1", "map": {str(n): "SW70" for n in range(2_000)}}}
    assert len(events_of(connector_text({"code": "code('w', X)"}, lists=lists), *({"X": str(n)} for n in range(50)))) == 50
