"""What the reading commands show a person: tables, with Chinese characters counted as two columns wide."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from hub.cli.complaint import mistake_lines
from hub.cli.figures import TONNES, name_of, scale_for
from hub.cli.visible import visible
from hub.texts import N_, translate

HEADINGS = {
    "name": N_("name"), "title": N_("title"), "department": N_("department"), "kind": N_("kind"),
    "source": N_("source"), "account": N_("account"), "debit_g": N_("debit"), "credit_g": N_("credit"),
    "complete": N_("complete"), "entity_id": N_("entity"), "record": N_("record"), "errors": N_("errors"),
    "place": N_("place"), "values": N_("values"), "lines": N_("lines"), "accounts": N_("accounts"), "acts": N_("acts"),
       "every_seconds": N_("every (s)"), "tests": N_("tests"), "path": N_("file"),
    "read": N_("read"), "events": N_("events"), "unchanged": N_("unchanged"), "skipped": N_("skipped"),
    "quarantined": N_("quarantined"), "cursor": N_("cursor"), "error": N_("error"),
    "version": N_("version"), "applied": N_("applied"), "superseded": N_("superseded"),
    "not_a_record": N_("not a record"), "lag_events": N_("lag"),
    "period": N_("period"), "region": N_("region"), "stream": N_("stream"), "scheme": N_("scheme"), "code": N_("code"),
    "booked": N_("booked"), "mass_g": N_("mass"), "count": N_("count"), "entries": N_("entries"),
    "id": N_("id"), "connector": N_("connector"), "source_key": N_("source key"), "state": N_("state"),
    "topic": N_("topic"), "partition": N_("partition"), "end": N_("end"), "part": N_("part"), "found": N_("found"),
    "remedy": N_("what to do"),
}
MASSES = {"mass_g", "debit_g", "credit_g"}
FIGURES = {
    "read", "events", "unchanged", "skipped", "quarantined", "applied", "superseded", "not_a_record", "lag_events",
    "mass_g", "debit_g", "credit_g", "count", "entries", "every_seconds", "tests", "partition", "end", "version",
}
EXPLAINED = {
    "lines": (
        "period", "region", "stream", "scheme", "code", "kind", "department", "booked", "mass_g", "count", "entries",
    ),
    "accounts": ("period", "region", "stream", "scheme", "code", "account", "debit_g", "credit_g", "complete"),
    "entries": ("entity_id", "kind", "period", "region", "code", "mass_g", "count", "connector", "source_key"),
}


def console() -> Console:
    """Where tables go. Into a pipe or file they are as wide as they need to be."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 240)


def heading(column: str) -> str:
    """A column's name for people."""
    return translate(HEADINGS[column]) if column in HEADINGS else visible(column)


def table(columns: Sequence[str], rows: Sequence[dict[str, Any]], title: str | None = None) -> Table:
    """Rows as they are; figures to the right with thousands separators, masses in one unit, names in words."""
    scale = scale_for(row["mass_g"] for row in rows) if "mass_g" in columns else None
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        unit = f" ({translate(scale.sentence)})" if scale and column == "mass_g" else ""
        made.add_column(heading(column) + unit, justify="right" if column in FIGURES else "left", overflow="fold")
    for row in rows:
        cells = {column: _cell(column, row.get(column)) for column in columns}
        made.add_row(*(cells | {"mass_g": scale.show(row["mass_g"])} if scale else cells).values())
    return made


def _cell(column: str, value: Any) -> str:
    if isinstance(value, bool) or column in ("booked", "complete"):
        return "✓" if value else "✗"
    if column in MASSES and isinstance(value, int):
        return f"{TONNES.show(value)} {translate(TONNES.sentence)}" if value else "–"
    if isinstance(value, int):
        return f"{value:,}" if column in FIGURES else str(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_cell(key, below)}" for key, below in value.items())
    return name_of(column, value)


def show_pull(done: dict[str, Any]) -> None:
    """A row per connector, and in words why one did not answer."""
    rows = done["connectors"]
    columns = ("name", "read", "events", "unchanged", "skipped", "quarantined")
    console().print(table(columns, rows))
    for row in rows:
        if row.get("error"):
            console().print(Text(f"{row['name']}: {_cell('error', row['error'])}", style="red"))


def show_projections(done: dict[str, Any]) -> None:
    """A row per projection."""
    columns = ("name", "version", "applied", "superseded", "quarantined", "not_a_record", "lag_events")
    console().print(table(columns, done["projections"]))


def show_connectors(rows: Sequence[dict[str, Any]]) -> None:
    """A row per connector."""
    if rows:
        shown = [row | {"source": row["kind"]} for row in rows]
        console().print(table(("name", "title", "department", "source", "every_seconds", "tests", "path"), shown))
    else:
        console().print(translate("This hub has no connector yet. docs/connector.md shows how to write one."))


def show_ledger(found: dict[str, Any], by: Sequence[str]) -> None:
    """The lines asked for; under them how many were left out for being coarser than the period."""
    rows = found["rows"]
    if rows:
        extra = ["booked"] if "department" in by and "booked" not in by else []
        console().print(table([*by, *extra, "mass_g", "count", "entries"], rows))
    else:
        console().print(translate("The ledger has no such line."))
    if found.get("coarser"):
        text = translate("{count} line(s) of coarser periods are not counted here.", count=found["coarser"])
        console().print(Text(text, style="yellow"))


def show_errors(found: dict[str, Any]) -> None:
    """Every mistake in the files, one after the other."""
    for error in found["errors"]:
        console().print("\n".join(mistake_lines(error)), soft_wrap=True)
    if not found["errors"]:
        console().print(Text(translate("No mistake found."), style="green"))


def show_tests(found: dict[str, Any]) -> None:
    """A mark per test; under a failed one what was expected and what came."""
    for case in found["tests"]:
        mark = ("✓ ", "green") if case["passed"] else ("✗ ", "red")
        console().print(Text.assemble(mark, f"{case['connector']}  {case['name']}"))
        for difference in case.get("differences", ()):
            console().print(f"      {_cell('difference', difference)}")
    if not found["tests"]:
        console().print(translate("No connector here has a test."))


def show_preview(found: dict[str, Any]) -> None:
    """The events, with only the fields that say something; then what would be set aside, and why."""
    for row in found["rows"]:
        show_tree(row, str(row.get("source_key", "")))
    show_quarantine({"rows": found["quarantined"]})


def show_quarantine(found: dict[str, Any]) -> None:
    """A row per record, with every error by field."""
    rows = [row | {"error": "\n".join(map(error_line, row.get("errors", ())))} for row in found["rows"]]
    if rows:
        columns = [name for name in ("id", "connector", "source_key", "state", "error") if name in rows[0]]
        console().print(table(columns, rows))
    else:
        console().print(Text(translate("Nothing is in quarantine."), style="green"))


def error_line(error: dict[str, Any]) -> str:
    """``field: NAME (values): remedy`` as far as each is known."""
    values = error.get("values")
    shown = f" ({_cell('values', values)})" if values else ""
    remedy = f": {error['remedy']}" if error.get("remedy") else ""
    return f"{error.get('field') or '–'}: {error['error']}{shown}{remedy}"


def show_checks(found: dict[str, Any]) -> None:
    """A mark per part; what to do where it is not in order."""
    for check in found["checks"]:
        mark = ("✓ ", "green") if check["ok"] else ("✗ ", "red")
        console().print(Text.assemble(mark, (f"{check['part']}", "bold"), f"  {_cell('found', check['found'])}"))
        if check.get("remedy"):
            console().print(f"    {translate('What to do: {remedy}', remedy=check['remedy'])}")


def show_tree(document: dict[str, Any], name: str = "") -> None:
    """Any document, as a tree; what is empty is left out."""
    root = Tree(Text(name, style="bold"), hide_root=not name)
    _grow(root, document)
    console().print(root, soft_wrap=True)


def show_explained(found: dict[str, Any]) -> None:
    """Lines, accounts and entries as tables; events, records set aside and decisions whole."""
    show_tree({name: value for name, value in found.items() if not isinstance(value, list)})
    for part, columns in EXPLAINED.items():
        rows = found.get(part) or []
        if rows:
            console().print(table([name for name in columns if name in rows[0]], rows, title=heading(part)))
    for part in ("events", "quarantine", "acts"):
        if found.get(part):
            show_tree({part: found[part]})


def _grow(tree: Tree, value: Any) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value, 1)
    for key, below in items:
        if isinstance(below, dict | list | tuple) and below:
            _grow(tree.add(Text(heading(str(key)), style="bold")), below)
        elif below not in (None, "", [], {}, ()):
            tree.add(Text.assemble((f"{heading(str(key))}: ", "dim"), _cell(str(key), below)))


def show_fields(schema: dict[str, Any]) -> None:
    """A row per field of an Avro schema."""
    made = Table(box=box.SIMPLE_HEAD, title=schema["name"], title_justify="left", title_style="bold", pad_edge=False)
    for column in (N_("field"), N_("type"), N_("meaning")):
        made.add_column(translate(column))
    for field in schema["fields"]:
        made.add_row(field["name"], _type(field["type"]), field.get("doc", ""))
    console().print(made)


def _type(avro: Any) -> str:
    if isinstance(avro, list):
        return " | ".join(map(_type, avro))
    return str(avro.get("logicalType", avro["type"])) if isinstance(avro, dict) else str(avro)
