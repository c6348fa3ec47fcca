"""Real input: New York's collected tonnes since 1990, through the command line into the ledger, to the gram."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.config import product_path

SHORT_TON = Decimal("907184.74")
WASTES = {
    "REFUSETONSCOLLECTED": "REFUSE", "PAPERTONSCOLLECTED": "PAPER", "MGPTONSCOLLECTED": "MGP",
    "RESORGANICSTONS": "RES-ORGANICS", "SCHOOLORGANICTONS": "SCHOOL-ORGANICS", "LEAVESORGANICTONS": "LEAVES",
    "XMASTREETONS": "XMAS-TREES",
}
DATA = product_path("connectors/examples/dsny/data/dsny_monthly_tonnage.csv")


def _command(folder: Path, *words: str) -> Any:
    """One command of the hub's, its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "-C", str(folder), *words, "--json"],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub that has pulled and folded the file."""
    folder = tmp_path_factory.mktemp("nyc")
    configuration = '[hub]\nname = "New York"\n\n[connectors]\nuse = ["examples/dsny"]\n'
    (folder / "hub.toml").write_text(configuration, encoding="utf-8")
    (folder / "in").mkdir()
    shutil.copy2(DATA, folder / "in")
    return folder


@pytest.fixture(scope="module")
def pulled(city: Path) -> dict[str, Any]:
    (connector,) = _command(city, "pull", "--once")["connectors"]
    return dict(connector)


@pytest.fixture(scope="module")
def ledger(city: Path, pulled: dict[str, Any]) -> list[dict[str, Any]]:
    assert pulled["read"] > 0
    _command(city, "project", "--once")
    return list(_command(city, "ledger", "--by", "period,region,code")["rows"])


def _filled(rows: list[dict[str, str]]) -> list[tuple[dict[str, str], str, int]]:
    """(row, code, grams) of every filled cell: each rounded half up once."""
    return [
        (row, code, int((Decimal(row[column]) * SHORT_TON).quantize(Decimal(1), ROUND_HALF_UP)))
        for row in rows for column, code in WASTES.items() if row[column]
    ]


def test_the_key_is_a_key(rows: list[dict[str, str]]) -> None:
    """No two rows of the file share month, borough and district."""
    keys = Counter((row["MONTH"], row["BOROUGH"], row["COMMUNITYDISTRICT"]) for row in rows)
    assert len(rows) == 20_871
    assert max(keys.values()) == 1


def test_every_row_is_read_and_every_filled_cell_an_event(rows: list[dict[str, str]], pulled: dict[str, Any]) -> None:
    """Nothing is set aside, nothing is lost."""
    assert (pulled["read"], pulled["events"], pulled["quarantined"]) == (len(rows), len(_filled(rows)), 0)


def test_totals_by_borough_and_year_equal_a_direct_sum(
    rows: list[dict[str, str]], ledger: list[dict[str, Any]]
) -> None:
    """The ledger has what the file has, to the gram, by borough, year and waste."""
    direct: Counter[tuple[str, str, str]] = Counter()
    for row, code, grams in _filled(rows):
        direct[row["BOROUGH_ID"], row["MONTH"][:4], code] += grams
    found: Counter[tuple[str, str, str]] = Counter()
    for line in ledger:
        found[line["region"].removeprefix("NYC-")[0], line["period"][:4], line["code"]] += line["mass_g"]
    assert found == direct


def test_every_line_has_its_entry(rows: list[dict[str, str]], ledger: list[dict[str, Any]]) -> None:
    """Month, district and waste name one cell: a line an entry."""
    assert len(ledger) == len(_filled(rows))
    assert {line["entries"] for line in ledger} == {1}


def test_a_second_pull_finds_nothing_new(city: Path, ledger: list[dict[str, Any]]) -> None:
    """The same file adds no event, and the ledger stays as it is."""
    (connector,) = _command(city, "pull", "--once")["connectors"]
    _command(city, "project", "--once")
    assert (connector["events"], connector["quarantined"]) == (0, 0)
    assert _command(city, "ledger", "--by", "period,region,code")["rows"] == ledger
