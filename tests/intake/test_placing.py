"""Versions of records: what is read, what is not believed, and the pair of a first statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.events.standing import Statement, place
from hub.intake.placing import AHEAD
from tests.intake.plugging import NOW, connector_text, errors_in, events_of, said_of

TEXT = connector_text(source={"version": "G"})
NUMBER = connector_text(source={"version": "num(G)"})
TIME = connector_text(source={"version": "ts(G)"})
CURSOR = connector_text(source={"cursor": {"by": "G"}})
NOTHING = connector_text()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


MARCH = micros(datetime(2026, 2, 28, 16, tzinfo=UTC))
READ: list[tuple[str, str | None, int]] = [
    (TEXT, "2026-03-01", MARCH), (TEXT, "2026-03-01 00:00:00.000001", MARCH + 1),
    (TEXT, "2026-03-01T00:00:00+08:00", MARCH),
    (TEXT, "7", 7), (TEXT, "0", 0), (TEXT, "20260301", 20260301), (TEXT, "9" * 18, 10**18 - 1), (TEXT, None, 1),
    (TEXT, "1969-01-01", -31564800000000),
    (NUMBER, "7", 7), (NUMBER, "-7", -7), (NUMBER, "7.0", 7), (NUMBER, "1,234", 1234), (NUMBER, None, 1),
    (TIME, "2026-03-01", MARCH), (TIME, "20260301", MARCH), (TIME, "2026年3月", MARCH), (TIME, None, 1),
    (CURSOR, "2026-03-01", MARCH), (CURSOR, "7", 1), (CURSOR, "x", 1), (CURSOR, None, 1), (NOTHING, "2026-03-01", 1),
]


@pytest.mark.parametrize(("text", "version", "revision"), READ, ids=lambda x: "" if isinstance(x, str) and "\n" in x else str(x))
def test_a_version_is_a_number_or_a_time_in_microseconds(text: str, version: str | None, revision: int) -> None:
    """A declared version is its whole number or its time; a cursor counts as one only where it is a time; else 1."""
    [event] = events_of(text, {"G": version})
    assert (event["revision"], event["restated"]) == (revision, 0)


UNREADABLE = [
    (TEXT, "x"), (TEXT, "7.5"), (TEXT, "-7"), (TEXT, "9" * 19), (TEXT, "2026-02-30"), (TEXT, "infinity"),
    (NUMBER, "x"), (NUMBER, "7.5"),
    (TIME, "x"), (TIME, "7"), (TIME, "0000-00-00 00:00:00"),
]


@pytest.mark.parametrize(("text", "version"), UNREADABLE, ids=lambda x: "" if "\n" in x else x)
def test_a_version_that_cannot_be_read_sets_the_record_aside(text: str, version: str) -> None:
    """It waits at revision 0, so that any readable statement about its key is newer."""
    said = said_of(text, {"G": version})
    [aside] = said.quarantine
    assert [(e["field"], e["error"]) for e in errors_in(said)] == [("version", "VERSION_UNREADABLE")]
    assert (aside["revision"], aside["restated"]) == (0, 0)


LIMIT = NOW + AHEAD + timedelta(hours=8)
AT_THE_LIMIT = [
    (f"{LIMIT:%Y-%m-%d %H:%M:%S}", False), (f"{LIMIT + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}", True),
    ("9999-12-31", True),
    ("999999999999999999", False),
]


@pytest.mark.parametrize(("version", "refused"), AT_THE_LIMIT)
def test_a_version_over_a_day_ahead_is_not_believed(version: str, refused: bool) -> None:
    """Up to a day ahead of the clock is taken, more is set aside; plain numbers have no clock."""
    errors = errors_in(said_of(TEXT, {"G": version}))
    assert [(e["field"], e["error"], e["values"]) for e in errors] == (
        [("version", "VERSION_IN_FUTURE", {"version": version})] if refused else []
    )


VERSIONS = st.one_of(st.none(), st.integers(0, 10**6).map(str), st.sampled_from(["x", "2099-01-01", "2026-03-01", "1.5", ""]))


@settings(max_examples=15)
@given(st.lists(VERSIONS, min_size=1, max_size=20))
def test_first_statements_are_placed_by_the_rule(versions: list[str | None]) -> None:
    """Of keys that nobody knows, every record has the pair that hub.events.standing gives it."""
    said = said_of(TEXT, *({"G": version} for version in versions))
    found = {e["source_key"]: (e["revision"], e["restated"]) for table in said.tables() for e in table.to_pylist()}
    found |= {q["source_key"]: (q["revision"], q["restated"]) for q in said.quarantine}
    for number, version in enumerate(versions):
        readable = version in (None, "", "2026-03-01") or str(version).isdigit()
        value = MARCH if version == "2026-03-01" else int(version) if version and version.isdigit() else None
        placed = place(Statement("", value, declared=True, readable=readable), None)
        assert found[f'["{number}"]'] == (placed.revision, placed.restated)


DELETIONS = [("D = '1'", "1", 0), ("D = '1'", "0", 1), ("D = '1'", None, 1), ("num(D) > 0", "1", 0), ("NULL", "1", 1)]


@pytest.mark.parametrize(("deleted", "mark", "events"), DELETIONS)
def test_a_soft_deletion_of_what_was_never_said_says_nothing(deleted: str, mark: str | None, events: int) -> None:
    """True deletes; false and null do not."""
    said = said_of(connector_text(source={"deleted": deleted}), {"D": mark})
    assert (said.event_count(), said.quarantine) == (events, [])


def test_a_deletion_mark_that_cannot_be_read_sets_the_record_aside() -> None:
    """A record of which it is not known whether it was deleted waits."""
    said = said_of(connector_text(source={"deleted": "num(D) > 0"}), {"D": "x"})
    assert [(e["field"], e["error"]) for e in errors_in(said)] == [("deleted", "DELETED_UNREADABLE")]
