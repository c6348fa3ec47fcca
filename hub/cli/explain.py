"""``wastehub explain``: from a figure to the source records, and back."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.out import answer, json_option
from hub.cli.tables import show_explained


@click.command()
@click.argument("id_", metavar="ID")
@json_option
@click.pass_obj
def explain(folder: Path, id_: str, as_json: bool) -> None:
    """Show what is behind a figure, entity, event or source key.

    From a line of the ledger to its entries, their events and the records as the sources gave them, and back.

    ID is a source key (a JSON array where it has several columns), an entity, an event, a record set aside, or a line
    such as line:2026-03/371502/domestic/SW/SW61/COLLECTED/* where * is any; ledger --json has the ids of its lines.
    """
    from hub.steward.explain import explain as trace
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = trace(hub.journal(), hub.views(), id_)
    answer(found, as_json, show_explained)
