"""The ledger of the made-up city says exactly what is true, at first and after everything has changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.demo.city import generate, generate_changes
from hub.demo.hub_folder import make_hub
from hub.demo.truth import COLUMNS, Truth

MONTHS, SCALE = 1, 0.2


def _command(folder: Path, *words: str) -> dict[str, Any]:
    """One command of the hub's in a process of its own, its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "-C", str(folder), *words, "--json"],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _pull_and_fold(folder: Path, *options: str) -> dict[str, dict[str, Any]]:
    pulled = _command(folder, "pull", "--once", *options)
    _command(folder, "project", "--once")
    return {row["name"]: row for row in pulled["connectors"]}


def _stored(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data/store.db")) as database:
        return database.execute(query).fetchall()


def _lines(folder: Path) -> list[tuple[Any, ...]]:
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    return sorted(_stored(folder, f"SELECT {columns} FROM flows_v1"))


def _open(folder: Path) -> Counter[tuple[str, str]]:
    """Open records by connector and each name that they were set aside under."""
    rows = _command(folder, "quarantine", "list")["rows"]
    return Counter(
        (row["connector"], error) for row in rows if row["state"] == "open"
        for error in {error["error"] for error in row["errors"]}
    )


class _City:
    """A hub after its first pull."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_hub(folder)
        self.truth = generate(folder, MONTHS, SCALE)
        self.pulled = _pull_and_fold(folder)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> _City:
    return _City(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def changed(first: _City, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """A copy of the first hub, pulled again after the systems have moved on."""
    folder = tmp_path_factory.mktemp("changed") / "hub"
    shutil.copytree(first.folder, folder)
    truth = generate_changes(folder, MONTHS, SCALE)
    _pull_and_fold(folder, "--compare")
    return folder, truth


def _check(folder: Path, truth: Truth) -> None:
    assert _lines(folder) == truth.rows()
    assert _open(folder) == truth.quarantined
    assert _stored(folder, "SELECT count(*) FROM entries WHERE retracted = 1") == [(truth.retracted,)]


def test_the_ledger_is_the_truth(first: _City) -> None:
    """Every line, every open record and every withdrawal is as the generator counted it."""
    _check(first.folder, first.truth)


def test_no_record_is_lost(first: _City) -> None:
    """As many records were read as the systems have."""
    assert sum(row["read"] for row in first.pulled.values()) == first.truth.records


def test_a_second_pull_finds_nothing(first: _City) -> None:
    """The same systems again make no event and set nothing aside."""
    again = _pull_and_fold(first.folder)
    assert {(row["events"], row["quarantined"]) for row in again.values()} == {(0, 0)}
    _check(first.folder, first.truth)


def test_the_ledger_follows_the_changes(changed: tuple[Path, Truth]) -> None:
    """Corrections, silent edits, cancelled and deleted records and returns sent again: the ledger is the new truth."""
    _check(*changed)


def test_debits_equal_credits(first: _City) -> None:
    """In every period, region, stream and code the accounts balance."""
    places = "period, region, stream, scheme, code"
    rows = _stored(first.folder, f"SELECT sum(debit_g), sum(credit_g) FROM accounts_v1 GROUP BY {places}")
    assert rows
    assert all(debit == credit for debit, credit in rows)
