"""Waste codes: what a list says about a code on a day, in Python and in SQL."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.reference import waste_codes
from hub.reference.kinds import SCHEMES
from hub.reference.waste_codes import EDITIONS, CodeCheck, check, check_sql

IN_2021, IN_2025, IN_2020 = date(2022, 5, 1), date(2026, 3, 1), date(2020, 12, 31)
BOTTLES = "其他生产、销售、使用过程中产生的废矿物油及沾染矿物油的废弃包装物"

Said = tuple[str | None, str | None, date | None]

# scheme, code, day → code, name, unverified, error
CASES: list[tuple[str | None, str | None, date | None, tuple[Any, ...]]] = [
    ("HW", "900-249-08", IN_2021, ("900-249-08", BOTTLES, False, None)),
    ("HW", "HW08-900-249-08", IN_2021, ("900-249-08", BOTTLES, False, None)),
    ("HW", "HW08/900-249-08", IN_2021, ("900-249-08", BOTTLES, False, None)),
    ("HW", "HW09-900-249-08", IN_2021, (None, None, None, "CODE_CLASS_MISMATCH")),
    ("HW", "HW08 900-249-08", IN_2021, (None, None, None, "CODE_FORM")),
    ("HW", "900-249-08", date(2024, 12, 31), ("900-249-08", BOTTLES, False, None)),
    ("HW", "900-249-08", date(2025, 1, 1), ("900-249-08", BOTTLES, True, None)),
    ("HW", "900-249-08", IN_2020, ("900-249-08", BOTTLES, True, None)),
    ("HW", "900-999-08", IN_2021, (None, None, None, "CODE_UNKNOWN")),
    ("HW", "900-999-08", IN_2025, ("900-999-08", None, True, None)),
    ("HW", "831-001-01", IN_2020, ("831-001-01", None, True, None)),
    ("HW", "831-001-01", IN_2021, (None, None, None, "CODE_UNKNOWN")),
    ("HW", "900-000-08", IN_2020, ("900-000-08", None, False, None)),
    ("HW", "900-000-08", IN_2021, ("900-000-08", None, False, None)),
    ("HW", "HW08-900-000-08", IN_2025, ("900-000-08", None, False, None)),
    ("HW", "900-000-44", IN_2025, (None, None, None, "CODE_CLASS_UNKNOWN")),
    ("HW", "900-001-51", IN_2021, (None, None, None, "CODE_CLASS_UNKNOWN")),
    ("HW", "HW08", IN_2021, ("HW08", "废矿物油与含矿物油废物", False, None)),
    ("HW", "HW08", IN_2025, ("HW08", "废矿物油与含矿物油废物", True, None)),
    ("HW", "HW41", IN_2021, (None, None, None, "CODE_CLASS_UNKNOWN")),
    ("HW", "hw08", IN_2021, (None, None, None, "CODE_FORM")),
    ("HW", "900-249-0٨", IN_2025, (None, None, None, "CODE_FORM")),
    ("HW", "\u3000900-249-08\u00a0", IN_2021, ("900-249-08", BOTTLES, False, None)),
    ("SW", "SW17", IN_2021, ("SW17", "可再生类废物", False, None)),
    ("SW", "SW09", IN_2025, ("SW09", "赤泥", False, None)),
    ("SW", "SW08", IN_2025, (None, None, None, "CODE_CLASS_UNKNOWN")),
    ("SW", "900-001-S17", IN_2025, ("900-001-S17", "废钢铁", True, None)),
    ("SW", "321-001-S01", IN_2025, ("321-001-S01", None, True, None)),
    ("SW", "900-000-S17", IN_2025, (None, None, None, "CODE_FORM")),
    ("SW", "900-100-S17", IN_2025, (None, None, None, "CODE_FORM")),
    ("SW", "900-001-S08", IN_2025, (None, None, None, "CODE_CLASS_UNKNOWN")),
    ("SW", "900-001-SW17", IN_2025, (None, None, None, "CODE_FORM")),
    ("SW82", "SW17", IN_2021, ("SW17", None, True, None)),
    ("SW82", "900-001-S17", IN_2021, (None, None, None, "CODE_FORM")),
    ("GB39198", "321-001-53", IN_2025, ("321-001-53", None, True, None)),
    ("GB39198", "321-001-54", IN_2025, (None, None, None, "CODE_CLASS_UNKNOWN")),
    ("GB39198", "SW17", IN_2025, (None, None, None, "CODE_FORM")),
    ("LOCAL", " 渣土\n甲 ", IN_2025, ("渣土\n甲", None, False, None)),
    ("LOCAL", "HW08-900-249-08", IN_2025, ("HW08-900-249-08", None, False, None)),
    ("EWC", "17 01 01", IN_2025, (None, None, None, "CODE_UNKNOWN")),
    ("HW", "900-249-08", None, ("900-249-08", BOTTLES, True, None)),
    ("HW", "900-249-8", None, (None, None, None, "CODE_FORM")),
    ("HW", "900-249-08", date.max, ("900-249-08", BOTTLES, True, None)),
    ("HW", "900-249-08", date.min, ("900-249-08", BOTTLES, True, None)),
    ("HW", None, IN_2021, (None, None, None, None)),
    ("HW", "", IN_2021, (None, None, None, "CODE_FORM")),
    ("HW", " \u3000", IN_2021, (None, None, None, "CODE_FORM")),
    ("HW", "\ufeff", IN_2021, (None, None, None, "CODE_FORM")),
    (None, "900-249-08", IN_2021, (None, None, None, None)),
    (None, "HW09-900-249-08", IN_2021, (None, None, None, None)),
]


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(config={"threads": 1, "enable_external_access": "false", "lock_configuration": "true"})
    waste_codes.register(made)
    return made


def in_sql(connection: duckdb.DuckDBPyConnection, rows: list[Said]) -> list[CodeCheck]:
    given_rows = pa.table({
        "n": pa.array(range(len(rows)), pa.int64()),
        "scheme": pa.array([row[0] for row in rows], pa.string()),
        "code": pa.array([row[1] for row in rows], pa.string()),
        "day": pa.array([row[2] for row in rows], pa.date32()),
    })
    connection.register("given", given_rows)
    sql = check_sql("given.scheme", "given.code", "given.day")
    found = connection.execute(
        f"SELECT {sql.canonical}, {sql.name}, {sql.unverified}, {sql.error} FROM given {' '.join(sql.joins)} ORDER BY n"
    ).fetchall()
    connection.unregister("given")
    return [CodeCheck(*row) for row in found]


@pytest.mark.parametrize(("scheme", "code", "day", "outcome"), CASES)
def test_each_rule_has_its_case(
    scheme: str | None, code: str | None, day: date | None, outcome: tuple[Any, ...]
) -> None:
    """A code is judged by its scheme's edition on that day."""
    assert check(scheme, code, day) == CodeCheck(*outcome)


def test_sql_says_the_same_in_every_case(connection: duckdb.DuckDBPyConnection) -> None:
    """The SQL gives every outcome of the table above, row by row."""
    assert in_sql(connection, [case[:3] for case in CASES]) == [CodeCheck(*case[3]) for case in CASES]


REAL = sorted({(row["scheme"], row["code"]) for row in waste_codes.codes().to_pylist()})
DIRT = st.sampled_from(["", " ", "\u3000", "\t", "\u00a0", "'", "--", "HW", "S", "-", "/", "0", "９", "\x00", "𠀀"])


@st.composite
def said(draw: st.DrawFn) -> Said:
    scheme, code = draw(st.sampled_from(REAL))
    day = draw(st.none() | st.dates() | st.sampled_from([d for e in EDITIONS for d in (e.valid_from, e.valid_to)]))
    shape = draw(st.integers(0, 6))
    if shape == 1:
        code = f"HW{draw(st.integers(1, 50)):02d}{draw(st.sampled_from('-/ '))}{code}"
    elif shape == 2:
        at = draw(st.integers(0, len(code)))
        code = code[:at] + draw(DIRT) + code[at + draw(st.integers(0, 1)):]
    elif shape == 3:
        industry, serial, last = (draw(st.integers(0, most)) for most in (999, 120, 99))
        code = f"{industry:03d}-{serial:03d}-{draw(st.sampled_from(['', 'S']))}{last:02d}"
    elif shape == 4:
        return draw(st.none() | st.sampled_from([*SCHEMES, "", "hw"])), draw(st.none() | st.text(max_size=20)), day
    if draw(st.integers(0, 3)) == 0:
        scheme = draw(st.sampled_from(list(SCHEMES)))
    return scheme, draw(DIRT) + code if draw(st.integers(0, 4)) == 0 else code, day


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(said(), min_size=1, max_size=60))
def test_sql_and_python_never_differ(connection: duckdb.DuckDBPyConnection, rows: list[Said]) -> None:
    """Over real, mutated and junk codes the SQL gives exactly what the plain function gives, one row for each."""
    assert in_sql(connection, rows) == [check(*row) for row in rows]


def test_sql_takes_literals(connection: duckdb.DuckDBPyConnection) -> None:
    """Literals may stand where columns do."""
    sql = check_sql("'HW'", "'HW08'", "DATE '2022-01-01'", alias="other")
    query = f"SELECT {sql.canonical}, {sql.error} FROM (SELECT 1) AS one {' '.join(sql.joins)}"
    assert connection.execute(query).fetchall() == [("HW08", None)]


def test_a_code_of_another_edition_is_named_as_such() -> None:
    """Where a complete list lacks a code that another edition has, the SQL says that it was not valid then."""
    fresh = duckdb.connect()
    waste_codes.register(fresh)
    new = ["HW", "2025", "321-035-48", "新增", date(2025, 1, 1), date.max, "official"]
    fresh.execute("INSERT INTO ref_codes VALUES (?, ?, ?, ?, ?, ?, ?)", new)
    assert in_sql(fresh, [("HW", "321-035-48", day) for day in (IN_2021, IN_2025, IN_2020)]) == [
        CodeCheck(error="CODE_NOT_VALID_THEN"),
        CodeCheck("321-035-48", "新增", False),
        CodeCheck("321-035-48", "新增", True),
    ]


def test_editions_follow_one_another() -> None:
    """The editions of a scheme cover all days, none twice, and agree on form and class."""
    for scheme in SCHEMES:
        editions = [edition for edition in EDITIONS if edition.scheme == scheme]
        assert editions[0].valid_from == date.min
        assert editions[-1].valid_to == date.max
        assert [e.valid_to for e in editions[:-1]] == [e.valid_from for e in editions[1:]]
        assert len({(e.form, e.class_part, e.marks) for e in editions}) == 1


def test_the_lists_are_as_large_as_published() -> None:
    """46 classes and 467 codes of 2021, 35 classes of 2024; HW41 to HW44 and SW08 are not among them."""
    codes = waste_codes.codes().to_pylist()
    full = [row["code"] for row in codes if row["edition"] == "2021" and row["status"] == "official"]
    assert sum(code.startswith("HW") for code in full) == 46
    assert sum(not code.startswith("HW") for code in full) == 467
    known = {(row["scheme"], row["class"]) for row in waste_codes.classes().to_pylist()}
    assert sum(scheme == "SW" for scheme, _ in known) == 35
    assert not known & {("HW", "HW41"), ("HW", "HW42"), ("HW", "HW43"), ("HW", "HW44"), ("SW", "SW08")}


def test_no_code_is_listed_twice() -> None:
    """(scheme, edition, code) and (scheme, class) are unique: joins on them never multiply records."""
    codes = [(row["scheme"], row["edition"], row["code"]) for row in waste_codes.codes().to_pylist()]
    classes = [(row["scheme"], row["class"]) for row in waste_codes.classes().to_pylist()]
    assert len(set(codes)) == len(codes) > 500
    assert len(set(classes)) == len(classes) > 100


def test_every_listed_code_has_legal_form_and_known_class() -> None:
    """What a list has also passes by form and class, so that the two ways of passing cannot contradict each other."""
    forms = {edition.scheme: edition for edition in EDITIONS}
    known = {(row["scheme"], row["class"]) for row in waste_codes.classes().to_pylist()}
    rows = waste_codes.codes().to_pylist()
    assert rows
    for row in rows:
        edition = forms[row["scheme"]]
        assert re.fullmatch(edition.form, row["code"])
        assert (row["scheme"], f"{edition.class_part}{row['code'][-2:]}") in known
