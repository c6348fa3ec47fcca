"""Two things that look alike are two: what has no key is told apart by where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.intake.world import World, connector, world

EVERY_FILE = connector("{kind: file, path: 'in/*', key: [K]}")
ALIKE = {
    "rows without a key": "K,M,X\n,5,渣土\n,5,渣土\nk,1,\n",
    "ragged rows": "K,M,X\n5,渣土\n5,渣土\nk,1,\n",
}


def _pulled(here: World, text: str) -> World:
    here.raw("a.csv", text.encode())
    here.pull()
    return here


@pytest.mark.parametrize("what", ALIKE)
def test_what_stands_twice_in_a_file_waits_twice(tmp_path: Path, what: str) -> None:
    """Two loads of the same weight whose numbers are missing are two loads."""
    with world(tmp_path, EVERY_FILE) as here:
        assert len(_pulled(here, ALIKE[what]).quarantined()) == 2


@pytest.mark.parametrize("what", ALIKE)
def test_what_is_sent_again_waits_once(tmp_path: Path, what: str) -> None:
    """The same file with another line at its end says nothing new about the lines before."""
    with world(tmp_path, EVERY_FILE) as here:
        before = len(_pulled(here, ALIKE[what]).quarantined())
        here.raw("a.csv", (ALIKE[what] + "l,1,\n").encode(), 10)
        here.pull()
        assert (here.masses(), len(here.quarantined())) == ({"k": 1, "l": 1}, before)
