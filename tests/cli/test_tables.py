"""What tables show."""

from __future__ import annotations

import pytest

from hub.cli.tables import show_checks, show_ledger, show_projections, show_pull, show_tests
from hub.cli.visible import width
from hub.cli.year import show_year

LEDGER = {
    "rows": [
        {"period": "2026-03", "stream": "domestic", "kind": "COLLECTED", "mass_g": 4_260_000, "count": 0, "entries": 1},
        {
            "period": "2026-03",
            "stream": "recyclable",
            "kind": "RECEIVED",
            "mass_g": 61_234_567_000,
            "count": 12,
            "entries": 1234,
        },
    ],
    "coarser": 3,
    "as_of": "2026-03-31T23:30:00.123456Z",
}


def test_a_ledger_is_aligned_and_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures end in the same column whatever Chinese stands before them, and names are words."""
    show_ledger(LEDGER, ["period", "stream", "kind"])
    lines = capsys.readouterr().out.splitlines()
    first, second = (line.rstrip() for line in lines if "2026-03" in line)
    assert "生活垃圾" in first
    assert "收运" in first
    assert "61,234.567" in second
    assert width(first) == width(second)
    assert "另有 3 行" in "\n".join(lines)


def test_a_ledger_says_how_fresh_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """When the ledger last moved is told by the city's clock."""
    show_ledger(LEDGER, ["period"])
    assert "账本截至 2026-04-01 07:30:00 +08:00。" in capsys.readouterr().out.splitlines()


def test_with_departments_the_ledger_says_which_are_booked(capsys: pytest.CaptureFixture[str]) -> None:
    """A ledger by department has a column that tells the booked report from the witness."""
    row = {"stream": "domestic", "department": "housing", "booked": 0, "mass_g": 1, "count": 0, "entries": 1}
    show_ledger({"rows": [row, row | {"booked": 1}]}, ["stream", "department"])
    out = capsys.readouterr().out
    assert "入账" in out
    assert "住房城乡建设" in out


def test_an_empty_ledger_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found is a sentence, not an empty table."""
    show_ledger({"rows": [], "coarser": 0}, ["period"])
    assert capsys.readouterr().out.strip() == "账本里没有这样的行。"


def test_the_year_is_in_one_unit(capsys: pytest.CaptureFixture[str]) -> None:
    """All figures of the year's account are in 万吨 where one is large; what means nothing is a point, not a zero."""
    figures = {"arisen": 12 * 10**12, "collected": 0, "stored": None, "used": 10**9, "disposed": 0}
    show_year([{"stream": "industrial", "under_way": -(10**10)} | figures], "2025")
    out = capsys.readouterr().out
    assert "万吨" in out
    assert out.splitlines()[-2].split() == ["一般工业固体废物", "1,200.00", "–", "·", "0.10", "–", "-1.00"]


def test_a_projection_says_how_long_something_waits(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside how much; a lag of which not every message was counted is at most that."""
    row = {"name": "ledger", "version": 1, "applied": 2, "superseded": 0, "quarantined": 0, "not_a_record": 0}
    lag = {"lag_events": 40_000, "lag_counted": False, "lag_seconds": 7200.5}
    show_projections({"projections": [row | lag, row | {"lag_events": 3, "lag_counted": True, "lag_seconds": 0.0}]})
    first, second = (line for line in capsys.readouterr().out.splitlines() if "ledger" in line)
    assert first.split()[-3:] == ["≤", "40,000", "7,200.5"]
    assert second.split()[-2:] == ["3", "0.0"]


def test_marks_tell_good_from_bad(capsys: pytest.CaptureFixture[str]) -> None:
    """Checks and tests carry a mark, and a remedy or difference where they failed."""
    show_checks(
        {
            "checks": [
                {"part": "journal", "ok": True, "found": "ok", "remedy": ""},
                {"part": "store", "ok": False, "found": "lag", "remedy": "wastehub project --once"},
            ]
        }
    )
    difference = {"field": "mass_g", "expected": "1", "found": "2"}
    show_tests({"tests": [{"connector": "c", "name": "n", "passed": False, "differences": [difference]}]})
    out = capsys.readouterr().out
    assert "✓ 事件流水" in out
    assert "怎么办：wastehub project --once" in out
    assert "✗ c  n" in out
    assert "mass_g" in out


def test_a_connector_that_did_not_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A pull shows the error of the one connector that failed, and the figures of the others."""
    figures = {"read": 1000, "events": 900, "unchanged": 50, "skipped": 0, "quarantined": 50, "cursor": None}
    show_pull({"connectors": [{"name": "a"} | figures, {"name": "b", "error": "no answer"} | figures]})
    out = capsys.readouterr().out
    assert "1,000" in out
    assert "b: no answer" in out
