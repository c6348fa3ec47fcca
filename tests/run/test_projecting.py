"""Projecting without end."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from hub.errors import JournalUnavailable
from hub.journal.embedded import EmbeddedJournal
from hub.journal.port import Journal, Topic
from hub.run.projecting import keep_projecting
from hub.wiring import Hub
from tests.projector.histories import append, event

PATIENCE = 60.0


class Absent:
    """A journal that cannot be asked for its end while ``away``."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self.asked, self.away = journal, 0, True
        self.asked_again = threading.Event()

    def end(self, topic: Topic) -> dict[int, int]:
        """As the port says."""
        if self.away:
            self.asked += 1
            if self.asked > 1:
                self.asked_again.set()
            raise JournalUnavailable("the journal does not answer: {reason}", reason="away")
        return self._journal.end(topic)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


def test_a_journal_that_is_away_is_waited_for(tmp_path: Path) -> None:
    """It goes on when the journal answers again; nobody has to start it anew. The log says it in the language spoken."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    with Hub.open(tmp_path) as hub, capture_logs() as told:
        journal = Absent(hub.journal())
        append(EmbeddedJournal(tmp_path / "data" / "journal.db"), [event("A")])
        hub._journal = journal
        stop, projected = threading.Event(), threading.Event()
        projecting = threading.Thread(target=keep_projecting, args=(hub, stop, lambda *_: projected.set()))
        projecting.start()
        try:
            assert journal.asked_again.wait(PATIENCE), "it was asked once and never again"
            journal.away = False
            assert projected.wait(PATIENCE)
        finally:
            stop.set()
            projecting.join(PATIENCE)
    (reason,) = {line["reason"] for line in told if line["event"] == "project_failed"}
    assert reason.startswith("事件流水没有响应：away 请查看")
