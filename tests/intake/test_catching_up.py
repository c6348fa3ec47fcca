"""What is known is folded again from the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.intake.appending import catch_up
from hub.intake.seen import Seen
from tests.intake.world import NAME, World, table_source, worlds


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with worlds(tmp_path, table_source) as make:
        yield make(", cursor: {by: G}, version: V")


def test_the_last_act_says_how_far_a_source_was_read(here: World) -> None:
    """Else another machine, or who lost the cache, reads again and says again how far."""
    for number in range(1, 5):
        here.table([{"K": f"k{number}", "M": "1", "V": str(number), "G": f"2026-03-01 0{number}:00:00"}])
        here.pull()
    with closing(Seen(here.around.seen_path(NAME))) as known, closing(Seen(here.folder / "anew.db")) as anew:
        catch_up(here.embedded, anew, NAME)
        assert anew.note("cursor") == known.note("cursor") is not None
