"""docs/reference.md, made from the commands and the refusals themselves: ``python -m tests.rules.reference``."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

import click

from hub.cli.main import wastehub
from hub.events.refusals import REFUSALS
from hub.intake.connector_problems import REFUSALS as FILE_REFUSALS
from hub.texts import speak, translate
from tests.rules.code import ROOT

PAGE = ROOT / "docs/reference.md"
HEAD = """\
# Reference

Made by `make reference` from the code; a test holds it to that.

## Exit codes
| code | meaning |
|---|---|
| 0 | done; records set aside in quarantine are a normal outcome of `pull` |
| 1 | done, but what was asked about is not in order: a failed check, test or part of `doctor` |
| 2 | the request or the configuration is wrong, or it is refused in the present state |
| 3 | an outside system did not answer; the others were finished; trying again may help |
| 101 | a bug in wastehub |
| 130 | interrupted by Ctrl-C |

Every command with `--json` prints one JSON document on stdout; logs go to stderr. Texts are Chinese unless the locale
begins with `en`. `-C DIR` before the command works on the hub in DIR.

## Commands
"""


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join([*_commands(), *_records(), *_files()]) + "\n"


def leaf_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    context = click.Context(wastehub)
    for name in wastehub.list_commands(context):
        command = wastehub.get_command(context, name)
        assert command is not None
        below = command.commands if isinstance(command, click.Group) else {"": command}
        yield from ((f"{name} {sub}".strip(), leaf) for sub, leaf in below.items())


def _commands() -> Iterator[str]:
    speak("en")
    for name, command in leaf_commands():
        context = click.Context(command, info_name=f"wastehub {name}")
        yield f"### `{' '.join([f'wastehub {name}', *command.collect_usage_pieces(context)])}`"
        yield inspect.cleandoc(command.help or "")
        yield ""
        options = [param.get_help_record(context) for param in command.params]
        yield from (f"- `{shown[0]}`: {shown[1]}" for shown in options if shown and shown[1])
        yield ""
    speak("zh")


def _records() -> Iterator[str]:
    yield "## Why a record is set aside"
    yield "The list is closed; a record meets the checks in this order, and every failing field is reported at once.\n"
    yield from _table(("name", "what is wrong", "", "what to do"), (
        (f"`{r.error}`", _plain(r.sentence), translate(r.sentence), _plain(r.remedy)) for r in REFUSALS.values()
    ))


def _files() -> Iterator[str]:
    yield "\n## What can be wrong in a connector.yaml\nEvery mistake is reported at once, with file, line and column.\n"
    yield from _table(("name", "what is wrong", ""), (
        (f"`{name}`", template, _catalogued(template)) for name, template in FILE_REFUSALS.items()
    ))


def _catalogued(template: str) -> str:
    from tests.rules.messages import catalogue

    found = catalogue().get(template)
    return str(found.string) if found is not None else template


def _plain(template: str) -> str:
    return template.format()


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    yield from ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
