"""``pull``: every connector once, or again and again at its own pace."""

from __future__ import annotations

import threading
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog

from hub.errors import HubError, Retry, Stop
from hub.events.calendar import SHANGHAI
from hub.intake.connector import SqlSpec
from hub.intake.plug import Plug
from hub.intake.pull import Puller
from hub.run.parts import Parts, Progress
from hub.texts import translate

log = structlog.get_logger()


def pull(hub: Parts, names: list[str], once: bool, compare: bool, progress: Progress) -> dict[str, Any]:
    """Pull the connectors called ``names`` (or all) once; a connector that does not answer does not stop the others.

    Without ``once`` it goes on, each connector at its ``every``, until the process is stopped. Returns
    {"connectors": [{name, read, events, unchanged, skipped, quarantined, cursor, error?}]}.
    """
    plugs = hub.plugs(names)
    rows = [pull_one(hub, plug, progress, wait=once, compare=compare) for plug in plugs]
    if not once:
        keep_pulling(hub, plugs, threading.Event(), progress)
    return {"connectors": rows}


def pull_one(hub: Parts, plug: Plug, progress: Progress, *, wait: bool, compare: bool) -> dict[str, Any]:
    """One connector once. What may go through later is in ``error``; what a person must change is raised."""
    name = plug.connector.name
    done = 0

    def tell(_: str, rows: int) -> None:
        nonlocal done
        done += rows
        progress(name, done, None)

    try:
        result = Puller(plug, hub.journal(), hub.around(tell)).pull(wait=wait, compare=compare)
    except Retry as error:
        log.warning("pull_failed", connector=name, error=type(error).__name__, **_plain(error))
        empty = dict.fromkeys(("read", "events", "unchanged", "skipped", "quarantined"), 0)
        return {"name": name, **empty, "cursor": None, "error": _said(error)}
    row = asdict(result)
    moving = row.pop("moving")
    log.info("pulled", connector=name, **{k: v for k, v in row.items() if k != "name"})
    return row | ({"moving": list(moving)} if moving else {})


def _said(error: HubError) -> str:
    return translate(error.template, **error.facts) + (
        " " + translate(error.remedy, **error.facts) if error.remedy else ""
    )


def _plain(error: HubError) -> dict[str, Any]:
    return {name: value for name, value in error.facts.items() if name not in ("event", "connector", "error")}


def is_quiet(plug: Plug, now: datetime) -> bool:
    """Whether the source asks not to be read at this time of the day (Asia/Shanghai)."""
    spec = plug.connector.source
    if not isinstance(spec, SqlSpec):
        return False
    local = now.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    return any(
        start <= minute < end if start <= end else minute >= start or minute < end for start, end in spec.limits.quiet
    )


def keep_pulling(hub: Parts, plugs: list[Plug], stop: threading.Event, progress: Progress) -> None:
    """Each connector at its own pace in a thread of its own, until ``stop``. Raises what a person must change."""
    failed: list[BaseException] = []

    def work(plug: Plug) -> None:
        try:
            while not stop.wait(plug.connector.every_seconds):
                if not is_quiet(plug, hub.around().now()):
                    pull_one(hub, plug, progress, wait=False, compare=False)
        except Stop as error:
            log.error(
                "connector_stopped", connector=plug.connector.name, error=type(error).__name__, reason=_said(error)
            )
        except BaseException as error:  # noqa: BLE001 - a bug must end the process, not one thread
            failed.append(error)
            stop.set()

    threads = [threading.Thread(target=work, args=(plug,), name=plug.connector.name, daemon=True) for plug in plugs]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.5)
    if failed:
        raise failed[0]
