"""``wastehub doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.out import json_option, show_json


@click.command()
@json_option
@click.pass_obj
def doctor(folder: Path, as_json: bool) -> int:
    """Say what is wrong, and what to do about it.

    Looks at every part: configuration, journal, store, connectors and their sources, clock, disk, lag.
    """
    from hub.run import doctor as examine
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = examine(hub)
    if as_json:
        show_json(found)
    else:
        from hub.cli.tables import show_checks

        show_checks(found)
    return 0 if all(check["ok"] for check in found["checks"]) else 1
