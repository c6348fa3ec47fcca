"""``wastehub schema …``: the schemas of the three topics, for whoever reads them or wants to change one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from hub.cli.lazy import GroupInOrder
from hub.cli.out import answer, json_option
from hub.cli.tables import show_fields
from hub.errors import RequestWrong
from hub.texts import translate

NAMES = ("waste_event", "quarantine", "act")


@click.group(cls=GroupInOrder)
def schema() -> None:
    """The schemas of the three topics, and whether they may change so."""


@schema.command()
@click.argument("name", type=click.Choice(NAMES), default="waste_event")
@json_option
@click.pass_obj
def show(_folder: Path, name: str, as_json: bool) -> None:
    """The Avro schema that messages are written with now; each field says its unit and meaning."""
    from hub.events.schema import text

    answer(json.loads(text(name)), as_json, show_fields)


@schema.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_obj
def check(_folder: Path, files: tuple[Path, ...], as_json: bool) -> int:
    """Say whether FILE may follow what was released; without FILE, whether the product's own schemas are in order."""
    from hub.events import compatibility

    if files:
        found = [
            (name, compatibility.incompatibilities(compatibility.released(name)[-1], text))
            for name, text in map(_read, files)
        ]
    else:
        found = [(name, compatibility.check(name)) for name in NAMES]
    checks = [
        {"name": name, "problems": [{"rule": x.rule, "message": translate(x.message, **x.facts)} for x in problems]}
        for name, problems in found
    ]
    answer({"checks": checks}, as_json, _say)
    return 1 if any(check["problems"] for check in checks) else 0


def _read(file: Path) -> tuple[str, str]:
    """The name and text of a candidate; it must be one of ours."""
    try:
        text = file.read_text(encoding="utf-8")
        name = json.loads(text)["name"].rpartition(".")[2]
    except OSError as error:
        raise RequestWrong("{path}: {reason}", path=str(file), reason=error.strerror) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RequestWrong("{path} is no Avro schema", path=str(file)) from error
    known = {_name_in(candidate): candidate for candidate in NAMES}
    if name not in known:
        raise RequestWrong("{path} is no schema of the hub; known: {known}", path=str(file), known=", ".join(known))
    return known[name], text


def _name_in(schema_name: str) -> str:
    from hub.events.schema import text

    return str(json.loads(text(schema_name))["name"]).rpartition(".")[2]


def _say(found: dict[str, Any]) -> None:
    for check in found["checks"]:
        if check["problems"]:
            click.echo(translate("{name} may not change so:", name=check["name"]))
            for problem in check["problems"]:
                click.echo(f"  {problem['rule']}: {problem['message']}")
        else:
            click.echo(translate("{name} is in order.", name=check["name"]))
