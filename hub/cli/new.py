"""``wastehub new``: a folder that is a hub."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hub.errors import Refused
from hub.texts import translate

HUB_TOML = """\
# The whole configuration of this hub; every key has a default. No secret belongs here: write "env:NAME" or "file:PATH".
[hub]
name    = {name}
city    = {city}                       # GB/T 2260
journal = "sqlite:data/journal.db"
store   = "sqlite:data/store.db"

[connectors]
use     = []                             # connectors that ship with the product and run here, e.g. ["examples/dsny"]
"""
GITIGNORE = "data/\n"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", default="无废城市数据枢纽", help="What the hub is called.")
@click.option("--city", default="371500", help="The city's GB/T 2260 code.")
def new(folder: Path, name: str, city: str) -> None:
    """Make a new, empty hub in DIR."""
    if (folder / "hub.toml").exists():
        raise Refused("{folder} is a hub already.", remedy="Choose another folder.", folder=str(folder))
    try:
        (folder / "connectors").mkdir(parents=True, exist_ok=True)
        _write_new(folder / "hub.toml", HUB_TOML.format(name=_toml(name), city=_toml(city)))
        if not (folder / ".gitignore").exists():
            _write_new(folder / ".gitignore", GITIGNORE)
    except OSError as error:
        raise Refused("{folder} cannot be written: {reason}", folder=str(folder), reason=error.strerror) from error
    click.echo(translate("{folder} is a hub now. Next:", folder=str(folder)))
    click.echo("  connectors/<department>/<system>/connector.yaml")
    for step in ("connector check", "pull --once", "project --once", "ledger"):
        click.echo(f"  wastehub -C {folder} {step}")


def _toml(text: str) -> str:
    # A JSON string is a TOML basic string, except for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as out:
        out.write(text)
