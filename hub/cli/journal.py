"""``wastehub journal …``: the ordered store of everything that was said."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.out import json_option, show_json
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
    if as_json:
        show_json({"identity": identity, "topics": rows})
    else:
        from hub.cli.tables import console, table

        console().print(translate("Journal {identity}", identity=identity))
        console().print(table(("topic", "partition", "end"), rows))
