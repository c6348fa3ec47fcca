"""What a source no longer has: taken back, or asked about where it is much at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import Refused, SourceUnavailable
from hub.intake.vanishing import is_too_many
from tests.intake.world import World, connector, file_source, table_source, world

Rows = list[dict[str, str | None]]
MANY = 150


def _rows(count: int, scope: str = "s", start: int = 0) -> Rows:
    return [{"K": f"{scope}{n:04d}", "M": "1", "S": scope} for n in range(start, start + count)]


@pytest.fixture
def table(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, connector(table_source(", deleted: \"D = '1'\""))) as here:
        here.table(_rows(MANY))
        here.pull()
        yield here


@pytest.fixture
def files(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, connector(file_source(", scope: S"))) as here:
        here.file("a.csv", _rows(MANY) + _rows(MANY, "t"), 1)
        here.pull()
        yield here


@pytest.mark.parametrize(
    ("vanished", "known", "held"),
    [(100, 100, False), (101, 101, True), (101, 2020, False), (101, 2019, True), (5_000, 100_000, False)],
)
def test_how_many_is_many(vanished: int, known: int, held: bool) -> None:
    """More than a hundred, and more than one in twenty of what was known."""
    assert is_too_many(vanished, known) is held


def test_few_are_taken_back_at_once(table: World) -> None:
    """A hard delete is found by comparison: a retraction under the same revision, which keeps what was said."""
    table.sql("DELETE FROM T WHERE K = 's0003'")
    assert table.pull().events == 1
    assert table.said("s0003") == [(1, 0, False, 1), (1, 1, True, 1)]
    assert table.events()[-1]["record"] is None
    assert len(table.masses()) == MANY - 1


def test_many_wait_for_a_person_and_are_asked_about_once(table: World) -> None:
    """They stand until somebody decides; further pulls ask nothing more, also after the cache was lost."""
    table.table(_rows(20))
    assert (table.pull().quarantined, table.errors()) == (1, ["VANISHED_MANY"])
    before = table.ends()
    table.pull(compare=True)
    table.drop_cache()
    table.pull()
    assert (table.ends(), len(table.masses())) == (before, MANY)


def test_approval_lets_them_go(table: World) -> None:
    """Who approves has the retractions made, with the act's id in each of them."""
    table.table(_rows(20))
    table.pull()
    done = table.deciding().approve(table.row(table.quarantined()[0]["id"]))
    assert (done["events"], done["state"], table.quarantined()) == (MANY - 20, "resolved", [])
    assert len(table.masses()) == 20
    assert all(event["act"] for event in table.events() if event["retracted"])


def test_rejection_keeps_them(table: World) -> None:
    """Who rejects keeps what stands, and is not asked about the same again."""
    table.table(_rows(20))
    table.pull()
    table.deciding().reject(table.row(table.quarantined()[0]["id"]))
    table.pull(compare=True)
    assert (table.quarantined(), len(table.masses())) == ([], MANY)
    assert table.errors("rejected") == ["VANISHED_MANY"]


def test_what_came_back_needs_no_decision(table: World) -> None:
    """The question is closed by itself; nobody can approve it any more."""
    table.table(_rows(20))
    table.pull()
    asked = table.quarantined()[0]["id"]
    table.table(_rows(MANY))
    table.pull()
    assert table.quarantined() == []
    with pytest.raises(Refused):
        table.deciding().approve(table.row(asked))


def test_vanished_again_is_asked_again(table: World) -> None:
    """The same keys gone for a second time are a new question: neither silence nor the old answer."""
    for _ in range(3):
        table.table(_rows(20))
        table.pull()
        assert table.errors() == ["VANISHED_MANY"]
        table.table(_rows(MANY))
        table.pull()
        assert table.quarantined() == []
    table.table(_rows(20))
    table.pull()
    table.deciding().approve(table.row(table.quarantined()[0]["id"]))
    table.table(_rows(MANY))
    table.pull()
    table.table(_rows(20))
    table.pull()
    assert (table.errors(), len(table.masses())) == (["VANISHED_MANY"], MANY)


def test_another_set_of_keys_is_another_question(table: World) -> None:
    """An approval is for the keys that were shown: when others are gone too, it is asked anew."""
    table.table(_rows(20))
    table.pull()
    first = table.quarantined()[0]["id"]
    table.table(_rows(10))
    table.pull()
    (row,) = table.quarantined()
    assert row["id"] != first
    assert row["errors"][0]["values"]["vanished"] == str(MANY - 10)


def test_purged_soft_deletions_are_no_question(table: World) -> None:
    """Rows that were marked as deleted and are then removed hold no tonnes: nobody is asked."""
    table.sql("UPDATE T SET D = '1' WHERE K > 's0010'")
    table.pull()
    table.sql("DELETE FROM T WHERE D = '1'")
    table.pull()
    assert (table.quarantined(), len(table.masses())) == ([], 11)
    before = table.ends()
    table.pull()
    assert table.ends() == before


def test_an_empty_table_is_asked_about(table: World) -> None:
    """A table that was emptied by mistake takes nothing back."""
    table.table([])
    table.pull()
    assert (table.errors(), len(table.masses())) == (["VANISHED_MANY"], MANY)


def test_a_source_that_is_away_takes_nothing_back(table: World) -> None:
    """A failed read is no statement."""
    (table.folder / "source.db").unlink()
    before = table.ends()
    with pytest.raises(SourceUnavailable):
        table.pull()
    assert (table.ends(), len(table.masses())) == (before, MANY)


def test_a_row_without_key_takes_nothing_back(table: World) -> None:
    """Where a key cannot be read, that row could be any of those that seem to be gone."""
    table.table([*_rows(MANY - 2), {"K": None, "M": "1"}])
    table.pull()
    assert (table.errors(), len(table.masses())) == (["KEY_MISSING"], MANY)


def test_what_cannot_be_mapped_is_present(table: World) -> None:
    """A record in quarantine is in its source: its last good statement stands."""
    table.sql("UPDATE T SET M = 'x' WHERE K = 's0001'")
    table.pull()
    assert (table.errors(), len(table.masses())) == (["NUMBER_UNREADABLE"], MANY)


def test_what_waited_and_vanished_waits_no_more(table: World) -> None:
    """Of a key that is gone nothing waits, whether anything of it stood or not."""
    table.table([{"K": "s0001", "M": "x"}, {"K": "new", "M": "x"}, *_rows(MANY - 2, start=2)])
    table.pull()
    assert len(table.quarantined()) == 2
    table.table(_rows(MANY - 2, start=2))
    table.pull()
    assert table.quarantined() == []
    table.project()
    assert table.query("SELECT count(*) FROM quarantine_v1 WHERE state = 'open'") == [(0,)]


def test_a_file_speaks_for_its_scope_alone(files: World) -> None:
    """A newer file of a scope takes back what it no longer has; other scopes stand."""
    files.file("b.csv", _rows(MANY - 5), 2)
    assert files.pull().events == 5
    assert len(files.masses()) == 2 * MANY - 5


def test_a_file_without_a_scope_in_every_row_takes_nothing_back(files: World) -> None:
    """A row whose scope cannot be read could belong to any."""
    files.file("b.csv", [*_rows(MANY - 5), {"K": "x", "M": "1"}], 2)
    files.pull()
    assert (files.errors(), len(files.masses())) == (["SCOPE_MISSING"], 2 * MANY)


def test_a_torn_file_takes_nothing_back(files: World) -> None:
    """A file with a piece that is no record retracts nothing."""
    torn = "K,M,S\n" + "".join(f"s{n:04d},1,s\n" for n in range(MANY - 5)) + "s9,1,s,too,many,cells\n"
    files.raw("b.csv", torn.encode(), 2)
    files.pull()
    assert len(files.errors()) == 1
    assert len(files.masses()) == 2 * MANY


def test_each_scope_of_a_file_is_approved_by_itself(files: World) -> None:
    """One file, two scopes emptied: two questions, each answer applies alone."""
    files.file("b.csv", _rows(5) + _rows(5, "t"), 2)
    files.pull()
    first, second = files.quarantined()
    assert files.deciding().approve(files.row(first["id"]))["events"] == MANY - 5
    assert [row["id"] for row in files.quarantined()] == [second["id"]]
    assert files.deciding().approve(files.row(second["id"]))["events"] == MANY - 5
    assert len(files.masses()) == 10


def test_a_late_file_does_not_speak_against_one_that_waits(files: World) -> None:
    """While a newer file's retractions wait, an older one of its scope that comes late changes nothing."""
    files.file("c.csv", _rows(5), 30)
    files.pull()
    files.file("b.csv", _rows(MANY - 5, start=5), 20)
    done = files.pull()
    assert (done.events, done.skipped) == (0, MANY - 5)
    assert len(files.masses()) == 2 * MANY


def test_a_folder_that_is_away_takes_nothing_back(files: World) -> None:
    """A folder that is gone is a failed read."""
    os.rename(files.folder / "in", files.folder / "away")
    with pytest.raises(SourceUnavailable):
        files.pull()
    assert len(files.masses()) == 2 * MANY


def test_what_was_marked_and_then_removed_is_noted_once(table: World) -> None:
    """A row that only waited, was marked as deleted and then removed: nothing more is said of it, pull after pull."""
    for row in ({"K": "new", "M": "x"}, {"K": "new", "M": "x", "D": "1"}, None):
        table.table([*_rows(MANY), *([row] if row else [])])
        table.pull()
    before = table.ends()
    table.pull()
    assert (table.ends(), table.quarantined()) == (before, [])
