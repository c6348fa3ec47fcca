"""How far behind: in messages and in time, apart from whether somebody is at work."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from hub.journal.embedded import EmbeddedJournal
from hub.projector.lag import Lag, lag
from tests.projector.histories import append, event


def test_the_oldest_message_that_waits_says_since_when(tmp_path: Path) -> None:
    """Not the newest, and none where all was looked at."""
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as journal:
        before = _now_us()
        append(journal, [event("A")])
        between = _now_us()
        append(journal, [event("B"), event("C")])
        end = journal.end("events")[0]
        whole, rest, none = (lag(journal, "events", {0: position}) for position in (0, end - 2, end))
    assert (whole.events, rest.events, none) == (3, 2, Lag(0, None))
    assert whole.oldest_us is not None
    assert rest.oldest_us is not None
    assert before <= whole.oldest_us <= between <= rest.oldest_us <= _now_us()


def test_lag_in_seconds_is_never_negative() -> None:
    """A clock that is behind the journal's makes no lag of less than nothing."""
    assert Lag(1, 2_000_000).seconds(5_500_000) == 3.5
    assert Lag(1, 2_000_000).seconds(1_000_000) == 0
    assert Lag(0, None).seconds(5_000_000) == 0


def _now_us() -> int:
    return int(datetime.now(UTC).timestamp() * 1_000_000)
