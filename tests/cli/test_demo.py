"""``wastehub demo``: the whole way, small."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.cli.run import Outcome
from tests.cli.run import here as wastehub
from tests.rules.code import ROOT


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """Two months of a very small city, and what the demo showed."""
    folder = tmp_path_factory.mktemp("demo") / "city"
    shown = wastehub("demo", folder, "--months", "2", "--scale", "0.02", "--no-serve")
    assert shown.code == 0, shown.err
    return folder, shown


def test_the_demo_shows_the_account_in_chinese(city: tuple[Path, Outcome]) -> None:
    """Every stream's account is there, what was set aside is explained, and no progress bar is in the output."""
    _, shown = city
    for text in (
        "产生",
        "收运",
        "贮存",
        "利用",
        "处置",
        "在途",
        "生活垃圾",
        "危险废物",
        "建筑垃圾",
        "一般工业固体废物",
    ):
        assert text in shown.out
    assert "被隔离的记录" in shown.out
    assert "━" not in shown.out + shown.err


def test_run_again_it_pulls_nothing_twice(city: tuple[Path, Outcome]) -> None:
    """A second demo on the same folder makes no event and shows the same account."""
    folder, first = city
    before = wastehub("-C", folder, "journal", "show", "--json").json["topics"]
    again = wastehub("demo", folder, "--months", "2", "--scale", "0.02")
    assert again.code == 0, again.err
    after = wastehub("-C", folder, "journal", "show", "--json").json["topics"]
    assert [t["end"] for t in after if t["topic"] != "acts"] == [t["end"] for t in before if t["topic"] != "acts"]
    assert [line for line in again.out.splitlines() if "生活垃圾" in line] == [
        line for line in first.out.splitlines() if "生活垃圾" in line
    ]


def test_the_folder_is_a_hub_that_works(city: tuple[Path, Outcome]) -> None:
    """What the demo leaves behind passes doctor, and its connectors can be tried."""
    folder, _ = city
    assert wastehub("-C", folder, "connector", "test", "commerce.renewables_monthly").code == 0
    found = wastehub("-C", folder, "doctor", "--json").json["checks"]
    assert [check for check in found if not check["ok"]] == []


def test_other_things_are_not_written_among(tmp_path: Path) -> None:
    """A folder that holds something else is refused and stays as it is."""
    (tmp_path / "letter.txt").write_text("dear")
    refused = wastehub("demo", tmp_path)
    assert refused.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_the_queries_of_the_documents_run(city: tuple[Path, Outcome]) -> None:
    """Each SQL query of docs/views.md runs on the store, and the ledger is in balance."""
    folder, _ = city
    queries = re.findall(r"^```sql\n(.*?)^```", (ROOT / "docs/views.md").read_text(encoding="utf-8"), re.M | re.S)
    assert len(queries) >= 3
    with sqlite3.connect(f"{(folder / 'data/store.db').as_uri()}?mode=ro", uri=True) as store:
        results = {query: store.execute(query).fetchall() for query in queries}
    assert [rows for query, rows in results.items() if "difference_g" in query] == [[(0,)]]


def test_the_views_have_the_columns_that_the_documents_name(city: tuple[Path, Outcome]) -> None:
    """Each column that docs/views.md names for a view is there."""
    folder, _ = city
    text = (ROOT / "docs/views.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+_v1)` \| [^|`]*`([a-z_ ]+)`", text, re.M)
    assert len(named) >= 4
    with sqlite3.connect(f"{(folder / 'data/store.db').as_uri()}?mode=ro", uri=True) as store:
        for view, columns in named:
            there = {row[1] for row in store.execute(f"PRAGMA table_info({view})")}
            assert set(columns.split()) <= there, view
