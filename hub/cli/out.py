"""What a command prints: one JSON document, or text for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

json_option: Callable[..., Any] = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def answer(document: Any, as_json: bool, for_people: Callable[[Any], None]) -> None:
    """Print what a command found: as JSON for a script, else the way ``for_people`` does it."""
    if as_json:
        show_json(document)
    else:
        for_people(document)


def show_json(document: Any) -> None:
    """Print ``document`` as the one JSON document on stdout."""
    import json

    escape = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
    click.echo(json.dumps(document, ensure_ascii=escape, indent=2, default=str))


def on_terminal() -> bool:
    """Whether a person watches: progress is shown to nobody else."""
    return sys.stderr.isatty()
