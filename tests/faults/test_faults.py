"""A short run of the faults, for every test run; ``make faults`` is the long one."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.faults.counting import Count, count, told
from tests.faults.kinds import EVERYWHERE
from tests.faults.parts import Parts, Servers, parts
from tests.faults.processes import apart, start
from tests.faults.race import race
from tests.faults.source import Source

EMBEDDED = ("embedded", "sqlite")


def test_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """Whatever is killed, raced or changed meanwhile: at the end ledger and quarantine are what the source says."""
    found = race(range(1_000, 1_000 + len(EVERYWHERE)), tmp_path, 2, [EMBEDDED])
    assert [one for one in found if one.wrong] == []
    assert {kind for one in found for kind in one.times if one.times[kind]} == EVERYWHERE.keys()


class TestTheCount:
    """A count that finds nothing wrong is worth something only if it would."""

    @pytest.fixture
    def counted(self, tmp_path: Path) -> Iterator[tuple[Parts, Source]]:
        """A hub that is in order."""
        with ExitStack() as stack, parts(EMBEDDED, "it", tmp_path, 1, Servers(stack)) as made:
            source = Source(tmp_path, random.Random(1))
            source.make(made.machines)
            source.change(100)
            for command in ("pull", "project"):
                child = start(made.machines[0], command, "--once")
                assert child.wait(60)
                assert child.code == 0
            yield made, source

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ("UPDATE lines SET mass_g = mass_g + 1", "flows: lacks"),
            ("UPDATE entries SET revision = revision + 1 WHERE row_no = 1", "entries: lacks"),
            ("DELETE FROM entries WHERE row_no IN (SELECT row_no FROM entry_keys LIMIT 3)", "3 lost"),
            ("UPDATE positions SET applied = applied - 1 WHERE projection = 'ledger'", "positions: lacks"),
            ("UPDATE positions SET not_a_record = 1 WHERE projection = 'acts'", "positions: has"),
            ("INSERT INTO undecodable VALUES ('acts/0/1', 'acts', 0, 1, NULL, '[]', '')", "by its place: has"),
        ],
    )
    def test_finds_what_is_wrong(self, counted: tuple[Parts, Source], change: str, sentence: str) -> None:
        """A gram, a revision, lost keys, an offset without an outcome and a message set aside for nothing are seen."""
        made, source = counted
        assert _count(made, source) == Count(0, 0, [])
        with closing(sqlite3.connect(made.machines[0] / "data" / "store.db")) as db, db:
            db.execute(change)
        assert any(sentence in wrong for wrong in _count(made, source).wrong)


def _count(made: Parts, source: Source) -> Count:
    return count(made, source, apart(lambda: told(made.machines[0], set())), set())
