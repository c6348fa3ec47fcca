"""Files as a source: which are read, in which order, and who wins."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hub.errors import Refused
from tests.intake.world import Killed, World, connector, file_source, micros, worlds

Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with worlds(tmp_path, file_source) as made:
        yield made


def test_the_file_written_last_wins(make: Make) -> None:
    """By modification time, whatever the names and however many are read at once."""
    here = make()
    here.file("a.csv", [{"K": "k", "M": "2"}], 20)
    here.file("b.csv", [{"K": "k", "M": "1"}], 10)
    here.pull()
    assert here.said("k") == [(micros(10), 0, False, 1), (micros(20), 0, False, 2)]


def test_at_one_time_the_later_name_wins(make: Make) -> None:
    """Two files of one second state two things at one version."""
    here = make()
    for name, mass in (("b.csv", "2"), ("a.csv", "1")):
        here.file(name, [{"K": "k", "M": mass}], 10)
    here.pull()
    assert here.said("k") == [(micros(10), 0, False, 1), (micros(10), 1, False, 2)]


def test_a_late_older_file_changes_nothing_that_is_newer(make: Make) -> None:
    """Its newer keys are stated, its older ones skipped."""
    here = make()
    here.file("b.csv", [{"K": "k", "M": "2"}], 20)
    here.pull()
    here.file("a.csv", [{"K": "k", "M": "1"}, {"K": "l", "M": "1"}], 10)
    done = here.pull()
    assert (done.events, done.skipped, here.masses()) == (1, 1, {"k": 2, "l": 1})


def test_a_file_that_was_read_adds_nothing(make: Make) -> None:
    """Told by its SHA-256: another name or time is not another file."""
    here = make()
    here.file("a.csv", [{"K": "k", "M": "1"}], 10)
    here.pull()
    here.file("b.csv", [{"K": "k", "M": "2"}], 20)
    here.pull()
    here.file("c.csv", [{"K": "k", "M": "1"}], 30)
    assert here.pull().read == 0
    assert here.masses() == {"k": 2}


def test_the_same_rows_again_are_unchanged(make: Make) -> None:
    """A monthly file that repeats the months before says nothing about them."""
    here = make()
    here.file("a.csv", [{"K": "k", "M": "1"}], 10)
    here.pull()
    here.file("b.csv", [{"K": "k", "M": "1"}, {"K": "l", "M": "1"}], 20)
    done = here.pull()
    assert (done.events, done.unchanged) == (1, 1)


def test_a_file_written_again_is_read_again(make: Make) -> None:
    """Corrected in place."""
    here = make()
    for at, mass in ((10, "1"), (20, "2")):
        here.file("a.csv", [{"K": "k", "M": mass}], at)
        here.pull()
    assert here.masses() == {"k": 2}


def test_in_one_file_equal_lines_count_once_and_else_the_last(make: Make) -> None:
    """A file is a whole statement: its last line about a key is what it says."""
    here = make()
    here.file("a.csv", [{"K": k, "M": m} for k, m in (("k", "1"), ("l", "1"), ("k", "2"), ("l", "1"))], 10)
    done = here.pull()
    assert (done.read, done.events, done.unchanged, here.masses()) == (4, 2, 2, {"k": 2, "l": 1})


def test_in_one_file_the_newest_version_counts(make: Make) -> None:
    """Where versions are declared they decide before the line."""
    here = make(", version: V")
    here.file("a.csv", [{"K": "k", "M": "2", "V": "2"}, {"K": "k", "M": "1", "V": "1"}], 10)
    here.pull()
    assert here.said("k") == [(2, 0, False, 2)]


def test_a_key_moves_between_scopes(make: Make) -> None:
    """It belongs to the scope that stated it last: the old scope's next file does not take it back."""
    here = make(", scope: S")
    here.file("a.csv", [{"K": "k", "M": "1", "S": "1"}, {"K": "l", "M": "1", "S": "1"}], 10)
    here.file("b.csv", [{"K": "k", "M": "2", "S": "2"}], 20)
    here.file("c.csv", [{"K": "l", "M": "1", "S": "1"}], 30)
    here.pull()
    assert here.masses() == {"k": 2, "l": 1}


def test_a_late_older_file_of_a_scope_is_no_statement(make: Make) -> None:
    """The newer one has replaced it, with all of its rows."""
    here = make(", scope: S")
    here.file("b.csv", [{"K": "k", "M": "2", "S": "1"}], 20)
    here.pull()
    here.file("a.csv", [{"K": "k", "M": "1", "S": "1"}, {"K": "gone", "M": "1", "S": "1"}], 10)
    done = here.pull()
    assert (done.events, done.skipped, here.masses()) == (0, 2, {"k": 2})


def test_what_a_scope_states_again_stands_again(make: Make) -> None:
    """Gone with one file, back with the next."""
    here = make(", scope: S")
    rows = [{"K": "k", "M": "1", "S": "1"}, {"K": "l", "M": "1", "S": "1"}]
    for at, some in ((10, rows), (20, rows[:1]), (30, rows[::-1])):
        here.file(f"{at}.csv", some, at)
        here.pull()
    assert here.said("l") == [(micros(10), 0, False, 1), (micros(10), 1, True, 1), (micros(30), 0, False, 1)]


def test_the_place_is_file_and_line(make: Make) -> None:
    """A person finds the record that waits."""
    here = make()
    here.file("a.csv", [{"K": "k", "M": "1"}, {"K": "l", "M": "x"}], 10)
    here.pull()
    assert here.quarantined()[0]["place"] == "in/a.csv:3"


def test_a_file_that_still_moves_is_left(make: Make) -> None:
    """Written this moment: not taken before it holds still, and named."""
    here = make()
    here.file("a.csv", [{"K": "k", "M": "1"}], 10)
    os.utime(here.folder / "in" / "a.csv", (time.time() + 60, time.time() + 60))
    done = here.pull()
    assert (done.read, done.moving) == (0, ("in/a.csv",))


def test_a_missing_column_waits_by_its_name(make: Make) -> None:
    """A file in which a column was renamed yields no empty values: its rows wait, and say what is missing."""
    here = make()
    here.file("a.csv", [{"K": "k", "MM": "1"}], 10, columns=("K", "MM"))
    here.pull()
    assert (here.errors(), here.quarantined()[0]["errors"][0]["field"]) == (["COLUMN_MISSING"], "M")


def test_another_key_is_refused(make: Make) -> None:
    """As for tables."""
    here = make()
    here.file("a.csv", [{"K": "k", "M": "1"}], 10)
    here.pull()
    here.rewrite(connector(file_source().replace("[K]", "[M]")))
    with pytest.raises(Refused, match="key"):
        here.pull()


def test_thousands_of_small_files_are_one_statement_each(make: Make) -> None:
    """Read together for speed, they still count in the order of their times."""
    here = make()
    for number in range(60):
        here.file(f"{number:03d}.csv", [{"K": f"k{number % 7}", "M": str(number)}, {"K": f"f{number}", "M": "1"}], number)
    assert here.pull().events == 120
    assert {k: m for k, m in here.masses().items() if k[0] == "k"} == {f"k{n % 7}": n for n in range(60)}


def test_a_name_in_another_encoding(make: Make) -> None:
    """A file whose name is no UTF-8 (an old archive's) is read like any other, and named as a person would read it."""
    here = make()
    names = [os.fsencode(here.folder / "in") + b"/" + name for name in ("磅单.csv".encode("gb18030"), b"\xff.csv")]
    for number, name in enumerate(names):
        Path(os.fsdecode(name)).write_bytes(f"K,M\nk{number},1\nl{number},x\n".encode())
        os.utime(name, (1_000_000, 1_000_000))
    assert here.pull().read == 4
    assert sorted(row["place"] for row in here.quarantined()) == ["in/\\xff.csv:3", "in/磅单.csv:3"]
    assert here.pull().read == 0


@pytest.mark.parametrize("dies_at", range(1, 7))
@pytest.mark.parametrize("times", [(10, 20), (10, 10)])
def test_after_a_kill_no_file_is_said_again_behind_a_newer(make: Make, times: tuple[int, int], dies_at: int) -> None:
    """Two files give one key two values at one version: whenever a pull dies, the next adds nothing twice."""
    here = make(", version: V" if times[0] < times[1] else "")
    for name, mass, at in (("a.csv", "1", times[0]), ("b.csv", "2", times[1])):
        here.file(name, [{"K": "k", "M": mass, "V": "7"}, *({"K": f"{name}{n}", "M": "1"} for n in range(30))], at)
    here.journal.at, here.journal.after = dies_at, True
    with suppress(Killed):
        here.pull()
    here.pull()
    assert [mass for _, _, _, mass in here.said("k")] == [1, 2]
