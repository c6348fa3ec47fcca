"""A damaged cache costs time, nothing else."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

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
