"""An error as a person reads it, on stderr."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from hub.cli.visible import visible, width
from hub.errors import ConfigWrong, HubError, Problem
from hub.texts import translate


def complain(error: HubError) -> None:
    """Print ``error`` and what to do about it."""
    if isinstance(error, ConfigWrong):
        for problem in error.problems:
            click.echo("\n".join(problem_lines(problem)), err=True)
    count = visible(translate(error.template, **error.facts))
    click.echo(translate("Error: {message}", message=count), err=True)
    if error.remedy:
        click.echo(translate("What to do: {remedy}", remedy=translate(error.remedy, **error.facts)), err=True)


def problem_lines(problem: Problem) -> list[str]:
    """Where the mistake is, what it is, the line with a caret under it, and what may have been meant."""
    message = translate(problem.message, **problem.facts)
    return mistake_lines(vars(problem) | {"message": message})


def mistake_lines(mistake: Mapping[str, Any]) -> list[str]:
    """The same for a mistake as ``connector check --json`` gives it: its message is a text already."""
    line, column, suggestion = mistake["line"], mistake["column"], mistake.get("suggestion")
    place = ":".join(str(part) for part in (mistake["file"], line, column) if part is not None)
    lines = [f"{place}: {mistake['error']}: {mistake['message']}"]
    if mistake.get("source_line") is not None:
        text = mistake["source_line"].rstrip("\n").expandtabs(1)
        lines.append(f"{line or '':>5} | {text}")
        if column is not None:
            lines.append("      | " + " " * width(text[: column - 1]) + "^")
    if suggestion:
        lines.append(translate("      did you mean {suggestion}?", suggestion=suggestion))
    return lines
