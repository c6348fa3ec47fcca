"""``wastehub quarantine …``: for the steward who deals with what was set aside."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hub.cli.logs import log_to_stderr
from hub.cli.out import json_option, show_json
from hub.texts import translate

STATES = ("open", "pending", "resolved", "superseded", "rejected", "all")
_person = click.option(
    "--person", default=getpass.getuser, help="Who decides this (default: the user logged in); it is kept with the decision."
)
_reason = click.option("--reason", default="", help="Why; it is kept with the decision.")


@click.group()
def quarantine() -> None:
    """Records that were set aside, and what to do with them."""


@quarantine.command("list")
@click.option("--state", type=click.Choice(STATES), default="open", show_default=True, help="Only those in this state.")
@json_option
@click.pass_obj
def list_(folder: Path, state: str, as_json: bool) -> None:
    """What was set aside, and why."""
    from hub.run import quarantine_list
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = quarantine_list(hub, state)
    if as_json:
        show_json(found)
    else:
        from hub.cli.tables import show_quarantine

        show_quarantine(found)


@quarantine.command()
@click.argument("id_", metavar="ID")
@json_option
@click.pass_obj
def show(folder: Path, id_: str, as_json: bool) -> None:
    """One record that was set aside: as the source gave it, and everything that is wrong with it."""
    from hub.run import quarantine_show
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = quarantine_show(hub, id_)
    _show(found, as_json)


@quarantine.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--connector", help="Every open record of this connector.")
@_person
@_reason
@json_option
@click.pass_obj
def redrive(
    folder: Path, *, ids: tuple[str, ...], connector: str | None, person: str, reason: str, as_json: bool
) -> None:
    """Map open records again, by the connector's file as it is now."""
    from hub.run import redrive as redrive_records
    from hub.wiring import Hub

    if not ids and connector is None:
        raise click.UsageError(translate("Name records by ID, or all of a connector by --connector."))
    log_to_stderr(everything=False)
    with Hub.open(folder) as hub:
        found = redrive_records(hub, list(ids), connector, person, reason)
    _show(found, as_json)


@quarantine.command()
@click.argument("id_", metavar="ID")
@_person
@_reason
@json_option
@click.pass_obj
def approve(folder: Path, id_: str, person: str, reason: str, as_json: bool) -> None:
    """Let retractions go through that were held back because too many records vanished at once."""
    from hub.run import approve as approve_record

    _show(_decide(approve_record, folder, id_, person, reason), as_json)


@quarantine.command()
@click.argument("id_", metavar="ID")
@_person
@_reason
@json_option
@click.pass_obj
def reject(folder: Path, id_: str, person: str, reason: str, as_json: bool) -> None:
    """Say that a record shall never count, and close it."""
    from hub.run import reject as reject_record

    _show(_decide(reject_record, folder, id_, person, reason), as_json)


def _decide(act: Callable[..., dict[str, Any]], folder: Path, id_: str, person: str, reason: str) -> dict[str, Any]:
    from hub.wiring import Hub

    log_to_stderr(everything=False)
    with Hub.open(folder) as hub:
        return act(hub, id_, person, reason)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        from hub.cli.tables import show_tree

        show_tree(found)
