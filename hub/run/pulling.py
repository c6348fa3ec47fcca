"""``pull``: every connector once, or again and again at its own pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import structlog

from hub.errors import ConfigWrong, HubError, Interrupted, Retry, Stop
from hub.events.calendar import SHANGHAI
from hub.intake.connector import SqlSpec
from hub.intake.plug import Plug
from hub.intake.pull import Puller
from hub.run.parts import Parts, Progress
from hub.texts import translate

log = structlog.get_logger()


def pull(hub: Parts, names: list[str], once: bool, compare: bool, progress: Progress) -> dict[str, Any]:
    """Pull the connectors called ``names`` (or all) once; one that fails, or whose file is wrong, does not stop the others.

    Without ``once`` it goes on, each connector at its ``every``, until the process is stopped or a person must change
    something for each of them. Returns
    {"connectors": [{name, read, events, unchanged, skipped, quarantined, cursor, error?, exit_code?}]}.
    """
    plugs, broken = (hub.plugs(names), {}) if names else hub.all_plugs()
    stop = threading.Event()
    pullers = [Pulling(hub, plug, progress, stop) for plug in plugs]
    for name, error in broken.items():
        log.error("connector_broken", connector=name, reason=said(error))
    rows = [failed_row(name, error) for name, error in broken.items()]
    if once:
        return {"connectors": rows + [puller.pull(wait=True, compare=compare, every_error=True) for puller in pullers]}
    keep_pulling(pullers, stop, compare=compare)
    return {"connectors": rows + [puller.failed for puller in pullers if puller.failed]}


class Pulling:
    """One connector, pulled as often as it is asked; its engine stays warm."""

    def __init__(self, hub: Parts, plug: Plug, progress: Progress, stop: threading.Event) -> None:
        self.plug, self.name = plug, plug.connector.name
        self._around = replace(hub.around(self._tell), stopping=stop.is_set)
        self._progress, self._done = progress, 0
        self.failed: dict[str, Any] | None = None
        self._puller = Puller(plug, hub.journal(), self._around)

    def _tell(self, _: str, rows: int) -> None:
        self._done += rows
        self._progress(self.name, self._done, None)

    def pull(self, *, wait: bool, compare: bool, every_error: bool = False) -> dict[str, Any]:
        """Once. What may go through later (or ``every_error``) is in the row; what a person must change is raised."""
        self._done = 0
        try:
            result = self._puller.pull(wait=wait, compare=compare)
        except HubError as error:
            if not every_error and not isinstance(error, Retry):
                raise
            facts = _plain(error) | {"reason": said(error)}
            log.warning("pull_failed", connector=self.name, error=type(error).__name__, **facts)
            return failed_row(self.name, error)
        row = asdict(result)
        moving = row.pop("moving")
        log.info("pulled", connector=self.name, **{k: v for k, v in row.items() if k != "name"})
        return row | ({"moving": list(moving)} if moving else {})

    def goes_on(self, *, compare: bool = False) -> bool:
        """Pull unless the source wants quiet; False where a person must change something first, which is logged."""
        try:
            if not self.is_quiet:
                self.pull(wait=False, compare=compare)
        except Interrupted:
            log.info("pull_interrupted", connector=self.name)
        except Stop as error:
            log.error("connector_stopped", connector=self.name, error=type(error).__name__, reason=said(error))
            self.failed = failed_row(self.name, error)
        return self.failed is None

    @property
    def is_quiet(self) -> bool:
        """Whether the source asks not to be read at this time of the day (Asia/Shanghai)."""
        spec = self.plug.connector.source
        if not isinstance(spec, SqlSpec):
            return False
        local = self._around.now().astimezone(SHANGHAI)
        minute = local.hour * 60 + local.minute
        return any(
            start <= minute < end if start <= end else minute >= start or minute < end
            for start, end in spec.limits.quiet
        )


def failed_row(name: str, error: HubError) -> dict[str, Any]:
    """The row of a connector that could not be pulled."""
    empty = dict.fromkeys(("read", "events", "unchanged", "skipped", "quarantined"), 0)
    return {"name": name, **empty, "cursor": None, "error": said(error), "exit_code": error.exit_code}


def said(error: HubError) -> str:
    """An error in the language spoken, with every problem of a file."""
    if isinstance(error, ConfigWrong):
        return "\n".join(
            f"{p.file}:{p.line or 0}:{p.column or 0} {p.error}: {translate(p.message, **p.facts)}"
            for p in error.problems
        )
    remedy = " " + translate(error.remedy, **error.facts) if error.remedy else ""
    return translate(error.template, **error.facts) + remedy


def _plain(error: HubError) -> dict[str, Any]:
    return {name: value for name, value in error.facts.items() if name not in ("event", "connector", "error")}


def keep_pulling(pullers: Sequence[Pulling], stop: threading.Event, *, compare: bool = False) -> None:
    """Each connector at its own pace in a thread of its own, at once and until ``stop``: none waits for another's first
    pull, which may take hours or wait for a lock. ``compare``: at the first pull. Raises what is a bug; a connector that
    a person must mend stops alone and says so."""
    failed: list[BaseException] = []

    def work(puller: Pulling) -> None:
        every = puller.plug.connector.every_seconds
        due, comparing = time.monotonic(), compare
        try:
            while not stop.wait(max(due - time.monotonic(), 0.0)) and puller.goes_on(compare=comparing):
                due, comparing = max(due + every, time.monotonic()), False
        except BaseException as error:  # noqa: BLE001 - a bug must end the process, not one thread
            failed.append(error)
            stop.set()

    threads = [threading.Thread(target=work, args=(p,), name=p.name, daemon=True) for p in pullers]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.5)
    if failed:
        raise failed[0]
