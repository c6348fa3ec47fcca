"""A table as a source: what a pull reads of it, what it refuses, and who may pull."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.errors import Fenced, Refused
from hub.intake.pull import Puller
from hub.journal.port import Appended, Fence, Outgoing
from tests.intake.world import NAME, World, connector, table_source, worlds

CURSOR = ", cursor: {by: G, lag: 10m}, version: V"
Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with worlds(tmp_path, table_source) as made:
        yield made


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
