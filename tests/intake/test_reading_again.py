"""A file that was not read well is read again once the connector says otherwise how it is to be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.intake.world import connector, world

GB18030 = "K,M,X\nk,1,渣土\nl,2,碴土场东侧\n".encode("gb18030")
TITLE = "三月台账,,\nK,M,X\nk,1,\nl,2,\n".encode()
OTHER_KEY = "编号,K,M\nk,,1\nl,,2\n".encode()


def _source(more: str, key: str = "K") -> str:
    return connector(f"{{kind: file, path: 'in/*.csv', key: [{key}]{more}}}")


@pytest.mark.parametrize(("content", "before", "after"), [
    (GB18030, _source(", encoding: utf-8"), _source("")),
    (TITLE, _source(", header: 9"), _source(", header: 2")),
    (TITLE, _source(", header: 1"), _source(", header: 2")),
    (OTHER_KEY, _source(""), _source("", "编号")),
], ids=["encoding", "header beyond the end", "title as header", "key"])  # fmt: skip
def test_what_was_not_read_well_is_read_again(tmp_path: Path, content: bytes, before: str, after: str) -> None:
    """All of it counts then, what waited for its lines is closed, and nothing is read a third time."""
    with world(tmp_path, before) as here:
        here.raw("a.csv", content)
        here.pull()
        assert here.masses() == {}
        assert here.quarantined()
        assert here.pull().read == 0
        here.rewrite(after)
        here.pull()
        assert {key: mass for key, mass in here.masses().items() if key in "kl"} == {"k": 1, "l": 2}
        assert here.quarantined() == []
        assert here.pull().read == 0


def test_what_is_still_not_read_well_waits_on(tmp_path: Path) -> None:
    """A line that is no better by the new rules waits under its id, and only what is mended is closed."""
    with world(tmp_path, _source(", encoding: utf-8")) as here:
        here.raw("a.csv", GB18030 + b",9,\n")
        here.pull()
        keyless = {row["id"] for row in here.quarantined() if row["errors"][0]["error"] == "KEY_MISSING"}
        here.rewrite(_source(""))
        here.pull()
        assert {row["id"] for row in here.quarantined()} == keyless
        assert here.masses() == {"k": 1, "l": 2}


def test_a_file_that_was_read_well_is_not_read_again(tmp_path: Path) -> None:
    """Other rules change nothing about what was whole."""
    with world(tmp_path, _source("")) as here:
        here.raw("a.csv", GB18030)
        here.pull()
        here.rewrite(_source(", encoding: gb18030"))
        assert here.pull().read == 0
