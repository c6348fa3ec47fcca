"""A table as a source: who wins, and what a pull reads of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.errors import Fenced, Refused
from hub.intake.pull import Puller
from hub.journal.port import Appended, Fence, Outgoing
from tests.intake.world import NAME, World, connector, table_source, world

CURSOR = ", cursor: {by: G, lag: 10m}, version: V"
Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A world around a table with the source's ``more``."""
    opened: list[AbstractContextManager[World]] = []

    def made(more: str = "", **options: bool) -> World:
        opened.append(world(tmp_path / str(len(opened)), connector(table_source(more), **options)))
        return opened[-1].__enter__()

    yield made
    for each in opened:
        each.__exit__(None, None, None)


# --- who wins


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


# --- the cursor


def _rows(*numbers: int) -> list[dict[str, str | None]]:
    return [{"K": f"k{n}", "M": "1", "V": str(n), "G": f"2026-03-01 0{n // 60}:{n % 60:02d}:00"} for n in numbers]


def test_only_what_is_after_the_cursor_is_read(make: Make) -> None:
    """And the rows of the lag before it again."""
    here = make(CURSOR)
    here.table(_rows(*range(60)))
    assert here.pull().read == 60
    here.table(_rows(*range(62)))
    done = here.pull()
    assert (done.read, done.events) == (13, 2)  # two new, and 00:49 to 00:59 again


def test_rows_without_a_cursor_are_read_every_pull(make: Make) -> None:
    """Nothing says when they were written."""
    here = make(CURSOR)
    here.table([*_rows(0), {"K": "a", "M": "1", "V": "1"}])
    here.pull()
    here.table([*_rows(0), {"K": "a", "M": "2", "V": "1"}])
    assert here.pull().events == 1
    assert here.masses() == {"a": 2, "k0": 1}


def test_a_silent_edit_is_found_at_the_first_pull_of_the_day(make: Make) -> None:
    """Not before, for a pull reads only what is new; the day is Shanghai's."""
    here = make(", cursor: {by: G}, version: V")
    here.now = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
    here.table(_rows(1, 2))
    here.pull()
    here.sql("UPDATE T SET M = '9' WHERE K = 'k1'")
    assert here.pull().events == 0
    here.now += timedelta(hours=2)
    assert here.pull().events == 1
    assert here.said("k1") == [(1, 0, False, 1), (1, 1, False, 9)]
    assert here.pull().read == 0, "for the rest of the day nothing is read again"


def test_a_silent_edit_is_found_when_it_is_asked_for(make: Make) -> None:
    """``pull --compare``."""
    here = make(CURSOR)
    here.table(_rows(1, 30))
    here.pull()
    here.sql("UPDATE T SET M = '9' WHERE K = 'k1'")
    assert here.pull().events == 0
    assert here.pull(compare=True).events == 1


def test_asked_for_it_compares_though_retractions_wait(make: Make) -> None:
    """That many vanished must not hide a silent edit from a person who looks for it."""
    here = make(CURSOR)
    here.table(_rows(*range(500)))
    here.pull()
    here.table(_rows(*range(300, 500)))
    here.pull()
    here.sql("UPDATE T SET M = '9' WHERE K = 'k300'")
    assert here.pull(compare=True).events == 1


def test_a_hard_delete_is_found_by_the_count(make: Make) -> None:
    """At once: the source has fewer rows than keys are known."""
    here = make(CURSOR)
    here.table(_rows(1, 2, 30))
    here.pull()
    here.sql("DELETE FROM T WHERE K = 'k1'")
    assert here.pull().events == 1
    assert here.masses() == {"k2": 1, "k30": 1}


def test_a_row_later_than_the_lag_is_found_by_the_count(make: Make) -> None:
    """Committed late, with an older time than the lag goes back to."""
    here = make(CURSOR)
    here.table(_rows(1, 30))
    here.pull()
    here.table(_rows(1, 2, 30))
    assert here.pull().events == 1


def test_a_version_ahead_of_the_clock_waits_and_moves_no_cursor(make: Make) -> None:
    """More than a day ahead is not believed: it is set aside once, and later rows are still read."""
    here = make(", cursor: G")
    here.table([*_rows(1), {"K": "a", "M": "1", "G": "2026-05-06 00:00:00"}])
    here.pull()
    assert (here.errors(), here.masses()) == (["VERSION_IN_FUTURE"], {"k1": 1})
    here.table([*_rows(1, 2), {"K": "a", "M": "1", "G": "2026-05-06 00:00:00"}])
    assert (here.pull().events, here.errors()) == (1, ["VERSION_IN_FUTURE"])


def test_an_hour_ahead_is_believed(make: Make) -> None:
    """Clocks differ."""
    here = make(", cursor: G")
    here.table([{"K": "a", "M": "1", "G": "2026-05-04 12:00:00"}])
    assert here.pull().events == 1


def test_a_compared_day_is_noted_once(make: Make) -> None:
    """A table without a cursor that is pulled every second must not fill the journal."""
    here = make()
    here.table(_rows(1))
    here.pull()
    before = here.ends()
    here.pull()
    assert here.ends() == before


# --- what is refused, and who may pull


def test_another_key_is_refused(make: Make) -> None:
    """The old entities would have nobody to speak about them."""
    here = make()
    here.table(_rows(1))
    here.pull()
    here.rewrite(connector(table_source().replace("[K]", "[K, V]")))
    with pytest.raises(Refused, match="key"):
        here.pull()
    assert here.masses() == {"k1": 1}


def test_parts_that_are_gone_are_refused(make: Make) -> None:
    """Parts may be added, not taken away."""
    here = make(parts=True)
    here.table([{"K": "a", "M": "1", "N": "2"}])
    here.pull()
    here.rewrite(connector(table_source()))
    with pytest.raises(Refused, match="part"):
        here.pull()


def test_an_added_column_changes_nothing(make: Make) -> None:
    """Nulls are left out of the record."""
    here = make()
    here.table(_rows(1))
    here.pull()
    here.sql("ALTER TABLE T ADD COLUMN LATER")
    assert here.pull().unchanged == 1


def test_a_changed_mapping_restates_nothing_that_stands(make: Make) -> None:
    """It applies to what comes next."""
    here = make()
    here.table([{"K": "a", "M": "1"}])
    here.pull()
    here.rewrite(connector(table_source()).replace("num(M)", "num(M) * 2"))
    assert here.pull().events == 0
    here.table([{"K": "a", "M": "1"}, {"K": "b", "M": "1"}])
    here.pull()
    assert here.masses() == {"a": 1, "b": 2}


def test_a_later_puller_fences_the_earlier(make: Make) -> None:
    """Who is taken over stops and appends nothing more."""
    here = make()
    here.table(_rows(1))
    with here.puller.session() as session:
        here.embedded.fence(NAME)
        with pytest.raises(Fenced):
            session.appender.append([], [], [session.pulled_act(cursor="c")])
    assert here.ends()["acts"] == 0


class Holding:
    """A journal whose first append waits until it is let go."""

    def __init__(self, journal: object) -> None:
        self._journal = journal
        self.reached, self.go_on = threading.Event(), threading.Event()

    def append(self, fence: Fence, outgoing: list[Outgoing]) -> list[Appended]:
        """As the journal's."""
        self.reached.set()
        assert self.go_on.wait(60)
        return self._journal.append(fence, outgoing)  # type: ignore[attr-defined,no-any-return] # it is a journal

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)


def test_two_pulls_of_one_connector_take_turns(make: Make) -> None:
    """The second waits for the first one's lock, and then finds nothing left to say."""
    here = make()
    here.table(_rows(1, 2))
    holding, done = Holding(here.embedded), dict[str, int]()

    def first() -> None:
        done["first"] = Puller(here.plug, holding, here.around).pull().events  # type: ignore[arg-type] # by delegation

    def second() -> None:
        done["second"] = Puller(here.plug, here.embedded, here.around).pull().events

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert holding.reached.wait(60)
    threads[1].start()
    holding.go_on.set()
    for thread in threads:
        thread.join(60)
    assert done == {"first": 2, "second": 0}
