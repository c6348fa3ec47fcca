"""``project``: the journal folded into the projections."""

from __future__ import annotations

import threading
from typing import Any

import structlog

from hub.errors import RequestWrong, Retry
from hub.journal.port import TOPICS
from hub.projector.project import project_once
from hub.projector.rebuild import rebuild as rebuild_projection
from hub.run.parts import Parts, Progress
from hub.run.pulling import said

log = structlog.get_logger()
LEDGER = "ledger"
POLL_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


def project(hub: Parts, names: list[str], once: bool, rebuild: bool, progress: Progress) -> dict[str, Any]:
    """Fold to the journal's end as it was at the start; with ``rebuild`` the whole journal anew, beside what stands.

    Without ``once`` it goes on until the process is stopped. Returns {"projections": [{name, version, applied,
    superseded, quarantined, not_a_record, lag_events}]}.
    """
    unknown = [name for name in names if name != LEDGER]
    if unknown:
        raise RequestWrong("there is no projection {name}", name=unknown[0], remedy="This hub has: ledger.")
    fold = rebuild_projection if rebuild else project_once

    def tell(done: int, total: int) -> None:
        progress(LEDGER, done, total)

    found = fold(hub.journal(), hub.store(), hub.projection(), hub.locks(), tell)
    if not once and not rebuild:
        keep_projecting(hub, threading.Event(), progress)
    return found


def keep_projecting(hub: Parts, stop: threading.Event, progress: Progress) -> None:
    """Project whenever the journal has grown, until ``stop``; what another projector has in hand is left to it, and
    looked after until it is done. What does not answer is asked again after longer and longer pauses."""
    journal, folded, pause = hub.journal(), None, POLL_SECONDS
    while not stop.is_set():
        try:
            ends = {topic: journal.end(topic) for topic in TOPICS}
            if ends != folded:
                found = project_once(
                    journal,
                    hub.store(),
                    hub.projection(),
                    hub.locks(),
                    lambda done, total: progress(LEDGER, done, total),
                    patient=False,
                )
                folded = None if any(row["lag_events"] for row in found["projections"]) else ends
            pause = POLL_SECONDS
        except Retry as error:
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            log.warning("project_failed", error=type(error).__name__, reason=said(error), again_in_seconds=pause)
        stop.wait(pause)
