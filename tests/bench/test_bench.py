"""The bench measures everything that it names, on a small scale, and writes what is documented."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.bench.__main__ import LARGE, PARTS, chosen, main
from tests.bench.intake import STAGES
from tests.bench.result import Row
from tests.bench.stopwatch import Stopwatch

MEASURED = {
    "intake": {"intake.csv", "again.csv", "intake.table", "again.table"}, "fold": {"fold"}, "rebuild": {"rebuild"},
    "shell": {"demo", "help", "ledger"}, "latency": {"latency.p50", "latency.p99"},
    "kafka-pg.fold": {"kafka-pg.plain", "kafka-pg.rival", "kafka-pg.fold", "kafka-pg.fold.over-plain",
                      "kafka-pg.fold.over-rival"},
    "kafka-pg.two": {"kafka-pg.one", "kafka-pg.two"},
    "kafka.intake": {"kafka.intake.csv", "kafka.intake.table"},
    "kafka-pg.rebuild": {"kafka-pg.rebuild", "kafka-pg.fold.grown", "kafka-pg.rebuild.over-live"},
    "kafka-pg.latency": {"kafka-pg.latency.p50", "kafka-pg.latency.p99"},
}  # fmt: skip


@pytest.mark.parametrize("part", [part for part in PARTS if part not in LARGE])
def test_every_part_measures_what_it_names(part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part writes its rows with the documented keys, cleans up behind itself and shows a table."""
    assert main([part, "--rows", "2000", "--folder", str(tmp_path)]) == 0
    first, *rows = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert first["name"] == "machine"
    assert {"cpu", "memory_gb", "row_bytes", "versions"} <= set(first)
    assert {row["name"] for row in rows if "/" not in row["name"]} == MEASURED[part]
    for row in rows:
        assert {"name", "value", "unit", "baseline", "ratio", "rows"} <= set(row)
        assert row["value"] > 0 or "/" in row["name"]
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]
    shown = capsys.readouterr().out
    assert all(name in shown for name in MEASURED[part])


def test_the_plain_way_stands_beside(tmp_path: Path) -> None:
    """Intake is compared with the plain way, and its stages and the rest make the whole."""
    main(["intake", "--rows", "1000", "--folder", str(tmp_path)])
    rows: list[dict[str, Any]] = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))[1:]
    whole = [row for row in rows if "/" not in row["name"]]
    assert all(row["baseline"] > 0 and row["ratio"] > 0 and row["floor"] < row["goal"] for row in whole)
    for row in whole:
        shares = [part["value"] for part in rows if part["name"].startswith(f"{row['name']}/")]
        assert len(shares) == len(STAGES) + 1
        assert sum(shares) == pytest.approx(100, abs=1)


def test_a_group_stands_for_its_parts() -> None:
    """``kafka`` is all on Kafka and PostgreSQL but for what takes minutes; that runs by its name, or with --large."""
    assert chosen(["kafka"], large=False) == [part for part in MEASURED if part.startswith("kafka")]
    assert chosen(["fold", "intake"], large=False) == ["intake", "fold"]
    assert chosen([], large=False) == list(MEASURED)
    assert chosen([], large=True) == list(PARTS)
    assert chosen(["kafka-pg.fold.10m"], large=False) == ["kafka-pg.fold.10m"]


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    """A misspelt name ends with the usage, and nothing is written."""
    with pytest.raises(SystemExit):
        main(["intaek", "--folder", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_a_ratio_says_how_many_times_better() -> None:
    """More records a second are better, fewer milliseconds are better; a bound is held the same way."""
    assert Row("a", 30, "records/s", baseline=10, floor=20, goal=40).ratio == 3
    assert Row("a", 30, "records/s", floor=20, goal=40).verdict == "floor"
    assert Row("b", 30, "ms", baseline=60, floor=40, goal=35).ratio == 2
    assert Row("b", 30, "ms", floor=40, goal=35).verdict == "goal"
    assert Row("b", 50, "ms", floor=40, goal=35).verdict == "missed"


def test_a_stage_leaves_out_the_stages_within_it() -> None:
    """What is done inside another stage, and between two items of a sequence, is not counted twice."""

    def busy(seconds: float) -> None:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass

    def items() -> Iterator[int]:
        for number in range(2):
            busy(0.02)
            yield number

    def outer() -> None:
        busy(0.02)
        work.inner()

    work = SimpleNamespace(inner=lambda: busy(0.06), outer=outer, items=items)
    inner, watch = work.inner, Stopwatch()
    with watch.over({"inner": [(work, "inner")], "outer": [(work, "outer")], "items": [(work, "items")]}):
        work.outer()
        for _ in work.items():
            busy(0.06)
    assert work.inner is inner
    assert watch.stages["inner"].cpu > watch.stages["outer"].cpu
    assert watch.stages["items"].cpu < 0.1 < watch.other()
