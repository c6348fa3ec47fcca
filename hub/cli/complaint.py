"""An error as a person reads it, on stderr."""

from __future__ import annotations

import unicodedata

import click

from hub.errors import ConfigWrong, HubError, Problem
from hub.texts import translate


def complain(error: HubError) -> None:
    """Print ``error`` and what to do about it."""
    if isinstance(error, ConfigWrong):
        for problem in error.problems:
            click.echo("\n".join(problem_lines(problem)), err=True)
    count = translate(error.template, **error.facts)
    click.echo(translate("Error: {message}", message=count), err=True)
    if error.remedy:
        click.echo(translate("What to do: {remedy}", remedy=translate(error.remedy, **error.facts)), err=True)


def problem_lines(problem: Problem) -> list[str]:
    """Where the mistake is, what it is, the line with a caret under it, and what may have been meant."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    lines = [f"{place}: {problem.error}: {translate(problem.message, **problem.facts)}"]
    if problem.source_line is not None:
        text = problem.source_line.rstrip("\n").expandtabs(1)
        number = f"{problem.line or '':>5} | "
        lines.append(number + text)
        if problem.column is not None:
            before = text[: problem.column - 1]
            lines.append(" " * 5 + " | " + " " * width(before) + "^")
    if problem.suggestion:
        lines.append(translate("      did you mean {suggestion}?", suggestion=problem.suggestion))
    return lines


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
