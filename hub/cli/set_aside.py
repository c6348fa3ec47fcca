"""Records that were set aside, as a person reads them: counted first, then one by one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from hub.cli.cells import cell
from hub.cli.grid import Column, show_grid
from hub.cli.visible import visible
from hub.cli.words import error_lines, heading, value_of
from hub.events.refusals import REFUSALS
from hub.texts import translate

Row = dict[str, Any]


def show_quarantine(found: Row) -> None:
    """Where more wait than are shown, how many by connector and error; then the records, and how many more there are."""
    if not found["rows"] and not found["more"]:
        click.secho(translate("Nothing is in quarantine."), fg="green")
    if found["more"]:
        columns = [Column(heading("connector")), Column(heading("why")), Column(heading("records"), is_figure=True)]
        rows = [[visible(c["connector"]), value_of("error", c["error"]), f"{c['records']:,}"] for c in found["counts"]]
        show_grid(columns, rows)
    for row in found["rows"]:
        show_record(row)
    if found["more"]:
        click.secho(translate("{count} more: see them with --limit, or fewer with --connector and --error.",
                              count=found["more"]), fg="yellow")  # fmt: skip


def show_record(row: Row) -> None:
    """Which record, what became of it, and every error of every field."""
    connector = visible(row["connector"]) if row.get("connector") else ""
    key = cell("source_key", row["source_key"]) if row.get("source_key") else visible(row.get("place") or "")
    head = (visible(row.get("id", "")), connector, key, value_of("state", row.get("state")))
    click.secho("  ".join(filter(None, head)), bold=True)
    for error in row.get("errors", ()):
        for line in error_lines(error):
            click.echo(f"    {line}")


def show_reasons(found: Row) -> None:
    """How many records wait, by error, with what each error means."""
    records: Counter[str] = Counter()
    connectors: dict[str, set[str]] = {}
    for row in found["rows"]:
        for error in {str(one["error"]) for one in row["errors"]}:
            records[error] += 1
            connectors.setdefault(error, set()).add(str(row["connector"]))
    if not records:
        return
    title = translate("In quarantine, kept as they came: {count} records", count=len(found["rows"]))
    columns = [
        Column(heading(name), name in ("records", "connectors")) for name in ("why", "records", "connectors", "error")
    ]
    sentences = {error: translate(REFUSALS[error].sentence) if error in REFUSALS else "" for error in records}
    show_grid(columns, [
        [sentences[error], f"{count:,}", f"{len(connectors[error]):,}", error] for error, count in records.most_common()
    ], title)  # fmt: skip


def show_redriven(done: Row) -> None:
    """What came of mapping again."""
    click.echo(translate("{redriven} record(s) fit now and became {events} event(s); {still_open} still wait.",
                         redriven=done["redriven"], events=done["events"], still_open=done["still_open"]))  # fmt: skip


def show_decided(done: Row) -> None:
    """What became of the record decided about."""
    state = value_of("state", done["state"])
    if "events" in done:
        click.echo(
            translate("{id}: {state}, with {events} event(s).", id=done["id"], state=state, events=done["events"])
        )
    else:
        click.echo(translate("{id}: {state}.", id=done["id"], state=state))
