"""A table as a source: who wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.intake.reading import GATHERED
from tests.intake.world import World, table_source, worlds

CURSOR = ", cursor: {by: G, lag: 10m}, version: V"
Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with worlds(tmp_path, table_source) as made:
        yield made


def test_the_newest_version_wins_whenever_it_comes(make: Make) -> None:
    """By the source's version: an older one that comes later makes no event."""
    here = make(", version: V")
    for version, mass in (("5", "50"), ("3", "30"), ("7", "70")):
        here.table([{"K": "a", "M": mass, "V": version}])
        done = here.pull()
        assert (done.events, done.skipped) == ((0, 1) if version == "3" else (1, 0))
    assert here.said("a") == [(5, 0, False, 50), (7, 0, False, 70)]


def test_a_time_is_a_version_in_microseconds(make: Make) -> None:
    """What orders statements is the time that the source gives, in Asia/Shanghai unless the text says otherwise."""
    here = make(", version: G")
    here.table([{"K": "a", "M": "1", "G": "2026-03-01 08:00:00"}])
    here.pull()
    assert here.said("a")[0][0] == int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 1_000_000


def test_without_versions_the_hub_counts(make: Make) -> None:
    """By the order in which it was seen; what only changes what is not mapped makes no event."""
    here = make()
    for row in ({"M": "1"}, {"M": "1", "X": "note"}, {"M": "2"}, {"M": "1"}):
        here.table([{"K": "a", **row}])
        here.pull()
    assert here.said("a") == [(1, 0, False, 1), (2, 0, False, 2), (3, 0, False, 1)]


def test_an_edit_without_a_new_version_restates(make: Make) -> None:
    """The version stays, the next free number tells the statements apart; one in quarantine takes a number too."""
    here = make(", version: V")
    for mass in ("1", "2", "x", "3"):
        here.table([{"K": "a", "M": mass, "V": "5"}])
        here.pull()
    assert here.said("a") == [(5, 0, False, 1), (5, 1, False, 2), (5, 3, False, 3)]


def test_a_newer_declared_version_always_makes_an_event(make: Make) -> None:
    """Also where it says the same."""
    here = make(", version: V")
    for version in ("1", "2"):
        here.table([{"K": "a", "M": "1", "V": version}])
        here.pull()
    assert here.said("a") == [(1, 0, False, 1), (2, 0, False, 1)]


def test_a_correction_back_to_a_text_that_said_the_same_counts(make: Make) -> None:
    """A text that once said what was known is read again once something else was said in between."""
    here = make()
    for row in ({"M": "1"}, {"M": "1", "X": "note"}, {"M": "2"}, {"M": "1", "X": "note"}):
        here.table([{"K": "a", **row}])
        here.pull()
    assert here.masses() == {"a": 1}


def test_the_last_good_one_stands_while_the_newest_waits(make: Make) -> None:
    """A newest statement that cannot be mapped is set aside once; a good one resolves it."""
    here = make(", version: V")
    for version, mass in (("1", "1"), ("2", "x")):
        here.table([{"K": "a", "M": mass, "V": version}])
        here.pull()
    assert (here.masses(), here.errors()) == ({"a": 1}, ["NUMBER_UNREADABLE"])
    assert here.pull().quarantined == 0
    here.table([{"K": "a", "M": "1", "V": "2"}])
    here.pull()
    assert (here.said("a")[-1], here.errors()) == ((2, 1, False, 1), [])


def test_a_retraction_needs_only_the_key(make: Make) -> None:
    """A soft-deleted row that could not be mapped any more still takes back what stands."""
    here = make(", version: V, deleted: \"D = '1'\"")
    here.table([{"K": "a", "M": "1", "V": "1"}])
    here.pull()
    here.table([{"K": "a", "M": "x", "V": "2", "D": "1"}])
    here.pull()
    assert here.said("a") == [(1, 0, False, 1), (2, 0, True, 1)]
    assert (here.masses(), here.errors()) == ({}, [])


def test_an_edit_of_a_deleted_row_says_nothing(make: Make) -> None:
    """Where the hub counts, a row that is deleted and stays so makes no event."""
    here = make(", deleted: \"D = '1'\"")
    for row in ({}, {"D": "1"}, {"D": "1", "X": "note"}):
        here.table([{"K": "a", "M": "1", **row}])
        here.pull()
    assert here.said("a") == [(1, 0, False, 1), (2, 0, True, 1)]


def test_what_reappears_stands_again(make: Make) -> None:
    """At or below the revision of its absence it takes that revision and the next number."""
    here = make(", version: V")
    for rows in ([{"K": "a", "M": "1", "V": "5"}], [], [{"K": "a", "M": "1", "V": "4"}]):
        here.table(rows)
        here.pull()
    assert here.said("a") == [(5, 0, False, 1), (5, 1, True, 1), (5, 2, False, 1)]


def test_a_part_without_value_takes_its_event_back(make: Make) -> None:
    """Of one record's two events the one whose value is gone is retracted, under the record's pair."""
    here = make(", version: V", parts=True)
    for n, version in (("3", "1"), (None, "2")):
        here.table([{"K": "a", "M": "1", "N": n, "V": version}])
        here.pull()
    assert sorted(here.said("a")) == [(1, 0, False, 1), (1, 0, False, 3), (2, 0, False, 1), (2, 0, True, 3)]


def test_a_record_that_states_nothing_ends_the_waiting(make: Make) -> None:
    """No part has a value any more: nothing stands of it, and nothing waits."""
    here = make(parts=True)
    for m in ("x", None):
        here.table([{"K": "a", "M": m}])
        done = here.pull()
    assert (done.unchanged + done.events, here.errors(), here.masses()) == (0, [], {})
    here.project()
    assert here.query("SELECT count(*) FROM quarantine_v1 WHERE state = 'open'") == [(0,)]


def test_equal_rows_count_once(make: Make) -> None:
    """Two rows that say the same of a key are one statement."""
    here = make()
    here.table([{"K": "a", "M": "1"}, {"K": "a", "M": "1"}])
    assert (here.pull().events, here.errors()) == (1, [])


def test_of_two_rows_the_newer_version_counts(make: Make) -> None:
    """A history table: one key, several versions."""
    here = make(", version: V")
    here.table([{"K": "a", "M": "2", "V": "2"}, {"K": "a", "M": "1", "V": "1"}])
    here.pull()
    assert here.said("a") == [(2, 0, False, 2)]


def test_a_key_that_is_none_sets_all_aside(make: Make) -> None:
    """In a table nothing tells which of two texts counts: both wait, what stood stands, and they wait once."""
    here = make()
    here.table([{"K": "a", "M": "1"}])
    here.pull()
    here.table([{"K": "a", "M": "1"}, {"K": "a", "M": "2"}])
    assert here.pull().quarantined == 2
    assert (here.errors(), here.masses()) == (["KEY_NOT_UNIQUE"] * 2, {"a": 1})
    assert here.pull().quarantined == 0
    here.table([{"K": "a", "M": "2"}])
    here.pull()
    assert (here.errors(), here.masses()) == ([], {"a": 2})


def test_keys_are_canonical(make: Make) -> None:
    """1.0 is 1, blanks around do not count, and an accent is the same however it is written."""
    here = make()
    here.table([{"K": "1.0", "M": "1"}, {"K": " é ", "M": "1"}])
    here.pull()
    here.table([{"K": "1", "M": "1"}, {"K": "é", "M": "1"}])
    here.pull()
    assert here.masses() == {"1": 1, "é": 1}


def test_a_key_with_null_waits(make: Make) -> None:
    """Without its key a record is set aside, once."""
    here = make()
    here.table([{"K": None, "M": "1"}, {"K": " ", "M": "2"}])
    here.pull()
    here.pull()
    assert here.errors() == ["KEY_MISSING", "KEY_MISSING"]


def test_a_long_record_waits_with_its_beginning(make: Make) -> None:
    """Over 4 MiB: digest, length, the first 64 KiB and where it stands; the others go on."""
    here = make()
    here.table([{"K": "a", "M": "1", "X": "废" * 1_500_000}, {"K": "b", "M": "1"}])
    assert here.pull().events == 1
    message = here.row(here.quarantined()[0]["id"])["message"]
    assert (here.errors(), message["record_bytes"] > 4_500_000) == (["RECORD_TOO_LONG"], True)
    assert (len(message["record"].encode()) <= 64 << 10, message["place"]) == (True, "T:1")
    assert here.pull().quarantined == 0


def test_keys_that_differ_in_form_alone_are_one_however_far_apart(make: Make) -> None:
    """`1` and `1.0` are one key: both wait, whichever batch they came in, and the next pull finds nothing new."""
    here = make()
    far = [{"K": f"k{n}", "M": "1"} for n in range(GATHERED)]
    here.table([{"K": "1", "M": "10"}, *far, {"K": "1.0", "M": "20"}])
    here.pull()
    assert here.errors() == ["KEY_NOT_UNIQUE", "KEY_NOT_UNIQUE"]
    ends = here.ends()
    done = here.pull()
    assert (done.events, done.quarantined) == (0, 0)
    assert here.ends() == ends
