"""``wastehub connector …``: for the engineer who plugs a system in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.cli.lazy import GroupInOrder
from hub.cli.out import answer, json_option
from hub.cli.tables import show_connectors, show_errors, show_preview, show_tests


@click.group(cls=GroupInOrder)
def connector() -> None:
    """The files that plug in a department's system."""


@connector.command("list")
@json_option
@click.pass_obj
def list_(folder: Path, as_json: bool) -> None:
    """The connectors of this hub."""
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        rows = [
            {
                "name": c.name,
                "title": c.title,
                "department": c.department,
                "kind": "sql" if hasattr(c.source, "url") else "file",
                "every_seconds": c.every_seconds,
                "tests": len(c.tests),
                "path": str(c.path),
            }
            for c in hub.connectors()
        ]
    answer({"connectors": rows}, as_json, show_connectors)


@connector.command()
@click.argument("name", required=False)
@json_option
@click.pass_obj
def check(folder: Path, name: str | None, as_json: bool) -> int:
    """Every mistake in a connector's file, at once: where it is, and what may have been meant."""
    from hub.run.trying import check as check_connectors
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        if name is not None:
            hub.connector(name)
        found = check_connectors(hub, name)
    answer(found, as_json, show_errors)
    return 1 if found["errors"] else 0


@connector.command()
@click.argument("name", required=False)
@json_option
@click.pass_obj
def test(folder: Path, name: str | None, as_json: bool) -> int:
    """Run the tests that stand in the connector's file, by the same compiler and engine as a real pull."""
    from hub.run.trying import test as test_connectors
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found = test_connectors(hub, name)
    answer(found, as_json, show_tests)
    return 0 if all(case["passed"] for case in found["tests"]) else 1


@connector.command()
@click.argument("name")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 10_000), help="How many records.")
@json_option
@click.pass_obj
def preview(folder: Path, name: str, limit: int, as_json: bool) -> None:
    """The first records of the source as the events they would become; nothing is written."""
    from hub.run.trying import preview as preview_connector
    from hub.wiring import Hub

    with Hub.open(folder) as hub:
        found: dict[str, Any] = preview_connector(hub, name, limit)
    answer(found, as_json, show_preview)
