"""What is known is folded again from the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.intake.appending import catch_up
from hub.intake.seen import Seen
from hub.journal.embedded import EmbeddedJournal
from hub.journal.port import Run, Topic
from tests.intake.world import NAME, World, table_source, worlds


class Scattered:
    """A journal whose messages lie in two partitions by turns, the first of which is read first."""

    def __init__(self, journal: EmbeddedJournal) -> None:
        self._journal = journal

    def read(self, topic: Topic, start: Mapping[int, int], limit: int, identity: str | None = None) -> list[Run]:
        """As the port says, all at once."""
        runs = self._journal.read(topic, {}, 1 << 30, identity)
        return [part for run in runs for turn in (0, 1) if (part := _every_second(run, turn, start)) is not None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


def _every_second(run: Run, turn: int, start: Mapping[int, int]) -> Run | None:
    own = slice(turn, None, 2)
    if not len(run.positions[own]) or start.get(turn, 0) >= run.next:
        return None
    return replace(
        run, partition=turn, positions=run.positions[own], appended_us=run.appended_us[own], values=run.values[own]
    )


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with worlds(tmp_path, table_source) as make:
        yield make(", cursor: {by: G}, version: V")


def test_the_last_act_says_how_far_a_source_was_read(here: World) -> None:
    """Whatever partition it is in: else another machine, or a lost cache, reads again and says again how far."""
    for number in range(1, 5):
        here.table([{"K": f"k{number}", "M": "1", "V": str(number), "G": f"2026-03-01 0{number}:00:00"}])
        here.pull()
    assert here.ends()["acts"] % 2, "the last one must be in the partition that is read first"
    with closing(Seen(here.around.seen_path(NAME))) as known, closing(Seen(here.folder / "anew.db")) as anew:
        catch_up(Scattered(here.embedded), anew, NAME)
        assert anew.note("cursor") == known.note("cursor") is not None
