"""Regions: the list as it was on a day, with the city's own zones."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import ConfigWrong
from hub.reference import regions, waste_codes
from hub.reference.lists import LocalRegion, load_list
from hub.reference.regions import RegionCheck, check, check_sql
from hub.reference.tables import register

ZONES = {
    "LCJKQ": LocalRegion("经济技术开发区"),
    "LCOLD": LocalRegion("老园区", date(2020, 1, 1), date(2024, 7, 1), "LCJKQ"),
}
UNKNOWN = RegionCheck(error="REGION_UNKNOWN")

CASES: list[tuple[str | None, date | None, RegionCheck]] = [
    ("371502", date(2026, 3, 1), RegionCheck("371502", "东昌府区")),
    ("371500", date(2026, 3, 1), RegionCheck("371500", "聊城市")),
    ("370000", date(2026, 3, 1), RegionCheck("370000", "山东省")),
    ("371524101", date(2026, 3, 1), RegionCheck("371524101", "刘集镇")),
    ("130571", date(2026, 3, 1), RegionCheck("130571", "河北邢台经济开发区")),
    ("371523", date(2018, 6, 1), RegionCheck("371523", "茌平县")),
    ("371523", date(2019, 12, 31), RegionCheck("371523", "茌平县")),
    ("371523", date(2020, 1, 1), RegionCheck(error="REGION_REPLACED", successor="371503")),
    ("371523", None, RegionCheck("371523", "茌平县")),
    ("371503", date(2018, 12, 31), UNKNOWN),
    ("371503", date(2019, 1, 1), RegionCheck("371503", "茌平区")),
    ("371503001", date(2018, 12, 31), UNKNOWN),
    ("371503001", date(2019, 1, 1), RegionCheck("371503001", "振兴街道")),
    ("130502", date(2020, 12, 31), RegionCheck("130502", "桥东区")),
    ("130502", date(2021, 1, 1), RegionCheck("130502", "襄都区")),
    ("130502", None, RegionCheck("130502", "襄都区")),
    ("130503", date(2015, 1, 1), RegionCheck("130503", "桥西区")),
    ("130521", date(2020, 12, 31), RegionCheck("130521", "邢台县")),
    ("130521", date(2021, 1, 1), RegionCheck(error="REGION_REPLACED", successor="130503")),
    ("370100", date(2026, 3, 1), UNKNOWN),
    ("371500000000", date(2026, 3, 1), UNKNOWN),
    ("", date(2026, 3, 1), UNKNOWN),
    ("371502", date.max, RegionCheck("371502", "东昌府区")),
    ("371502", date.min, RegionCheck("371502", "东昌府区")),
    (None, date(2026, 3, 1), RegionCheck()),
    ("LCJKQ", date(2026, 3, 1), RegionCheck("LCJKQ", "经济技术开发区")),
    ("LCOLD", date(2019, 12, 31), UNKNOWN),
    ("LCOLD", date(2024, 6, 30), RegionCheck("LCOLD", "老园区")),
    ("LCOLD", date(2024, 7, 1), RegionCheck(error="REGION_REPLACED", successor="LCJKQ")),
]


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(config={"threads": 1})
    register(made, local_regions=ZONES)
    return made


def in_sql(connection: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, date | None]]) -> list[RegionCheck]:
    connection.register("given", pa.table({
        "n": pa.array(range(len(rows)), pa.int64()),
        "code": pa.array([code for code, _ in rows], pa.string()),
        "day": pa.array([day for _, day in rows], pa.date32()),
    }))
    sql = check_sql("given.code", "given.day")
    found = connection.execute(
        f"SELECT {sql.canonical}, {sql.name}, {sql.error}, {sql.successor} FROM given {' '.join(sql.joins)} ORDER BY n"
    ).fetchall()
    connection.unregister("given")
    return [RegionCheck(*row) for row in found]


@pytest.mark.parametrize(("code", "day", "outcome"), CASES)
def test_each_rule_has_its_case(code: str | None, day: date | None, outcome: RegionCheck) -> None:
    """A region is judged by the list valid on that day."""
    assert check(code, day, ZONES) == outcome


def test_sql_says_the_same_in_every_case(connection: duckdb.DuckDBPyConnection) -> None:
    """The SQL gives every outcome of the table above, row by row."""
    assert in_sql(connection, [case[:2] for case in CASES]) == [case[2] for case in CASES]


CODES = st.sampled_from(regions.regions(ZONES)["code"].to_pylist()) | st.none() | st.text(max_size=8)
DAYS = st.none() | st.dates() | st.dates(date(2018, 12, 30), date(2021, 1, 2))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(CODES, DAYS), min_size=1, max_size=60))
def test_sql_and_python_never_differ(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, date | None]]
) -> None:
    """Over known and unknown codes on any day the SQL gives exactly what the plain function gives, one row for each."""
    assert in_sql(connection, rows) == [check(code, day, ZONES) for code, day in rows]


def test_a_code_has_one_row() -> None:
    """Codes are unique, history included: a join never multiplies records."""
    codes = regions.regions(ZONES)["code"].to_pylist()
    assert len(set(codes)) == len(codes) == 95 + 4 + 2


def test_every_parent_and_successor_is_listed() -> None:
    """No row points to a code that the list does not have, and a replaced code names its successor."""
    rows = regions.regions().to_pylist()
    known = {row["code"] for row in rows}
    assert {row["parent"] for row in rows if row["parent"]} <= known
    ended = [row for row in rows if row["valid_to"] != date.max]
    assert {row["code"] for row in ended} == {"371523", "130521", "130526", "130527"}
    assert all(row["successor"] in known and row["successor_name"] for row in ended)


def test_a_local_list_extends_and_never_redefines() -> None:
    """A plain mapping or a loaded list adds codes; one that names an official code is refused."""
    assert check("Z1", date(2026, 1, 1), {"Z1": "高新区"}) == RegionCheck("Z1", "高新区")
    loaded = load_list("regions", "1", None, {"Z1": "高新区"}, None)
    assert check("Z1", None, loaded) == RegionCheck("Z1", "高新区")
    with pytest.raises(ConfigWrong) as refused:
        check("Z1", None, {"371502": "别的区", "371500": "别的市"})
    assert [problem.error for problem in refused.value.problems] == ["REGION_OFFICIAL", "REGION_OFFICIAL"]


def test_a_local_successor_is_named() -> None:
    """The name of a local region's successor comes from the list itself."""
    row = next(row for row in regions.regions(ZONES).to_pylist() if row["code"] == "LCOLD")
    assert (row["level"], row["successor"], row["successor_name"]) == ("local", "LCJKQ", "经济技术开发区")


def test_codes_and_regions_are_checked_in_one_select(connection: duckdb.DuckDBPyConnection) -> None:
    """Both checks, over expressions, join into one SELECT without multiplying its rows."""
    code = waste_codes.check_sql("'H' || 'W'", "given.code", "CAST(given.day AS DATE)")
    region = check_sql("left(given.region, 6)", "CAST(given.day AS DATE)")
    rows = connection.execute(
        f"SELECT {code.canonical}, {code.unverified}, {region.name}, {region.error}"
        " FROM (VALUES ('HW08-900-249-08', '371502001', '2022-01-01'), ('900-249-08', '371523', '2026-01-01'))"
        f" AS given(code, region, day) {' '.join(code.joins)} {' '.join(region.joins)} ORDER BY given.day"
    ).fetchall()
    assert rows == [("900-249-08", False, "东昌府区", None), ("900-249-08", True, None, "REGION_REPLACED")]
