"""``run``: pull and project in one process, until it is told to stop."""

from __future__ import annotations

import threading

import structlog

from hub.run.parts import Parts, Progress
from hub.run.projecting import keep_projecting
from hub.run.pulling import Pulling, keep_pulling, said

log = structlog.get_logger()


def _silent(_what: str, _done: int, _total: int | None) -> None:
    """No progress: nobody watches."""


def run(hub: Parts, stop: threading.Event, progress: Progress = _silent) -> None:
    """Every connector at its own pace, and the ledger behind the journal. Returns after ``stop``; raises what a person
    must change before it can go on."""
    plugs, broken = hub.all_plugs()
    for place, error in broken.items():
        log.error("connector_broken", connector=place, reason=said(error))
    pullers = [Pulling(hub, plug, progress, stop) for plug in plugs]
    hub.projection()
    failed: list[BaseException] = []

    def pulling() -> None:
        try:
            keep_pulling(pullers, stop)
        except BaseException as error:  # noqa: BLE001 - carried to the caller, whatever it is
            failed.append(error)
            stop.set()

    thread = threading.Thread(target=pulling, name="pull", daemon=True)
    thread.start()
    log.info("running", connectors=[puller.name for puller in pullers])
    try:
        keep_projecting(hub, stop, progress)
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]
    log.info("stopped")
