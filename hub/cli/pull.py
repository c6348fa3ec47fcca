"""``wastehub pull``: from the sources into the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.cli.logs import log_to_stderr
from hub.cli.out import answer, json_option
from hub.cli.tables import show_pull


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--once", is_flag=True, help="Each connector once, whatever its interval and quiet hours say.")
@click.option("--compare", is_flag=True, help="Compare all keys and texts with the source, to find hard deletes now.")
@json_option
@click.pass_obj
def pull(folder: Path, names: tuple[str, ...], once: bool, compare: bool, as_json: bool) -> int:
    """Read the sources; new and changed records become events.

    Without NAME every connector of the hub. Without --once it goes on until it is stopped. Records that are set
    aside in quarantine are a normal outcome.
    """
    from hub.cli.progress import shown
    from hub.run.pulling import pull as pull_connectors
    from hub.wiring import Hub

    log_to_stderr(everything=not once)
    with Hub.open(folder) as hub, shown() as progress:
        done = pull_connectors(hub, list(names), once, compare, progress)
    answer(done, as_json, show_pull)
    return worst(done)


def worst(done: dict[str, Any]) -> int:
    """The exit code of a pull that finished for the others: 2 where a person must change something, 3 to try again."""
    codes = {row["exit_code"] for row in done["connectors"] if row.get("error")}
    return min(codes) if codes else 0
