"""What ``doctor`` finds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hub.journal.embedded import EmbeddedJournal
from hub.run import doctor, project
from hub.wiring import Hub
from tests.projector.histories import append, event


def test_two_statements_under_one_pair_are_reported(tmp_path: Path) -> None:
    """A hub whose journal says two things about an entity under one revision is not in order, and doctor names it."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    one = event("A")
    with Hub.open(tmp_path) as hub:
        for told, ok in (([one, event("B")], True), ([event("A", mass_g=7)], False)):
            hub.journal()
            with closing(EmbeddedJournal(tmp_path / "data" / "journal.db")) as journal:
                append(journal, told)
            project(hub, [], True, False, lambda _what, _done, _total: None)
            found = [check for check in doctor(hub)["checks"] if check["part"] == "store"]
            assert all(check["ok"] for check in found) is ok
    assert any(one["entity_id"] in check["found"] and check["remedy"] for check in found)
