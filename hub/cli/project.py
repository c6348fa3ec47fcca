"""``wastehub project``: from the journal into the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.logs import log_to_stderr
from hub.cli.out import answer, json_option
from hub.cli.tables import show_projections


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--once", is_flag=True, help="To the journal's end as it is now, then stop.")
@click.option("--rebuild", is_flag=True, help="Fold the whole journal anew, beside what stands, and then swap.")
@json_option
@click.pass_obj
def project(folder: Path, names: tuple[str, ...], once: bool, rebuild: bool, as_json: bool) -> int:
    """Fold the journal's events into the ledger.

    Without NAME every projection. Without --once it goes on until it is stopped.
    """
    from hub.cli.progress import shown
    from hub.run.projecting import project as fold_projections
    from hub.wiring import Hub

    log_to_stderr(everything=not once)
    with Hub.open(folder) as hub, shown() as progress:
        done = fold_projections(hub, list(names), once, rebuild, progress)
    answer(done, as_json, show_projections)
    return 0
