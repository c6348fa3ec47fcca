"""The documents say only what is so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hub.cli.main import wastehub
from hub.intake.connector_file import parse_connector
from tests.rules import code, reference

PAGES = (*sorted(code.ROOT.glob("README*.md")), *sorted((code.ROOT / "docs").glob("*.md")))
COMMAND = re.compile(r"(?:\.venv/bin/)?wastehub(?: [^`\n|;#]+)?")
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```", re.M | re.S)


def _code(page: Path) -> Iterator[str]:
    """What a page shows as code: fenced blocks of shell, and inline code."""
    text = page.read_text(encoding="utf-8")
    yield from (body for language, _, body in FENCE.findall(text) if language in ("sh", "console"))
    yield from re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def _commands(page: Path) -> Iterator[str]:
    for shown in _code(page):
        for line in shown.splitlines():
            found = COMMAND.match(line.removeprefix("$ ").strip())
            if found:
                yield found[0].partition("wastehub")[2].strip()


def test_every_command_shown_exists() -> None:
    """Each wastehub command in README and docs names a command and options that exist."""
    shown = [text for page in PAGES if page != reference.PAGE for text in _commands(page)]
    assert len(shown) > 20
    for text in shown:
        args = shlex.split(text)
        _known(args[2:] if args[:1] == ["-C"] else args)


def _known(args: list[str]) -> None:
    command: click.Command = wastehub
    while isinstance(command, click.Group) and args and not args[0].startswith("-"):
        found = command.get_command(click.Context(command), args[0])
        assert found is not None, args
        command, args = found, args[1:]
    known = {option for param in command.params for option in param.opts} | {"--help"}
    assert {arg.partition("=")[0] for arg in args if arg.startswith("-")} <= known, args


def test_the_reference_is_made_from_the_code() -> None:
    """docs/reference.md is what `make reference` writes."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), "run: make reference"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page leads to a file of the repository."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_complete_connectors_are_right() -> None:
    """Each complete connector.yaml shown in the documents is read without a problem."""
    shown = [
        (page, body) for page in PAGES for language, _, body in FENCE.findall(page.read_text(encoding="utf-8"))
        if language == "yaml" and body.startswith("hub: 1")
    ]
    assert len(shown) >= 2
    for page, body in shown:
        assert parse_connector(body, page)[1] == []


def test_every_make_target_shown_exists() -> None:
    """Each `make WORD` in the documents is a target of the Makefile that its list explains."""
    targets = set(re.findall(r"^([a-z]+):.*##", (code.ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    shown = {word for page in PAGES for text in _code(page) for word in re.findall(r"\bmake ([a-z]+)", text)}
    assert shown
    assert shown <= targets
