"""A group of commands whose modules are imported when they are used, so that the first help is fast."""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from hub.texts import translate


@dataclass(frozen=True)
class Place:
    """Where a command is written (``module:attribute``), and the first sentence of its help."""

    where: str
    sentence: str


class GroupInOrder(click.Group):
    """A click group whose commands are listed in the order in which they were written, which is that of their use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Unsorted."""
        return list(self.commands)


class LazyGroup(click.Group):
    """A click group over ``places``; the list of its commands is shown without importing one of them."""

    def __init__(self, *args: Any, places: Mapping[str, Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of their use, too."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now, its help in the language spoken."""
        place = self.places.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.where.partition(":")
        return in_language(getattr(importlib.import_module(module), attribute))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest names of commands that are not imported yet."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=self.places, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name and sentence of every command."""
        with formatter.section(translate("Commands")):
            formatter.write_dl([(name, translate(place.sentence)) for name, place in self.places.items()])


def in_language(command: click.Command) -> click.Command:
    """A copy of ``command`` (and of the commands under it) whose help and options speak the language spoken."""
    spoken = copy.copy(command)
    spoken.help = translate(inspect.cleandoc(command.help or ""))
    spoken.short_help = spoken.help.partition("\n")[0]
    spoken.params = [_option_in_language(param) for param in command.params]
    if isinstance(command, click.Group) and isinstance(spoken, click.Group):
        spoken.commands = {name: in_language(below) for name, below in command.commands.items()}
    return spoken


def _option_in_language(param: click.Parameter) -> click.Parameter:
    if not isinstance(param, click.Option) or not param.help:
        return param
    spoken = copy.copy(param)
    spoken.help = translate(param.help)
    return spoken
