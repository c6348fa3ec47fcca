"""``wastehub run``: continuously, until it is told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hub.projector.query import ledger
from tests.cli.run import here

YAML = """\
hub: 1
name: urban_management.bridge
department: urban_management
source: {kind: file, path: "in/*.csv", key: 单号}
every: 500ms
map: {kind: "'COLLECTED'", stream: "'domestic'", scheme: "'SW'", code: "'SW61'", value: num(净重), unit: "'kg'",
      occurred_at: ts(日期), region: "'371502'"}
"""


def _until(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.returncode
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _grams(folder: Path) -> int:
    return sum(row["mass_g"] for row in ledger(folder / "data/store.db")["rows"])


def _write(folder: Path, name: str, text: str) -> None:
    """A finished file, old enough to hold still."""
    path = folder / "in" / name
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.utime(part, (time.time() - 60, time.time() - 60))
    part.rename(path)


def test_what_arrives_is_in_the_ledger_and_sigterm_ends_it_well(tmp_path: Path) -> None:
    """A running hub takes a file that was there and one that comes later; told to stop, it ends with 0."""
    folder = tmp_path / "hub"
    assert here("new", folder).code == 0
    connector = folder / "connectors/urban_management/bridge/connector.yaml"
    connector.parent.mkdir(parents=True)
    connector.write_text(YAML, encoding="utf-8")
    (folder / "in").mkdir()
    _write(folder, "a.csv", "单号,日期,净重\nA,2026-03-01,7\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", "-C", str(folder), "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        _until(lambda: _grams(folder) == 7_000, process)
        _write(folder, "b.csv", "单号,日期,净重\nB,2026-03-02,5\n")
        _until(lambda: _grams(folder) == 12_000, process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err.decode()
    assert out == b""
    assert b"Traceback" not in err
