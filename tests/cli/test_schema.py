"""``wastehub schema``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import wastehub

NAMES = ["waste_event", "quarantine", "act"]


@pytest.mark.parametrize("name", NAMES)
def test_show_gives_the_schema_itself(name: str) -> None:
    """The JSON shown is a schema that every Avro library can take; the table shows every field of it."""
    document = wastehub("schema", "show", name, "--json").json
    assert document["type"] == "record"
    shown = wastehub("schema", "show", name)
    assert all(field["name"] in shown.out for field in document["fields"])


def test_the_products_schemas_are_in_order() -> None:
    """What ships passes its own gate."""
    checked = wastehub("schema", "check", "--json")
    assert checked.code == 0
    assert checked.json == {"checks": [{"name": name, "problems": []} for name in NAMES]}


def test_a_removed_field_is_refused(tmp_path: Path) -> None:
    """A schema without one of the released fields ends with 1 and names the field."""
    document = wastehub("schema", "show", "act", "--json").json
    gone = document["fields"].pop()["name"]
    file = tmp_path / "act.avsc"
    file.write_text(json.dumps(document), encoding="utf-8")
    checked = wastehub("schema", "check", file)
    assert checked.code == 1
    assert gone in checked.out


@pytest.mark.parametrize("text", ["{", "[]", '"string"', '{"type": "record", "name": "other", "fields": []}', "\xff"])
def test_what_is_no_schema_of_ours_is_named(tmp_path: Path, text: str) -> None:
    """A file that is no schema of the hub ends with 2 and its name, without a traceback."""
    file = tmp_path / "candidate.avsc"
    file.write_text(text, encoding="latin-1")
    checked = wastehub("schema", "check", file)
    assert checked.code == 2
    assert "candidate.avsc" in checked.err
    assert "Traceback" not in checked.err
