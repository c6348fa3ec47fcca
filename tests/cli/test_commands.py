"""Every command on a small hub, as scripts use it: exit codes and JSON."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.run import here as wastehub
from tests.cli.small_hub import FILE, YAML


def test_pull_counts_what_it_did(hub: Path) -> None:
    """A pull says per connector what it read; a bad record is a normal outcome; a second pull adds nothing."""
    first = wastehub("-C", hub, "pull", "--once", "--json")
    assert first.code == 0
    (row,) = first.json["connectors"]
    assert {
        "name": "urban_management.bridge",
        "read": 4,
        "events": 3,
        "unchanged": 0,
        "skipped": 0,
    }.items() <= row.items()
    assert row["quarantined"] == 1
    assert "cursor" in row
    again = wastehub("-C", hub, "pull", "urban_management.bridge", "--once", "--json")
    (row,) = again.json["connectors"]
    assert (row["events"], row["quarantined"]) == (0, 0)


def test_project_counts_what_it_did(ledger_hub: Path) -> None:
    """A projection says what it applied and how far behind it is."""
    done = wastehub("-C", ledger_hub, "project", "--once", "--json")
    assert done.code == 0
    row = next(row for row in done.json["projections"] if row["name"] == "ledger")
    assert {"version", "applied", "superseded", "quarantined", "not_a_record", "lag_events"} <= row.keys()
    assert (row["applied"], row["lag_events"]) == (3, 0)


def test_the_ledger_by_default(ledger_hub: Path) -> None:
    """The ledger sums by period, stream and kind, in integer grams."""
    found = wastehub("-C", ledger_hub, "ledger", "--json").json
    assert found["as_of"]
    assert found["coarser"] == 0
    sums = {(row["period"], row["stream"], row["kind"]): row["mass_g"] for row in found["rows"]}
    assert sums == {("2026-03", "domestic", "COLLECTED"): 9_380_000, ("2026Q1", "domestic", "COLLECTED"): 3_980_000}


@pytest.mark.parametrize(
    ("period", "mass_g", "coarser"),
    [
        ("2026", 13_360_000, 0),
        ("2026Q1", 13_360_000, 0),
        ("2026-03", 9_380_000, 1),
        ("2026Q2", 0, 0),
    ],
)
def test_a_period_takes_what_is_inside_it(ledger_hub: Path, period: str, mass_g: int, coarser: int) -> None:
    """A year has its quarters and months, a quarter its months; what is coarser is counted, not summed."""
    found = wastehub("-C", ledger_hub, "ledger", "--period", period, "--json").json
    assert (sum(row["mass_g"] for row in found["rows"]), found["coarser"]) == (mass_g, coarser)


@pytest.mark.parametrize(
    ("args", "known"),
    [
        (["--by", "period,town"], "region"),
        (["--by", ","], "region"),
        (["--period", "2026-13"], "2026-03"),
        (["--stream", "nope"], "domestic"),
        (["--region", "371599"], "371502, 371503"),
        (["--region", "\udcff"], "UTF-8"),
    ],
)
def test_a_wrong_question_ends_with_2(ledger_hub: Path, args: list[str], known: str) -> None:
    """An unknown column, stream or region, an impossible period, or what is no text, is refused; what is known is said."""
    asked = wastehub("-C", ledger_hub, "ledger", *args)
    assert asked.code == 2
    assert asked.out == ""
    assert known in asked.err
    assert "Traceback" not in asked.err


@pytest.mark.parametrize("args", [["--region", "371521"], ["--region", "LOCAL1"], ["--stream", "sludge"]])
def test_nothing_yet_is_no_mistake(ledger_hub: Path, args: list[str]) -> None:
    """A stream without an entry, and a region that only the official or a connector's own list has, give no rows."""
    asked = wastehub("-C", ledger_hub, "ledger", *args, "--json")
    assert (asked.code, asked.json["rows"]) == (0, [])


def test_with_department_every_report_appears(ledger_hub: Path) -> None:
    """By department each row says whether it is booked."""
    (row,) = wastehub("-C", ledger_hub, "ledger", "--by", "department", "--json").json["rows"]
    assert (row["department"], row["booked"], row["entries"]) == ("urban_management", 1, 3)


def test_a_ledger_line_explains_itself(ledger_hub: Path) -> None:
    """The id of a ledger row leads to the source records behind it, and a source key to its lines."""
    rows = wastehub("-C", ledger_hub, "ledger", "--by", "code", "--json").json["rows"]
    line = next(row for row in rows if row["code"] == "SW64")
    behind = wastehub("-C", ledger_hub, "explain", line["id"], "--json").json
    assert behind["events"][0]["record"]["单号"] == "D2"
    back = wastehub("-C", ledger_hub, "explain", "D2", "--json").json
    assert back["lines"][0]["mass_g"] == 5_120_000
    assert "D2" in wastehub("-C", ledger_hub, "explain", line["id"]).out
    assert wastehub("-C", ledger_hub, "explain", "nothing").code == 2


def test_a_mistake_in_the_file_is_at_its_place(hub: Path) -> None:
    """connector check ends with 1 and names line, column, error and the nearest name; the text shows the line."""
    assert wastehub("-C", hub, "connector", "check").code == 0
    (hub / FILE).write_text(YAML.replace("stream:", "straem:"), encoding="utf-8")
    checked = wastehub("-C", hub, "connector", "check", "--json")
    assert checked.code == 1
    error = next(e for e in checked.json["errors"] if e["suggestion"] == "stream")
    assert (error["line"], error["error"]) == (8, "UNKNOWN_KEY")
    assert error["file"].endswith(FILE)
    shown = wastehub("-C", hub, "connector", "check")
    assert "straem" in shown.out
    assert "^" in shown.out
    pulled = wastehub("-C", hub, "pull", "--once")
    assert pulled.code == 2
    assert "UNKNOWN_KEY" in pulled.err


def test_the_tests_in_the_file_run(hub: Path) -> None:
    """connector test ends with 0 where all pass, with 1 and the difference where one does not."""
    passed = wastehub("-C", hub, "connector", "test", "--json")
    assert (passed.code, [case["passed"] for case in passed.json["tests"]]) == (0, [True])
    (hub / FILE).write_text(YAML.replace("mass_g: 1000000", "mass_g: 7"), encoding="utf-8")
    failed = wastehub("-C", hub, "connector", "test")
    assert failed.code == 1
    assert "1000000" in failed.out


def test_a_preview_writes_nothing(hub: Path) -> None:
    """The preview shows what would become of the records, and the journal stays empty."""
    found = wastehub("-C", hub, "connector", "preview", "urban_management.bridge", "--json").json
    assert [row["mass_g"] for row in found["rows"]] == [4_260_000, 5_120_000, 3_980_000]
    assert len(found["quarantined"]) == 1
    topics = wastehub("-C", hub, "journal", "show", "--json").json["topics"]
    assert {row["end"] for row in topics} == {0}


def test_a_preview_says_what_a_pull_would(hub: Path) -> None:
    """A column that the source does not have is named by both, for every record."""
    (hub / FILE).write_text(YAML.replace("region(区县)}", "region(区县), vehicle: 车号}"), encoding="utf-8")
    found = wastehub("-C", hub, "connector", "preview", "urban_management.bridge", "--json").json
    wastehub("-C", hub, "pull", "--once")
    waiting = wastehub("-C", hub, "quarantine", "list", "--json").json["rows"]
    for rows in (found["quarantined"], waiting):
        assert [[(e["field"], e["error"]) for e in row["errors"]][:1] for row in rows] == [[("车号", "COLUMN_MISSING")]] * 4
    assert found["rows"] == []


def test_the_connectors_are_listed(hub: Path) -> None:
    """Each connector is listed with its department and where its file is."""
    (row,) = wastehub("-C", hub, "connector", "list", "--json").json["connectors"]
    assert (row["name"], row["department"], row["kind"]) == ("urban_management.bridge", "urban_management", "file")


@pytest.mark.parametrize(
    "args",
    [
        ["pull", "nobody", "--once"],
        ["project", "nobody", "--once"],
        ["connector", "preview", "nobody"],
        ["connector", "check", "nobody"],
        ["quarantine", "show", "nobody"],
    ],
)
def test_an_unknown_name_ends_with_2(hub: Path, args: list[str]) -> None:
    """What the hub does not have is refused by name."""
    asked = wastehub("-C", hub, *args)
    assert asked.code == 2
    assert "nobody" in asked.err
    assert "Traceback" not in asked.err


def test_a_source_that_is_away_ends_with_3(hub: Path) -> None:
    """One system does not answer: the others are pulled all the same, it is said what to do, and the exit code says to
    try again."""
    other = hub / "connectors/housing/slips/connector.yaml"
    other.parent.mkdir(parents=True)
    source = 'source: {kind: sql, url: "sqlite:///away.db", table: T, key: 单号}'
    lines = YAML.partition("tests:")[0].replace("urban_management", "housing").splitlines()
    other.write_text("\n".join(source if line.startswith("source:") else line for line in lines), encoding="utf-8")
    pulled = wastehub("-C", hub, "pull", "--once", "--json")
    assert pulled.code == 3, pulled.err
    rows = {row["name"]: row for row in pulled.json["connectors"]}
    assert "请查看那个系统是否在运行" in rows["housing.bridge"]["error"]
    assert rows["urban_management.bridge"]["events"] == 3
    doctor = wastehub("-C", hub, "doctor", "--json")
    assert doctor.code == 1
    assert [c["part"] for c in doctor.json["checks"] if not c["ok"]] == ["housing.bridge"]


def test_a_rebuild_gives_the_same_ledger(ledger_hub: Path) -> None:
    """The ledger folded anew from the journal has the same lines."""
    lines = "SELECT * FROM flows_v1 ORDER BY 1, 2, 3, 4, 5, 6, 7"
    with sqlite3.connect(ledger_hub / "data/store.db") as store:
        before = store.execute(lines).fetchall()
    rebuilt = wastehub("-C", ledger_hub, "project", "ledger", "--rebuild", "--once", "--json")
    assert rebuilt.code == 0, rebuilt.err
    with sqlite3.connect(ledger_hub / "data/store.db") as store:
        assert store.execute(lines).fetchall() == before
    assert len(before) == 3
