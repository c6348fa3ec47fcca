"""``ledger`` and ``summary``: what is inside a period, whose report counts, and that it starts fast."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.errors import NotInOrder, RequestWrong
from hub.journal.embedded import EmbeddedJournal
from hub.projector.project import project_once
from hub.projector.query import inside_period, ledger, regions, summary
from hub.projector.sqlite_views import SqliteViews
from hub.projector.views import Views
from tests.projector import histories
from tests.projector.histories import append, event
from tests.projector.stores import KINDS, Stores, stores_of

SAID = [
    event("A", period="2026-03", mass_g=1, kind="RECEIVED"),
    event("B", period="2026-04", mass_g=2, kind="RECEIVED"),
    event("C", period="2026Q1", mass_g=4, kind="RECEIVED", region="371581"),
    event("D", period="2026", mass_g=8, kind="RECEIVED"),
    event("E", period="2025-12", mass_g=16, kind="UTILISED"),
    event("F", period="2026-03", mass_g=32, kind="RECEIVED", department="commerce", count=5),
    event("G", period="2026-03", mass_g=64, kind="COLLECTED", stream="domestic", department="urban_management"),
    event("H", period="2026-03", mass_g=0, kind="DISPOSED", retracted=True),
]


@pytest.fixture(scope="module", params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Views]:
    folder = tmp_path_factory.mktemp("query")
    rules = histories.rules(folder / "own", authority=[("construction", "RECEIVED", "housing")])
    with stores_of(request.param, folder, request) as stores:
        with closing(EmbeddedJournal(folder / "journal.db")) as journal, closing(stores.open()) as opened:
            append(journal, SAID)
            project_once(journal, opened, histories.ledger(rules), folder / "locks")
        yield stores.views()


CASES = [
    ({}, {"2025-12": 16, "2026": 8, "2026-03": 65, "2026-04": 2, "2026Q1": 4}, 0),
    ({"period": "2026"}, {"2026": 8, "2026-03": 65, "2026-04": 2, "2026Q1": 4}, 0),
    ({"period": "2026Q1"}, {"2026-03": 65, "2026Q1": 4}, 1),
    ({"period": "2026-03"}, {"2026-03": 65}, 2),
    ({"period": "2026-04"}, {"2026-04": 2}, 1),
    ({"period": "2026-03", "region": "371502"}, {"2026-03": 65}, 1),
    ({"period": "2025"}, {"2025-12": 16}, 0),
    ({"stream": "domestic"}, {"2026-03": 64}, 0),
    ({"period": "2027"}, {}, 0),
]


@pytest.mark.parametrize(("asked", "wanted", "coarser"), CASES)
def test_a_period_takes_what_is_inside_it(
    store: Views, asked: dict[str, str], wanted: dict[str, int], coarser: int
) -> None:
    """Only lines inside the period are summed; longer ones that reach into it are counted as coarser."""
    found = ledger(store, by=["period"], **asked)
    assert {row["period"]: row["mass_g"] for row in found["rows"]} == wanted
    assert found["coarser"] == coarser
    assert found["as_of"].endswith("Z")


def test_only_booked_reports_are_summed_unless_departments_are_asked_for(store: Views) -> None:
    """With department every report appears, with booked; without it the witness's 32 g are left out."""
    found = ledger(store, by=["kind", "department"], period="2026-03", stream="construction")
    assert [(r["department"], r["booked"], r["mass_g"], r["count"], r["entries"]) for r in found["rows"]] == [
        ("commerce", 0, 32, 5, 1), ("housing", 1, 1, 0, 1),
    ]  # fmt: skip
    (row,) = ledger(store, period="2026-03", stream="construction")["rows"]
    assert row == {"id": "line:2026-03/*/construction/*/*/RECEIVED/*", "period": "2026-03", "stream": "construction",
                   "kind": "RECEIVED", "mass_g": 1, "count": 0, "entries": 1}  # fmt: skip


NO_PERIODS = ["26", "2026-13", "2026-00", "2026Q5", "2026-3", "2026'", "２０２６", "2026-03-01", ""]


@pytest.mark.parametrize("period", NO_PERIODS)
def test_what_is_no_period_is_refused(store: Views, period: str) -> None:
    """Anything but a year, quarter or month is the request's fault."""
    with pytest.raises(RequestWrong):
        ledger(store, period=period)


def test_what_is_no_column_is_refused(store: Views) -> None:
    """A column that the ledger has not is named."""
    with pytest.raises(RequestWrong, match="mass"):
        ledger(store, by=["mass"])


def test_every_month_lies_in_its_quarter_and_year() -> None:
    """All months of a year are inside it, and three of them inside each quarter."""
    months = [f"2026-{month:02d}" for month in range(1, 13)]
    for quarter in range(1, 5):
        text = inside_period(f"2026Q{quarter}")
        assert [month for month in months if f"'{month}'" in text] == months[3 * quarter - 3 : 3 * quarter]


def test_the_year_says_what_became_of_it(store: Views) -> None:
    """Per stream: what nobody reports, and a balance of which one side is unknown, is None."""
    found = {row.pop("stream"): row for row in summary(store, "2026")}
    nothing = dict.fromkeys(("arisen", "collected", "stored", "used", "disposed", "under_way", "unreported"))
    assert found == {
        "construction": nothing | {"unreported": 15}, "domestic": nothing | {"arisen": 64, "collected": 64},
    }  # fmt: skip


def test_under_way_is_what_set_out_and_did_not_arrive(tmp_path: Path, stores: Stores) -> None:
    """Sent 10, received 8, of that 3 stored and 4 used: 2 under way."""
    said: list[dict[str, Any]] = [
        event(kind, kind=kind, mass_g=mass)
        for kind, mass in (("GENERATED", 12), ("DISPATCHED", 10), ("RECEIVED", 8), ("STORED", 3), ("UTILISED", 4))
    ]
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal, closing(stores.open()) as opened:
        append(journal, said)
        project_once(journal, opened, histories.ledger(), tmp_path / "locks")
    assert summary(stores.views()) == [{
        "stream": "construction", "arisen": 12, "collected": None, "stored": 3, "used": 4, "disposed": None,
        "under_way": 2, "unreported": None,
    }]  # fmt: skip


def test_without_a_store_there_is_nothing_yet(tmp_path: Path, stores: Stores) -> None:
    """Before the first project the ledger is empty, and asking makes nothing."""
    for _ in range(2):
        assert ledger(stores.views()) == {"as_of": None, "rows": [], "coarser": 0}
        assert summary(stores.views()) == []
        assert regions(stores.views()) == []
    assert not [*tmp_path.iterdir()]


def test_sums_beyond_64_bits_are_said(tmp_path: Path, stores: Stores) -> None:
    """Two lines that fit, and whose sum does not: an error, not a wrong figure."""
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal, closing(stores.open()) as opened:
        append(journal, [event(name, mass_g=2**63 - 1, code=name) for name in ("SW70", "SW71")])
        project_once(journal, opened, histories.ledger(), tmp_path / "locks")
    assert len(ledger(stores.views(), by=["code"])["rows"]) == 2
    with pytest.raises(NotInOrder, match="64 bits"):
        ledger(stores.views())


def test_a_damaged_store_is_said_to_be_damaged(tmp_path: Path) -> None:
    """A file that is no database is an error with a remedy."""
    (tmp_path / "s.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(NotInOrder, match="damaged"):
        ledger(SqliteViews(tmp_path / "s.db"))


def test_it_starts_fast() -> None:
    """Importing it imports none of the heavy libraries."""
    code = (
        "import sys, hub.projector.query, hub.projector.sqlite_views;"
        "print(*({'duckdb', 'pyarrow', 'numpy', 'sqlalchemy', 'psycopg'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
