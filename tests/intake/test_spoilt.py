"""A damaged cache costs time, nothing else."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import JournalUnavailable
from hub.intake import cache_file
from hub.intake.spoilt import CacheSpoilt, thrown_away_if_spoilt
from tests.intake.world import NAME, World, connector, table_source, world

PAGE = 4096
ROWS = 300


def _with_pages(path: Path, content: Callable[[], bytes]) -> None:
    """Every page but the first, which says what the file is."""
    with path.open("r+b") as cache:
        for start in range(PAGE, path.stat().st_size, PAGE):
            cache.seek(start)
            cache.write(content())


def _with_first_page(path: Path, content: bytes) -> None:
    with path.open("r+b") as cache:
        cache.write(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "nonsense": lambda path: _with_pages(path, lambda: random.Random(3).randbytes(PAGE)),
    "nothing": lambda path: _with_pages(path, lambda: bytes(PAGE)),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "no cache": lambda path: _with_first_page(path, b"no cache" * (PAGE // 8)),
    "empty": lambda path: os.truncate(path, 0),
}


def _spoiled(here: World, how: str) -> None:
    """The cache of a hub that has pulled, and whose source has then changed."""
    rows = [{"K": f"k{n}", "M": "x" if n == 7 else "1"} for n in range(ROWS)]
    here.table(rows)
    here.pull()
    here.table([*rows[1:], {"K": "new", "M": "2"}])
    for beside in (here.folder / "data" / "seen").glob("*.db-*"):
        beside.unlink()
    DAMAGES[how](here.folder / "data" / "seen" / f"{NAME}.db")


def test_a_key_that_is_not_where_it_is_looked_for(tmp_path: Path) -> None:
    """Damage that SQLite does not notice, for the page is well formed: what was said is right all the same."""
    with world(tmp_path, connector(table_source())) as here:
        rows = [{"K": f"k{n}", "M": "1"} for n in range(ROWS)]
        here.table(rows)
        here.pull()
        cache = here.folder / "data" / "seen" / f"{NAME}.db"
        here.table(rows[1:])
        cache.write_bytes(cache.read_bytes().replace(b'["k150"]', b'["zzzz"]'))
        here.pull(compare=True)
        here.project()
        assert here.masses().keys() == {row["K"] for row in rows[1:]}


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("lacking", [1, 200, 3000])
def test_a_page_of_which_the_end_is_lost(tmp_path: Path, lacking: int, killed: bool) -> None:
    """SQLite takes what is not there for zeros, and keys for gone: a file that is shorter than it was is not used at
    all, and that it grew is known of one who was killed, too."""
    with world(tmp_path, connector(table_source())) as here:
        rows = [{"K": f"k{n}", "M": "1"} for n in range(ROWS)]
        here.table(rows)
        here.pull()
        if killed:  # before he could say how he left it
            left = here.folder / "data" / "seen" / f"{NAME}.left"
            here.pull()
            left.write_text(json.dumps(json.loads(left.read_text()) | {"modified_ns": None}))
        here.table([{**row, "M": "2"} for row in rows[1:]])
        cache = here.folder / "data" / "seen" / f"{NAME}.db"
        with closing(sqlite3.connect(cache)) as db:
            db.execute("UPDATE seen SET revision = 7")  # nobody may believe it
            db.commit()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.truncate(cache, cache.stat().st_size - lacking)
        here.pull(compare=True)
        assert here.masses() == {row["K"]: 2 for row in rows[1:]}


def test_one_that_is_as_it_was_left_is_not_read_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs a look at every page is done only where somebody was killed, or the file was changed."""
    checked: list[Path] = []
    monkeypatch.setattr(cache_file, "_is_sound", lambda path: checked.append(path) or True)
    with world(tmp_path, connector(table_source())) as here:
        here.table([{"K": "a", "M": "1"}])
        for _ in range(2):
            here.pull()
        assert checked == []
        cache = here.folder / "data" / "seen" / f"{NAME}.db"
        os.utime(cache)
        here.pull()
        assert checked == [cache]
        assert here.masses() == {"a": 1}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_pull_with_a_damaged_cache(tmp_path: Path, how: str) -> None:
    """It says what is new, takes back what is gone, and nothing twice."""
    with world(tmp_path, connector(table_source())) as here:
        _spoiled(here, how)
        assert here.pull().events == 2
        assert here.masses() == {f"k{n}": 1 for n in range(1, ROWS) if n != 7} | {"new": 2}
        assert len(here.quarantined()) == 1


@pytest.mark.parametrize("how", DAMAGES)
def test_the_quarantine_with_a_damaged_cache(tmp_path: Path, how: str) -> None:
    """What waits is listed from the journal."""
    with world(tmp_path, connector(table_source())) as here:
        _spoiled(here, how)
        assert here.errors() == ["NUMBER_UNREADABLE"]


def test_a_full_disk_keeps_the_cache(tmp_path: Path) -> None:
    """It is no damage: the cache stays, and another try may do."""
    path = tmp_path / "cache.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE t (x)")
        db.execute("PRAGMA max_page_count = 2")
        with pytest.raises(JournalUnavailable, match="full") as raised, thrown_away_if_spoilt(path):
            db.execute("INSERT INTO t VALUES (zeroblob(100000))")
    assert not isinstance(raised.value, CacheSpoilt)
    assert path.exists()


def test_a_wrong_statement_is_our_fault(tmp_path: Path) -> None:
    """What a full or damaged disk does not explain goes through as it is."""
    path = tmp_path / "cache.db"
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.OperationalError), thrown_away_if_spoilt(path):
        db.execute("SELECT nothing FROM nowhere")
