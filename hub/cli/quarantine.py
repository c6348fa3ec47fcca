"""``wastehub quarantine …``: for the steward who deals with what was set aside."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hub.cli.lazy import GroupInOrder
from hub.cli.logs import log_to_stderr
from hub.cli.out import answer, json_option
from hub.cli.set_aside import show_decided, show_quarantine, show_redriven
from hub.cli.tree import show_tree
from hub.events.refusals import STATES
from hub.texts import translate

LIMIT = 20
_id = click.argument("id_", metavar="ID")


def _by_a_person(command: Callable[..., Any]) -> Callable[..., Any]:
    """A decision is kept with who made it and why."""
    person = click.option(
        "--person",
        default=getpass.getuser,
        help="Who decides this (default: the user logged in); it is kept with the decision.",
    )
    reason = click.option("--reason", default="", help="Why; it is kept with the decision.")
    decided: Callable[..., Any] = person(reason(json_option(click.pass_obj(command))))
    return decided


@click.group(cls=GroupInOrder)
def quarantine() -> None:
    """Records that were set aside, and what to do with them."""


@quarantine.command("list")
@click.option(
    "--state", type=click.Choice([*STATES, "all"]), default="open", show_default=True, help="Only those in this state."
)
@click.option("--connector", help="Only those of this connector.")
@click.option("--error", help="Only those with this error, such as CODE_UNMAPPED.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many records (default: 20; with --json all).")
@json_option
@click.pass_obj
def list_(
    folder: Path, *, state: str, connector: str | None, error: str | None, limit: int | None, as_json: bool
) -> None:
    """What was set aside, and why.

    Where there are more records than the limit, they are first counted by connector and error.
    """
    from hub.run.setting_aside import quarantine_list
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = quarantine_list(hub, state, connector, error, limit or (None if as_json else LIMIT))
    answer(found, as_json, show_quarantine)


@quarantine.command()
@_id
@json_option
@click.pass_obj
def show(folder: Path, id_: str, as_json: bool) -> None:
    """One record that was set aside: as the source gave it, and everything that is wrong with it."""
    from hub.run.setting_aside import quarantine_show
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = quarantine_show(hub, id_)
    answer(found, as_json, show_tree)


@quarantine.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--connector", help="Every open record of this connector.")
@_by_a_person
def redrive(
    folder: Path, *, ids: tuple[str, ...], connector: str | None, person: str, reason: str, as_json: bool
) -> None:
    """Map open records again, by the connector's file as it is now."""
    from hub.run.setting_aside import redrive as redrive_records
    from hub.wiring import Hub

    if not ids and connector is None:
        raise click.UsageError(translate("Name records by ID, or all of a connector by --connector."))
    log_to_stderr(everything=False)
    with Hub.open(folder) as hub:
        done = redrive_records(hub, list(ids), connector, person, reason)
    answer(done, as_json, show_redriven)


@quarantine.command()
@_id
@_by_a_person
def approve(folder: Path, *, as_json: bool, **decision: str) -> None:
    """Let retractions go through that were held back because too many records vanished at once."""
    from hub.run.setting_aside import approve as approve_record

    answer(_decided(folder, approve_record, **decision), as_json, show_decided)


@quarantine.command()
@_id
@_by_a_person
def reject(folder: Path, *, as_json: bool, **decision: str) -> None:
    """Say that a record shall never count, and close it."""
    from hub.run.setting_aside import reject as reject_record

    answer(_decided(folder, reject_record, **decision), as_json, show_decided)


def _decided(folder: Path, act: Callable[..., dict[str, Any]], **decision: str) -> dict[str, Any]:
    from hub.wiring import Hub

    log_to_stderr(everything=False)
    with Hub.open(folder) as hub:
        return act(hub, **decision)
