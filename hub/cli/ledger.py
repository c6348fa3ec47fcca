"""``wastehub ledger``: the one ledger, as far as anybody asks."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.out import answer, json_option
from hub.cli.tables import show_ledger
from hub.texts import translate

COLUMNS = ("period", "region", "stream", "scheme", "code", "kind", "department")


def _columns(_context: click.Context, _option: click.Parameter, text: str) -> list[str]:
    by = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in by if name not in COLUMNS]
    if unknown or not by:
        raise click.BadParameter(
            translate(
                "{unknown} is no column of the ledger; known: {known}",
                unknown=",".join(unknown),
                known=",".join(COLUMNS),
            )
        )
    return by


@click.command()
@click.option("--period", help="2026 with all months and quarters in it, 2026Q1 with its months, or 2026-03.")
@click.option("--region", help="Only this region, by its GB/T 2260 code.")
@click.option("--stream", help="Only this stream, such as domestic.")
@click.option(
    "--by",
    default="period,stream,kind",
    show_default=True,
    callback=_columns,
    help="Columns to sum by, of period,region,stream,scheme,code,kind,department.",
)
@json_option
@click.pass_obj
def ledger(
    folder: Path, *, period: str | None, region: str | None, stream: str | None, by: list[str], as_json: bool
) -> None:
    """Show the ledger.

    Without department among the columns only booked reports are summed; with it every department's report appears.
    """
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = hub.ledger(by=by, period=period, region=region, stream=stream)
    answer(found, as_json, lambda shown: show_ledger(shown, by))
