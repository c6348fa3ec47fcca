"""The made-up city is the same every time, as large as a real one, and has every fault that it promises."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import fastexcel
import pytest

from hub.config import load
from hub.demo.city import WRITERS, generate, generate_changes
from hub.demo.hub_folder import make_hub
from hub.demo.places import COUNTIES, ZONES, companies
from hub.demo.scene import spread
from hub.demo.truth import COLUMNS, Flow, Truth
from hub.reference import uscc

SMALL = 0.05


def _dice() -> random.Random:
    return random.Random(1)


def _state(folder: Path) -> dict[str, tuple[str, int]]:
    """Each file's digest and modification time."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted((folder / "systems").rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("city")
    return folder, generate(folder, scale=SMALL)


def _mass(truth: Truth, **wanted: str) -> int:
    """Tonnes at scale 1."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in truth.rows()]
    grams = sum(int(row["mass_g"]) for row in rows if all(row[key] == value for key, value in wanted.items()))
    return round(grams / SMALL / 1e6)


def test_the_same_seed_writes_the_same_bytes_and_times(tmp_path: Path) -> None:
    """Two runs with the same arguments leave the same files with the same modification times, and the same truth."""
    one, two = tmp_path / "one", tmp_path / "two"
    first, second = generate(one, months=2, scale=SMALL), generate(two, months=2, scale=SMALL)
    assert _state(one) == _state(two)
    assert first == second
    assert (one / "truth.csv").read_bytes() == (two / "truth.csv").read_bytes()


def test_another_seed_makes_another_city(tmp_path: Path) -> None:
    """The seed decides."""
    first = generate(tmp_path / "1", months=1, scale=SMALL)
    assert first.rows() != generate(tmp_path / "2", months=1, scale=SMALL, seed=7).rows()


def test_files_lie_in_the_past(year: tuple[Path, Truth]) -> None:
    """Whatever was generated for 2025 was written between the second day of 2025 and the middle of 2026."""
    times = [mtime for _, mtime in _state(year[0]).values()]
    assert min(times) >= 1_735_747_200 * 10**9
    assert max(times) < 1_782_000_000 * 10**9


@pytest.mark.parametrize(
    ("wanted", "least", "most"),
    [
        ({"stream": "domestic"}, 1_500_000, 2_400_000),
        ({"stream": "industrial", "kind": "GENERATED", "code": "SW09"}, 3_000_000, 300_000_000),
        ({"stream": "construction", "kind": "RECEIVED"}, 2_000_000, 6_000_000),
        ({"stream": "hazardous", "kind": "DISPATCHED"}, 80_000, 300_000),
        ({"stream": "agricultural", "kind": "GENERATED"}, 5_000_000, 60_000_000),
        ({"stream": "recyclable", "department": "commerce", "kind": "COLLECTED"}, 200_000, 1_500_000),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_a_years_tonnes_are_those_of_six_million_people(
    year: tuple[Path, Truth], wanted: dict[str, str], least: int, most: int
) -> None:
    """Each stream has the size that it has in a city like this (small numbers of companies make it coarse)."""
    assert least <= _mass(year[1], **wanted) <= most


def test_red_mud_and_its_like_are_the_largest_stream(year: tuple[Path, Truth]) -> None:
    """General industrial waste arises in larger masses than any other stream."""
    by_stream: Counter[str] = Counter()
    for row in year[1].rows():
        flow = Flow(*row[:7])
        if flow.kind in ("GENERATED", "COLLECTED"):
            by_stream[flow.stream] += row[8]
    assert by_stream.most_common(1)[0][0] == "industrial"


def test_every_region_is_a_county_or_a_zone(year: tuple[Path, Truth]) -> None:
    """What stands is in one of the eight counties or three zones, and all of them have something."""
    assert {row[1] for row in year[1].rows()} == {place.code for place in COUNTIES + ZONES}


def test_the_same_tonnes_are_booked_once(year: tuple[Path, Truth]) -> None:
    """Where two departments report a stream's kind, one is booked and the other is a witness."""
    booked: dict[tuple[str, str], dict[str, set[int]]] = {}
    for row in year[1].rows():
        booked.setdefault((row[2], row[5]), {}).setdefault(row[6], set()).add(row[7])
    assert booked["recyclable", "COLLECTED"] == {"commerce": {1}, "urban_management": {0}}
    assert booked["hazardous", "COLLECTED"] == {"commerce": {0}}
    for departments in booked.values():
        assert sum(flags == {1} for flags in departments.values()) <= 1


def test_every_connector_has_something_set_aside(year: tuple[Path, Truth]) -> None:
    """Each system has faulty records, under several names in all."""
    names = {name.replace("/", ".") for _, names in WRITERS for name in names}
    assert {connector for connector, _ in year[1].quarantined} == names
    assert len({error for _, error in year[1].quarantined}) >= 8


def test_the_weighbridge_writes_gb18030(year: tuple[Path, Truth]) -> None:
    """The daily files are GB18030 and not UTF-8."""
    raw = next((year[0] / "systems/urban_management").glob("磅单_*.csv")).read_bytes()
    assert raw.decode("gb18030").startswith("磅单号,")
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")


def test_the_same_slip_number_stands_in_several_files(year: tuple[Path, Truth]) -> None:
    """Files repeat and correct each other's rows."""
    numbers: Counter[str] = Counter()
    for path in (year[0] / "systems/urban_management").glob("磅单_*.csv"):
        rows = csv.DictReader(path.read_text("gb18030").splitlines())
        numbers.update({row["磅单号"] for row in rows})
    assert numbers.most_common(1)[0][1] == 2


def test_one_number_has_two_meanings_in_two_tables(year: tuple[Path, Truth]) -> None:
    """C016's 04 is slurry where slips are sent and demolition waste where they are received."""
    with closing(sqlite3.connect(year[0] / "systems/housing/jzlj.db")) as database:
        units = {unit for (unit,) in database.execute("SELECT DISTINCT DW FROM JZLJ_YC")}
        both = database.execute(
            "SELECT count(*) FROM JZLJ_YC y JOIN JZLJ_JS j ON j.LDBH = y.LDBH WHERE y.LJLX = '04' AND j.LJLX = '02'"
        ).fetchone()[0]
    assert {"方", "吨", "千克"} <= units
    assert both > 0


def test_manifests_have_lines_and_voids(year: tuple[Path, Truth]) -> None:
    """Some manifests have several lines, some are void, some were entered afterwards; numbers have 14 digits."""
    with closing(sqlite3.connect(year[0] / "systems/environment/wfgl.db")) as database:
        lines = database.execute("SELECT max(XH) FROM WF_LDMX").fetchone()[0]
        voided, late = database.execute("SELECT sum(SFZF = '1'), count(BLLX) FROM WF_LD").fetchone()
        numbers = [number for (number,) in database.execute("SELECT LDBH FROM WF_LD")]
    assert lines > 1
    assert voided > 0
    assert late > 0
    assert all(re.fullmatch(r"20253715\d{6}", number) for number in numbers)


def test_returns_have_a_header_of_two_rows(year: tuple[Path, Truth]) -> None:
    """The sheet has a title, then 利用量 over its five uses."""
    path = next((year[0] / "systems/agriculture").glob("*.xlsx"))
    rows = fastexcel.read_excel(path).load_sheet("汇总表", header_row=None).to_arrow().to_pylist()
    assert list(rows[1].values())[:6] == ["季度", "区县", "乡镇", "类别", "产生量", "利用量"]
    assert list(rows[2].values())[5:10] == ["肥料化", "饲料化", "燃料化", "基料化", "原料化"]


def test_recycling_figures_are_nested_json(year: tuple[Path, Truth]) -> None:
    """Every line is an object; things are counted beside the tonnes, sometimes alone."""
    found = [
        json.loads(line)["回收"]
        for path in (year[0] / "systems/commerce").glob("*.jsonl") for line in path.read_text("utf-8").splitlines()
    ]
    assert any("件数" in measure and "数量" in measure for measure in found)
    assert any("件数" in measure and "数量" not in measure for measure in found)


def test_made_up_companies_have_valid_codes() -> None:
    """Check characters are right, so that only what is meant to be wrong is wrong."""
    assert all(uscc.valid(company.id) for company in companies(_dice(), 200, "公司"))


def test_changes_leave_old_files_as_they_were(tmp_path: Path) -> None:
    """The second state of file systems adds files and touches none; the truth has moved."""
    before = generate(tmp_path, months=3, scale=SMALL)
    old = _state(tmp_path)
    after = generate_changes(tmp_path, months=3, scale=SMALL)
    new = _state(tmp_path)
    kept = {name for name in old if not name.endswith(".db")}
    assert {name: new[name] for name in kept} == {name: old[name] for name in kept}
    assert set(new) > set(old)
    assert after.retracted > before.retracted
    assert after.rows() != before.rows()


def test_every_fault_occurs_even_among_few_records() -> None:
    """Each fault gets a record of its own while there are enough."""
    assert sorted(spread(_dice(), 3, {"a": 0.0, "b": 0.001, "c": 0.0}).values()) == ["a", "b", "c"]
    assert len(spread(_dice(), 2, {"a": 0.0, "b": 0.0, "c": 0.0})) == 2


def test_the_demo_hub_runs_every_system(tmp_path: Path) -> None:
    """hub.toml is readable and names every connector; a hub.toml that is there stays."""
    make_hub(tmp_path)
    assert load(tmp_path, {}).use == tuple(name for _, names in WRITERS for name in names)
    (tmp_path / "hub.toml").write_text('[hub]\nname = "mine"\n', encoding="utf-8")
    make_hub(tmp_path)
    assert load(tmp_path, {}).name == "mine"
