"""A projection's folder: what is read, what a hub may put in its place, and what is refused, with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.errors import ConfigWrong, RequestWrong
from hub.projector import postgres_tables, sqlite_tables
from hub.projector.projection import STORES_OWN, read_projection
from tests.projector.histories import ROOT, event, ledger, rules, table

PRODUCT = ROOT / "projections"


def test_the_products_ledger_is_whole() -> None:
    """It has its three views, a line's keys and sums, and no city's chains or authority."""
    found = ledger()
    assert list(found.views) == ["entries_v1", "flows_v1", "accounts_v1"]
    assert found.lines.sums == ("mass_g", "count", "entries")
    sizes = {each.name: len(each.rows) for each in found.tables}
    assert sizes["chains"] == sizes["authority"] == 0
    assert sizes["postings"] == 13


def test_a_single_file_of_the_hub_stands_for_the_products(tmp_path: Path) -> None:
    """A hub's own chains.csv replaces that file alone, and the digest says so."""
    found = ledger(rules(tmp_path, [("domestic", "COLLECTED")]))
    assert {t.name: t.rows for t in found.tables}["chains"] == (("domestic", "COLLECTED"),)
    assert found.views == ledger().views
    assert found.digest != ledger().digest


def test_a_folder_of_the_hub_stands_for_the_whole(tmp_path: Path) -> None:
    """A hub's folder with a projection.yaml of its own is read alone: what it lacks is missing."""
    shutil.copytree(PRODUCT / "ledger", tmp_path / "ledger")
    assert read_projection("ledger", [tmp_path, PRODUCT]).digest == ledger().digest
    (tmp_path / "ledger/lines.sql").unlink()
    with pytest.raises(ConfigWrong, match=r"FILE_MISSING: lines\.sql is not there"):
        read_projection("ledger", [tmp_path, PRODUCT])


def test_the_order_of_rows_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    """The digest is of what the tables say, not of how the file is written."""
    own = rules(tmp_path, [("domestic", "COLLECTED"), ("medical", "STORED")])
    before = ledger(own).digest
    (own / "ledger/chains.csv").write_bytes(b"\xef\xbb\xbfstream,kind\r\nmedical, STORED\r\n\r\ndomestic,COLLECTED\r\n")
    assert ledger(own).digest == before


WRONG = [
    ("stream,kinds\n", "1:1: HEADER: the first line must be stream,kind"),
    ("", "1:1: HEADER"),
    ("stream,kind\ndomestic\n", "2:1: RAGGED_ROW: 1 cells, not 2"),
    ("stream,kind\ndomestic,COLECTED\n", "2:1: WORD_UNKNOWN: kind COLECTED is unknown"),
    ("stream,kind\nhousehold,COLLECTED\n", "2:1: WORD_UNKNOWN: stream household is unknown"),
    ("stream,kind\ndomestic,COLLECTED\ndomestic,COLLECTED\n", "3:1: SAID_TWICE: domestic/COLLECTED is said twice"),
]


@pytest.mark.parametrize(("text", "wanted"), WRONG)
def test_a_wrong_table_names_file_and_line(tmp_path: Path, text: str, wanted: str) -> None:
    """Each mistake in a table is told with its place and a stable name."""
    own = rules(tmp_path)
    (own / "ledger/chains.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigWrong) as wrong:
        ledger(own)
    assert f"chains.csv:{wanted}" in str(wrong.value)


def test_all_mistakes_are_told_at_once_with_the_nearest_word(tmp_path: Path) -> None:
    """Two wrong tables give both their problems, and a near miss its suggestion."""
    own = rules(tmp_path, [("domestic", "COLECTED")], [("domestic", "COLLECTED", "houseing")])
    with pytest.raises(ConfigWrong) as wrong:
        ledger(own)
    assert [problem.suggestion for problem in wrong.value.problems] == ["COLLECTED", "housing"]


@pytest.mark.parametrize("text", ["", "[]", "lines: 3", "{", "!!python/object:os.system {}", "lines: {table: x}"])
def test_a_file_that_is_no_projection_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever stands in projection.yaml, the answer is an error about that file."""
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger/projection.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigWrong):
        read_projection("ledger", [tmp_path])


@pytest.mark.parametrize(
    ("change", "twice"),
    [
        ({}, []),
        ({"  chains:": "  dimensions:"}, ["dimensions"]),
        ({"  chains:": "  entries:", "  authority:": "  lines:"}, ["entries", "lines"]),
        ({"table: lines": "table: past"}, ["past"]),
        ({"flows_v1.sql": "positions_v1.sql"}, ["positions_v1"]),
    ],
)
def test_one_name_stands_for_one_thing(tmp_path: Path, change: dict[str, str], twice: list[str]) -> None:
    """A table or view that is called as another one, or as one that some store has for itself, is refused everywhere."""
    shutil.copytree(PRODUCT / "ledger", tmp_path / "ledger")
    path = tmp_path / "ledger/projection.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in change.items():
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    (tmp_path / "ledger/positions_v1.sql").write_text("SELECT 1 AS one", encoding="utf-8")
    try:
        read_projection("ledger", [tmp_path])
        found = []
    except ConfigWrong as error:
        found = [problem.facts["name"] for problem in error.problems]
    assert found == twice


def test_every_store_has_its_own_names() -> None:
    """What a store makes for itself, whatever the projection, no projection may name."""
    in_postgres = {table.name for table in (*postgres_tables.STANDING, *postgres_tables.REPLACEABLE)}
    in_sqlite = {*sqlite_tables.STANDING, *sqlite_tables.REPLACEABLE}
    assert in_postgres | in_sqlite <= STORES_OWN


def test_an_unknown_projection_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """Every folder looked into is named."""
    with pytest.raises(RequestWrong, match="nothing") as wrong:
        read_projection("nothing", [tmp_path, PRODUCT])
    assert wrong.value.facts["looked"] == [str(tmp_path / "nothing"), str(PRODUCT / "nothing")]


@pytest.mark.parametrize(("select", "error"), [("SELEC", "SELECT_FAILS"), ("SELECT 1 AS one", "SELECT_COLUMNS")])
def test_a_select_that_cannot_run_is_the_files_fault(tmp_path: Path, select: str, error: str) -> None:
    """A hub's broken lines.sql is a problem of the configuration, named."""
    from hub.projector.entries import from_events
    from hub.projector.fold import changes
    from hub.projector.linear import Linear

    own = rules(tmp_path)
    (own / "ledger/lines.sql").write_text(select, encoding="utf-8")
    told = from_events(table([event()]), 0, table([event()]).column("revision").to_numpy())
    with pytest.raises(ConfigWrong, match=error):
        Linear(ledger(own)).sums(changes(told.rows, 1))
