"""The product's connectors are right as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config import product_path
from hub.demo.city import WRITERS
from hub.intake.plug import examine

FILES = sorted(product_path("connectors").rglob("connector.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_a_connector_of_the_product_compiles(path: Path) -> None:
    """Its file, its lists and its expressions have no mistake, and it brings tests of its own."""
    plug, problems = examine(path)
    assert [f"{problem.line}: {problem.error}: {problem.text()}" for problem in problems] == []
    assert plug is not None
    assert len(plug.connector.tests) >= 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_a_connector_is_named_as_its_folder(path: Path) -> None:
    """department/system is the connector's name with a dot; the demo's systems have one each."""
    plug, _ = examine(path)
    assert plug is not None
    assert plug.connector.name == f"{path.parent.parent.name}.{path.parent.name}"


def test_every_system_of_the_demo_has_its_connector() -> None:
    """What the demo's hub runs is there."""
    there = {f"{path.parent.parent.name}/{path.parent.name}" for path in FILES}
    assert {name for _, names in WRITERS for name in names} <= there


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_no_persons_field_is_mapped(path: Path) -> None:
    """Names, identity and telephone numbers of persons are dropped or not read at all."""
    personal = {"司机", "SJXM", "SJSFZ", "SJDH", "JBR", "JSY", "TBR", "填报人"}
    plug, _ = examine(path)
    assert plug is not None
    assert not personal & set(plug.mapping.columns)
    query = getattr(plug.connector.source, "query", None) or ""
    assert "JSY" not in query
