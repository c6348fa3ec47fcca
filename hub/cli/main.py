"""``wastehub``: what it understands, and how it ends (exit codes are in docs/reference.md)."""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from hub.cli.complaint import complain
from hub.cli.lazy import LazyGroup, Place, in_language
from hub.config import locale_name
from hub.errors import HubError
from hub.texts import DOMAIN, FOLDER, N_, speak, translate

DONE, NOT_IN_ORDER, WRONG, NO_ANSWER, BUG, INTERRUPTED = 0, 1, 2, 3, 101, 130

COMMANDS = {
    "new": Place("hub.cli.new:new", N_("Make a new, empty hub in DIR.")),
    "demo": Place("hub.cli.demo:demo", N_("Show a made-up city: five departments' systems become one ledger.")),
    "doctor": Place("hub.cli.doctor:doctor", N_("Say what is wrong, and what to do about it.")),
    "run": Place("hub.cli.run:run", N_("Pull and project continuously, in one process.")),
    "connector": Place("hub.cli.connector:connector", N_("The files that plug in a department's system.")),
    "pull": Place("hub.cli.pull:pull", N_("Read the sources; new and changed records become events.")),
    "project": Place("hub.cli.project:project", N_("Fold the journal's events into the ledger.")),
    "ledger": Place("hub.cli.ledger:ledger", N_("Show the ledger.")),
    "explain": Place("hub.cli.explain:explain", N_("Show what is behind a figure, entity, event or source key.")),
    "quarantine": Place("hub.cli.quarantine:quarantine", N_("Records that were set aside, and what to do with them.")),
    "journal": Place("hub.cli.journal:journal", N_("What the journal holds.")),
    "schema": Place("hub.cli.schema:schema", N_("The schemas of the three topics, and whether they may change so.")),
}


def main() -> NoReturn:
    """Do what the command line says, and exit with the code of its outcome."""
    sys.exit(run(sys.argv[1:]))


def run(args: Sequence[str]) -> int:
    """Do what ``args`` say; every error becomes a message on stderr. Returns the exit code."""
    _speak_the_users_language()
    try:
        code = _invoke(args)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.ClickException as error:
        error.show()
        code = WRONG
    except HubError as error:
        complain(error)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; the interpreter must not complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    except Exception:  # noqa: BLE001 - the last wall: whatever it is, say that the mistake is ours
        _confess()
        code = BUG
    return code


@click.group(cls=LazyGroup, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    default=Path(),
    type=click.Path(path_type=Path),
    help="Work on the hub in DIR instead of the current folder.",
)
@click.version_option(package_name="wastehub", prog_name="wastehub")
@click.pass_context
def wastehub(context: click.Context, folder: Path) -> None:
    """One ledger of every tonne of waste, from the records that departments keep in their own systems."""
    context.obj = folder


def _invoke(args: Sequence[str]) -> int:
    command = in_language(wastehub)
    with command.make_context("wastehub", list(args)) as context:
        return command.invoke(context) or DONE


def _speak_the_users_language() -> None:
    language = locale_name()
    speak(language)
    # click looks its own texts up in the process's gettext, and that one asks LANGUAGE first.
    os.environ["LANGUAGE"] = "en" if language == "en" else "zh_CN"
    gettext.bindtextdomain(DOMAIN, FOLDER)
    gettext.textdomain(DOMAIN)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _confess() -> None:
    import traceback

    click.echo(translate("This is a bug in wastehub, not a mistake of yours. Please report what follows:"), err=True)
    traceback.print_exc()
