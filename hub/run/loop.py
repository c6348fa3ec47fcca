"""``run``: pull and project in one process, until it is told to stop."""

from __future__ import annotations

import threading

import structlog

from hub.run.parts import Parts, Progress
from hub.run.projecting import keep_projecting
from hub.run.pulling import is_quiet, keep_pulling, pull_one

log = structlog.get_logger()


def _silent(_what: str, _done: int, _total: int | None) -> None:
    """No progress: nobody watches."""


def run(hub: Parts, stop: threading.Event, progress: Progress = _silent) -> None:
    """Every connector at its own pace, and the ledger behind the journal. Returns after ``stop``; raises what a person
    must change before it can go on."""
    plugs = hub.plugs([])
    hub.projection()
    failed: list[BaseException] = []

    def pulling() -> None:
        try:
            for plug in plugs:
                if not stop.is_set() and not is_quiet(plug, hub.around().now()):
                    pull_one(hub, plug, progress, wait=False, compare=False)
            keep_pulling(hub, plugs, stop, progress)
        except BaseException as error:  # noqa: BLE001 - carried to the caller, whatever it is
            failed.append(error)
            stop.set()

    thread = threading.Thread(target=pulling, name="pull", daemon=True)
    thread.start()
    log.info("running", connectors=[plug.connector.name for plug in plugs])
    try:
        keep_projecting(hub, stop, progress)
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]
    log.info("stopped")
