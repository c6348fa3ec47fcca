"""``wastehub demo``: a made-up city, from its departments' systems to its one ledger."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.logs import log_to_stderr
from hub.errors import Refused
from hub.texts import translate

if TYPE_CHECKING:
    from hub.cli.progress import Progress
    from hub.wiring import Hub

#: What a demo that was stopped half-way leaves behind, and the next one writes over.
ITS_OWN = {"systems", "truth.csv", "truth.json"}


@click.command()
@click.argument("folder", metavar="[DIR]", default="demo", type=click.Path(path_type=Path, file_okay=False))
@click.option("--months", default=12, show_default=True, type=click.IntRange(1, 120), help="How many months.")
@click.option(
    "--scale",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 100, min_open=True),
    help="1 is a city of 6 million people: 200,000 records a year.",
)
@click.option("--no-serve", is_flag=True, help="End when the ledger is shown; serve no pages.")
def demo(folder: Path, months: int, scale: float, no_serve: bool) -> int:
    """Show a made-up city: five departments' systems become one ledger.

    DIR stays a hub that works. Run again on the same DIR, it pulls nothing twice.
    """
    from hub.cli.progress import shown
    from hub.wiring import Hub

    log_to_stderr(everything=False)
    started = time.monotonic()
    with shown() as progress:
        _make(folder, months, scale, progress)
        with Hub.open(folder) as hub:
            done = _account(hub, progress)
    _show(done)
    click.echo(
        translate(
            "It took {seconds} s. {folder} is a hub that works; look into it:",
            seconds=round(time.monotonic() - started, 1),
            folder=str(folder),
        )
    )
    for step in ("ledger --period 2025-01 --by stream,kind,department", "quarantine list", "connector list", "doctor"):
        click.echo(f"  wastehub -C {folder} {step}")
    return 3 if any(row.get("error") for row in done["pulled"]["connectors"]) else 0


def _account(hub: Hub, progress: Progress) -> dict[str, Any]:
    """Pull everything and fold everything."""
    from hub.projector.query import summary
    from hub.run.projecting import project
    from hub.run.pulling import pull
    from hub.run.setting_aside import quarantine_list

    pulled = pull(hub, [], True, False, progress)
    project(hub, [], True, False, progress)
    return {
        "name": hub.config.name,
        "pulled": pulled,
        "year": summary(hub.views()),
        "set_aside": quarantine_list(hub),
    }


def _show(done: dict[str, Any]) -> None:
    from hub.cli.set_aside import show_reasons
    from hub.cli.tables import show_pull
    from hub.cli.year import show_year

    show_pull(done["pulled"])
    show_year(done["year"], translate("One ledger of {hub}", hub=done["name"]))
    show_reasons(done["set_aside"])


def _make(folder: Path, months: int, scale: float, progress: Progress) -> None:
    """Write the departments' systems, and then the hub: a folder with a hub.toml has all of its systems."""
    from hub.demo.city import WRITERS, generate
    from hub.demo.hub_folder import make_hub

    if (folder / "hub.toml").exists():
        return
    if folder.exists() and any(path.name not in ITS_OWN for path in folder.iterdir()):
        raise Refused(
            "{folder} holds other things, and the demo would write among them.",
            remedy="Name an empty folder: wastehub demo DIR",
            folder=str(folder),
        )
    written: list[str] = []

    def tell(name: str) -> None:
        progress(translate("writing the departments' systems"), len(written), len(WRITERS))
        written.append(name)

    generate(folder, months, scale, progress=tell)
    make_hub(folder)
