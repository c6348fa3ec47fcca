"""``wastehub journal …``: the ordered store of everything that was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.cli.out import answer, json_option
from hub.cli.tables import show_table
from hub.texts import translate


@click.group()
def journal() -> None:
    """What the journal holds."""


@journal.command()
@json_option
@click.pass_obj
def show(folder: Path, as_json: bool) -> None:
    """Which journal this is, and the position after the last message of every topic and partition."""
    from hub.journal.port import TOPICS
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        opened = hub.journal()
        identity = opened.identity
        rows = [
            {"topic": topic, "partition": partition, "end": end}
            for topic in TOPICS
            for partition, end in sorted(opened.end(topic).items())
        ]
    answer({"identity": identity, "topics": rows}, as_json, _show_ends)


def _show_ends(found: dict[str, Any]) -> None:
    click.echo(translate("Journal {identity}", identity=found["identity"]))
    show_table(("topic", "partition", "end"), found["topics"])
