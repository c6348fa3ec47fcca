"""The lists as they ship, and the small closed ones in the code."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from hub.reference import kinds, methods, published
from hub.reference.methods import MethodCheck
from hub.reference.tables import register

DATA = Path(published.__file__).parent / "data"


def test_every_file_is_described_and_every_description_has_its_file() -> None:
    """data/ has exactly the lists that PUBLISHED names, and its README names each of them."""
    files = {path.stem for path in DATA.glob("*.csv")}
    assert files == set(published.PUBLISHED)
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert not [name for name in files if name not in readme]


@pytest.mark.parametrize("name", sorted(published.PUBLISHED))
def test_every_row_says_where_it_comes_from(name: str) -> None:
    """No row of a list lacks its source, and a code stands once in it."""
    rows = published.rows(name)
    assert rows
    assert all(row["source"].strip() for row in rows)
    if "code" in rows[0]:
        assert len({row["code"] for row in rows}) == len(rows)
    assert published.table(name).num_rows == len(rows)


def test_a_list_that_does_not_ship_cannot_be_asked_for() -> None:
    """Only names of PUBLISHED are read: no path leads out of the folder."""
    with pytest.raises(KeyError):
        published.rows("../../errors")


def test_factors_show_how_sure_they_are() -> None:
    """Every published factor has one of four statuses and keeps its text as printed."""
    rows = published.factors().to_pylist()
    assert {row["status"] for row in rows} == {"found", "found-web", "found-code", "memory"}
    assert "0.8-1.3" in {row["factor"] for row in rows}


def test_hazards_stand_for_every_code() -> None:
    """Each of the 467 codes of 2021 has its hazard letters."""
    codes = {row["code"] for row in published.rows("hw_2021") if row["level"] == "2"}
    assert {row["code"] for row in published.rows("hw_2021_hazard")} == codes


@pytest.mark.parametrize(("method", "outcome"), [
    ("R4", MethodCheck(True, "再循环/再利用金属和金属化合物")),
    ("D10", MethodCheck(True, "焚烧")),
    ("R14", MethodCheck(True, None)),
    ("饲料化", MethodCheck(True, "饲料化")),
    ("肥料化", MethodCheck(True, "肥料化（含直接还田）")),
    ("R", MethodCheck(False, None)),
    ("R0", MethodCheck(False, None)),
    ("生产建筑材料", MethodCheck(False, None)),
])
def test_methods_pass_by_list_or_form(method: str, outcome: MethodCheck) -> None:
    """A method is legal where it is listed or has the form of a code; a label in its place is not."""
    assert methods.check(method) == outcome


def test_kinds_are_the_fourteen_and_two_are_witnesses() -> None:
    """Fourteen kinds; COUNTED and REPORTED add no tonnes."""
    assert len(kinds.KINDS) == 14
    assert {kind.name for kind in kinds.KINDS.values() if kind.witness} == {"COUNTED", "REPORTED"}
    assert all(name == kind.name and kind.name_zh for name, kind in kinds.KINDS.items())


def test_registering_twice_replaces() -> None:
    """The five tables are there after any number of registrations, with the last local lists."""
    connection = duckdb.connect()
    register(connection)
    register(connection, local_regions={"Z1": "高新区"}, local_units={"车": "8000000"})
    count = "SELECT count(*) FROM {} WHERE {} = ?"
    assert connection.execute(count.format("ref_regions", "code"), ["Z1"]).fetchall() == [(1,)]
    assert connection.execute(count.format("ref_units", "unit"), ["车"]).fetchall() == [(1,)]
    assert {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()} == {
        "ref_codes", "ref_classes", "ref_regions", "ref_units", "ref_methods",
    }
