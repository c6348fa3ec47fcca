"""``wastehub run``: pull and project until somebody says stop."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from hub.cli.logs import log_to_stderr


@click.command()
@click.pass_obj
def run(folder: Path) -> None:
    """Pull and project continuously, in one process.

    SIGTERM and Ctrl-C end it after the batch in hand.
    """
    from hub.run.loop import run as run_hub
    from hub.wiring import Hub

    log_to_stderr(everything=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Hub.open(folder) as hub:
        run_hub(hub, stop)
