"""``wastehub doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.out import answer, json_option
from hub.cli.tables import show_checks


@click.command()
@json_option
@click.pass_obj
def doctor(folder: Path, as_json: bool) -> int:
    """Say what is wrong, and what to do about it.

    Looks at every part: configuration, journal, store, connectors and their sources, clock, disk, lag.
    """
    from hub.run.doctor import doctor as examine
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = examine(hub)
    answer(found, as_json, show_checks)
    return 0 if all(check["ok"] for check in found["checks"]) else 1
