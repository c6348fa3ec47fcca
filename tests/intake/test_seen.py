"""What intake knows is a fold of the journal: it may be lost, torn, or of another journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import Stop
from hub.intake.seen import Seen
from tests.intake.world import NAME, Killed, World, connector, table_source, world

ROWS = [{"K": "a", "M": "1", "V": "1"}, {"K": "b", "M": "x", "V": "1"}, {"K": "c", "M": "2", "V": "1", "D": "1"}]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, connector(table_source(", version: V, deleted: \"D = '1'\""), parts=True)) as made:
        made.table(ROWS)
        made.pull()
        yield made


def _dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    tables = ("seen", "part", "waiting", "file", "scope", "approved")
    with closing(sqlite3.connect(path)) as db:
        return {t: sorted(db.execute(f"SELECT * FROM {t}").fetchall(), key=repr) for t in tables}


def _path(here: World) -> Path:
    return here.around.seen_path(NAME)


def test_folded_again_it_is_the_same(here: World) -> None:
    """What is kept while appending and what is folded from the journal are equal, table by table."""
    here.table([{"K": "a", "M": "x", "V": "2"}, {"K": "b", "M": "1", "N": "2", "V": "2"}, {"K": "d", "M": "4"}])
    here.pull()
    here.table([{"K": "a", "M": "3", "V": "3"}, {"K": "b", "N": "2", "V": "3"}])
    here.pull()
    kept = _dump(_path(here))
    here.drop_cache()
    here.quarantined()
    assert _dump(_path(here)) == kept


@pytest.mark.parametrize("after", [False, True])
def test_a_death_around_the_append_says_nothing_twice(here: World, after: bool) -> None:
    """Before the append nothing was said; after it everything was, though nobody could note it."""
    here.table([{"K": "a", "M": "5", "V": "2"}])
    here.journal.at, here.journal.after = 1, after
    with pytest.raises(Killed):
        here.pull()
    here.pull()
    assert [said for said in here.said("a") if said[0] == 2] == [(2, 0, False, 5)]
    assert here.masses() == {"a": 5}


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_torn_cache_is_made_again(here: World, content: bytes) -> None:
    """Whatever is in the file."""
    for beside in _path(here).parent.iterdir():
        beside.unlink()
    _path(here).write_bytes(content)
    before = here.ends()
    here.pull()
    assert here.ends() == before


def test_the_cache_of_an_older_version_is_made_again(here: World) -> None:
    """Its tables may be others."""
    with closing(sqlite3.connect(_path(here))) as db, db:
        db.execute("UPDATE note SET value = '0' WHERE name = 'version'")
        db.execute("DROP TABLE memo")
    before = here.ends()
    here.pull()
    assert here.ends() == before


def test_the_cache_of_another_journal_is_forgotten(here: World, tmp_path: Path) -> None:
    """A hub that is pointed to another journal begins anew: everything is said again."""
    with world(tmp_path / "other", connector(table_source(", version: V, deleted: \"D = '1'\""), parts=True)) as other:
        other.table(ROWS)
        target = other.around.seen_path(NAME)
        target.parent.mkdir(parents=True)
        with closing(sqlite3.connect(_path(here))) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
        other.pull()
        assert other.masses() == {"a": 1}
        assert other.errors() == ["NUMBER_UNREADABLE"]


def test_a_journal_made_anew_where_it_was_stops_the_pull(here: World) -> None:
    """What a lost journal said is not said again as if it were new: a person must know. Without the cache it begins."""
    for path in [*here.folder.glob("journal.db*"), *here.folder.glob("store.db*")]:
        path.unlink()
    with world(here.folder, connector(table_source(", version: V, deleted: \"D = '1'\""), parts=True)) as again:
        with pytest.raises(Stop, match="not the one that this hub pulled into"):
            again.pull()
        assert {*again.ends().values()} == {0}
        again.around.seen_path(NAME).unlink()
        again.pull()
        assert again.masses() == {"a": 1}


def test_positions_only_grow(here: World) -> None:
    """After an append the cache has been folded up to the journal's end."""
    with closing(Seen(_path(here))) as seen:
        for topic, end in here.ends().items():
            assert (seen.note(f"folded_{topic}") or {"0": 0})["0"] == end


def test_with_and_without_the_cache_a_new_list_says_the_same(tmp_path: Path) -> None:
    """What is remembered of a text that said nothing new holds for the lists that it was read by."""
    listed = connector(table_source()).replace("num(M)", "num(code('kg', M))")
    found = []
    for name, lost in (("kept", False), ("lost", True)):
        yaml = listed + 'lists: {kg: {version: "1", map: {a: "1"}}}\n'
        with world(tmp_path / name, yaml) as made:
            for note in (None, "x"):
                made.table([{"K": "k", "M": "a", "X": note}])
                made.pull()
            made.rewrite(yaml.replace('version: "1", map: {a: "1"}', 'version: "2", map: {a: "2"}'))
            if lost:
                made.drop_cache()
            made.pull()
            found.append(made.masses())
    assert found[0] == found[1]
