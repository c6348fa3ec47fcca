"""What the reading commands show a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from hub.cli.cells import FIGURES, cell
from hub.cli.complaint import mistake_lines
from hub.cli.figures import scale_for
from hub.cli.grid import Column, show_grid
from hub.cli.set_aside import show_record
from hub.cli.tree import show_tree
from hub.cli.visible import visible
from hub.cli.words import city_time, heading, value_of
from hub.texts import N_, translate

EXPLAINED = {
    "lines": (
        "period", "region", "stream", "scheme", "code", "kind", "department", "booked", "mass_g", "count", "entries",
    ),
    "accounts": ("period", "region", "stream", "scheme", "code", "account", "debit_g", "credit_g", "complete"),
    "entries": ("entity_id", "kind", "period", "region", "code", "mass_g", "count", "connector", "source_key"),
}  # fmt: skip


def show_table(columns: Sequence[str], rows: Sequence[dict[str, Any]], title: str = "") -> None:
    """Rows as they are; figures to the right with thousands separators, masses in one unit, names in words."""
    scale = scale_for(row["mass_g"] for row in rows) if "mass_g" in columns else None
    units = {"mass_g": f" ({translate(scale.sentence)})"} if scale else {}
    shown = [Column(heading(column) + units.get(column, ""), column in FIGURES) for column in columns]
    cells = [
        [
            scale.show(row["mass_g"]) if scale and column == "mass_g" else cell(column, row.get(column))
            for column in columns
        ]
        for row in rows
    ]
    show_grid(shown, cells, title)


def show_pull(done: dict[str, Any]) -> None:
    """A row per connector, and in words why one did not answer."""
    rows = done["connectors"]
    show_table(("name", "read", "events", "unchanged", "skipped", "quarantined"), rows)
    for row in rows:
        if row.get("error"):
            click.secho(f"{visible(row['name'])}: {visible(row['error'])}", fg="red")


def show_projections(done: dict[str, Any]) -> None:
    """A row per projection; a lag that was not counted is marked as the most that it can be."""
    figures = ("applied", "superseded", "quarantined", "not_a_record", "lag_events", "lag_seconds")
    rows = [
        row if row.get("lag_counted", True) else row | {"lag_events": f"≤ {row['lag_events']:,}"}
        for row in done["projections"]
    ]
    show_table(("name", "version", *figures), rows)


def show_connectors(found: dict[str, Any]) -> None:
    """A row per connector."""
    rows = [row | {"source": row["kind"]} for row in found["connectors"]]
    if rows:
        show_table(("name", "title", "department", "source", "every_seconds", "tests", "path"), rows)
    else:
        click.echo(translate("This hub has no connector yet. docs/connector.md shows how to write one."))


def show_ledger(found: dict[str, Any], by: Sequence[str]) -> None:
    """The lines asked for; under them until when, and how many were left out for being coarser than the period."""
    rows = found["rows"]
    if rows:
        extra = ["booked"] if "department" in by and "booked" not in by else []
        show_table([*by, *extra, "mass_g", "count", "entries"], rows)
    else:
        click.echo(translate("The ledger has no such line."))
    if found.get("as_of"):
        click.echo(translate("The ledger last moved at {time}.", time=city_time(found["as_of"])))
    if found.get("coarser"):
        text = translate("{count} line(s) of coarser periods are not counted here.", count=found["coarser"])
        click.secho(text, fg="yellow")


def show_errors(found: dict[str, Any]) -> None:
    """Every mistake in the files, one after the other."""
    for error in found["errors"]:
        click.echo("\n".join(map(visible, mistake_lines(error))))
    if not found["errors"]:
        click.secho(translate("No mistake found."), fg="green")


def show_tests(found: dict[str, Any]) -> None:
    """A mark per test; under a failed one what was expected and what came."""
    for case in found["tests"]:
        click.echo(f"{_mark(case['passed'])} {visible(case['connector'])}  {visible(case['name'])}")
        for difference in case.get("differences", ()):
            click.echo(f"      {cell('difference', difference)}")
    if not found["tests"]:
        click.echo(translate("No connector here has a test."))


def show_preview(found: dict[str, Any]) -> None:
    """The events, with only the fields that say something; then what would be set aside, and why."""
    for row in found["rows"]:
        show_tree(
            {name: value for name, value in row.items() if name != "source_key"}, cell("source_key", row["source_key"])
        )
    for row in found["quarantined"]:
        show_record({name: value for name, value in row.items() if name != "id"})


def show_checks(found: dict[str, Any]) -> None:
    """A mark per part; what to do where it is not in order."""
    for check in found["checks"]:
        part = click.style(value_of("part_of_a_hub", check["part"]), bold=True)
        click.echo(f"{_mark(check['ok'])} {part}  {cell('found', check['found'])}")
        if check.get("remedy"):
            click.echo(f"    {translate('What to do: {remedy}', remedy=visible(check['remedy']))}")


def show_explained(found: dict[str, Any]) -> None:
    """Lines, accounts and entries as tables; events, records set aside and decisions whole."""
    show_tree({name: value for name, value in found.items() if not isinstance(value, list)})
    for part, columns in EXPLAINED.items():
        rows = found.get(part) or []
        if rows:
            show_table([name for name in columns if name in rows[0]], rows, title=heading(part))
    acts = [
        {"decision" if name == "kind" else name: value for name, value in act.items()} for act in found.get("acts", ())
    ]
    show_tree({"events": found.get("events"), "quarantine": found.get("quarantine"), "acts": acts})


def show_fields(schema: dict[str, Any]) -> None:
    """A row per field of an Avro schema."""
    columns = [Column(translate(name)) for name in (N_("field"), N_("type"), N_("meaning"))]
    rows = [[field["name"], _type(field["type"]), field.get("doc", "")] for field in schema["fields"]]
    show_grid(columns, rows, title=schema["name"])


def _type(avro: Any) -> str:
    if isinstance(avro, list):
        return " | ".join(map(_type, avro))
    return str(avro.get("logicalType", avro["type"])) if isinstance(avro, dict) else str(avro)


def _mark(is_good: bool) -> str:
    return click.style("✓", fg="green") if is_good else click.style("✗", fg="red")
