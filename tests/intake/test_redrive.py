"""Records that waited, mapped again after the connector's file was corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import here

FILE = """hub: 1
name: housing.scales
department: housing
source: {kind: file, path: "in/*.csv", key: K%(source)s}
lists:
  codes: {version: "1", map: {%(codes)s}}
map: {kind: "'COLLECTED'", stream: "'domestic'", scheme: "'SW'", code: "code('codes', C)", value: "num(%(value)s)",
      unit: "'kg'", occurred_at: "ts('2026-03-01')", region: "'371502'"}
"""


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub without connectors."""
    assert here("new", tmp_path / "hub").code == 0
    (tmp_path / "hub" / "in").mkdir()
    return tmp_path / "hub"


def _write(hub: Path, **changed: str) -> None:
    path = hub / "connectors" / "housing" / "scales" / "connector.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FILE % ({"codes": "a: SW61", "value": "V", "source": ""} | changed), encoding="utf-8")


def _redrive(hub: Path) -> Any:
    done = here("-C", hub, "quarantine", "redrive", "--connector", "housing.scales", "--person", "p", "--reason", "r",
                "--json")  # fmt: skip
    assert done.code == 0, done.err
    return done.json


def _open(hub: Path) -> dict[str, list[str]]:
    rows = here("-C", hub, "quarantine", "list", "--json").json["rows"]
    return {row["source_key"]: [error["error"] for error in row["errors"]] for row in rows}


def _stored(hub: Path) -> list[dict[str, Any]]:
    assert here("-C", hub, "project", "--once").code == 0
    rows: list[dict[str, Any]] = here("-C", hub, "explain", '["1"]', "--json").json["quarantine"]
    return rows


def _pull(hub: Path, rows: str) -> None:
    (hub / "in" / "a.csv").write_text(rows, encoding="utf-8")
    assert here("-C", hub, "pull", "--once").code == 0


def test_what_waits_on_says_why_it_does_now(hub: Path) -> None:
    """A record that still does not fit is listed, and stored, under its id with the errors that it has now."""
    _write(hub)
    _pull(hub, "K,C,V\n1,b,x\n2,a,x\n")
    assert _open(hub) == {'["1"]': ["CODE_UNMAPPED", "NUMBER_UNREADABLE"], '["2"]': ["NUMBER_UNREADABLE"]}
    _write(hub, codes="a: SW61, b: SW64")
    assert _redrive(hub) == {"redriven": 0, "events": 0, "still_open": 2}
    assert _open(hub) == {'["1"]': ["NUMBER_UNREADABLE"], '["2"]': ["NUMBER_UNREADABLE"]}
    stored = _stored(hub)
    assert [(row["state"], [e["error"] for e in row["errors"]]) for row in stored] == [
        ("open", ["NUMBER_UNREADABLE"])
    ]
    (hub / "data" / "seen" / "housing.scales.db").unlink()
    assert _open(hub) == {'["1"]': ["NUMBER_UNREADABLE"], '["2"]': ["NUMBER_UNREADABLE"]}


def test_a_record_that_says_nothing_is_closed(hub: Path) -> None:
    """A deleted record that waited waits no more, once its deletion mark can be read."""
    _write(hub, source=", deleted: num(D) = 1")
    _pull(hub, "K,C,V,D\n1,a,1,ja\n")
    assert _open(hub) == {'["1"]': ["DELETED_UNREADABLE"]}
    _write(hub, source=", deleted: D = 'ja'")
    assert _redrive(hub) == {"redriven": 1, "events": 0, "still_open": 0}
    assert _open(hub) == {}
    assert _redrive(hub) == {"redriven": 0, "events": 0, "still_open": 0}


def test_a_column_that_was_not_there_is_not_empty(hub: Path) -> None:
    """A record without a column that the mapping reads waits on until the mapping reads another."""
    _write(hub, value="coalesce(重, '0')")
    _pull(hub, "K,C,V\n1,a,5\n")
    assert _open(hub) == {'["1"]': ["COLUMN_MISSING"]}
    assert _redrive(hub) == {"redriven": 0, "events": 0, "still_open": 1}
    _write(hub)
    assert _redrive(hub) == {"redriven": 1, "events": 1, "still_open": 0}
    assert _open(hub) == {}


def test_another_key_maps_nothing_again(hub: Path) -> None:
    """Records that were set aside under another key would become others: as a pull does, a redrive refuses."""
    _write(hub, source="")
    _pull(hub, "K,C,V\n1,a,x\n")
    path = hub / "connectors" / "housing" / "scales" / "connector.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("key: K", "key: C").replace("num(V)", "'1'"), encoding="utf-8")
    done = here("-C", hub, "quarantine", "redrive", "--connector", "housing.scales", "--person", "p", "--reason", "r")
    assert (done.code, here("-C", hub, "pull", "--once").code) == (2, 2)
    assert _open(hub) == {'["1"]': ["NUMBER_UNREADABLE"]}
