"""``wastehub run``: continuously, until it is told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from hub.projector.query import ledger
from hub.projector.sqlite_views import SqliteViews
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
    return sum(row["mass_g"] for row in ledger(SqliteViews(folder / "data/store.db"))["rows"])


def _write(folder: Path, name: str, text: str) -> None:
    """A finished file, old enough to hold still."""
    path = folder / "in" / name
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.utime(part, (time.time() - 60, time.time() - 60))
    part.rename(path)


def _hub(folder: Path) -> Path:
    """A hub with one connector and one finished file."""
    assert here("new", folder).code == 0
    connector = folder / "connectors/urban_management/bridge/connector.yaml"
    connector.parent.mkdir(parents=True)
    connector.write_text(YAML, encoding="utf-8")
    (folder / "in").mkdir()
    _write(folder, "a.csv", "单号,日期,净重\nA,2026-03-01,7\n")
    return folder


def _broken(folder: Path) -> None:
    """A second connector, which can be read as a file and not as a source: its address has no such driver."""
    other = folder / "connectors/housing/slips/connector.yaml"
    other.parent.mkdir(parents=True)
    source = 'source: {kind: sql, url: "nosuch://host/db", table: T, key: 单号}'
    text = YAML.replace('source: {kind: file, path: "in/*.csv", key: 单号}', source)
    other.write_text(text.replace("urban_management", "housing"), encoding="utf-8")


def _held(folder: Path) -> FileLock:
    """A third connector, whose lock another process (this one) holds and never frees."""
    other = folder / "connectors/commerce/held/connector.yaml"
    other.parent.mkdir(parents=True)
    other.write_text(YAML.replace("urban_management", "commerce"), encoding="utf-8")
    lock = FileLock(folder / "data/locks/commerce.bridge.lock")
    (folder / "data/locks").mkdir(parents=True, exist_ok=True)
    return lock


def _outcome(folder: Path) -> tuple[str, str]:
    """What a running hub said (stdout, stderr) while it took a file that was there and one that came later, until it
    was told to stop; it must end well."""
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
    return out.decode(), err.decode()


def test_what_arrives_is_in_the_ledger_and_sigterm_ends_it_well(tmp_path: Path) -> None:
    """A running hub takes a file that was there and one that comes later; told to stop, it ends with 0."""
    out, err = _outcome(_hub(tmp_path / "hub"))
    assert out == ""
    assert "Traceback" not in err


def test_a_connector_that_a_person_must_mend_stops_alone(tmp_path: Path) -> None:
    """A running hub says which connector stopped and why, and the others go on; where all have stopped, a pull that
    would go on for ever ends with 2."""
    folder = _hub(tmp_path / "hub")
    _broken(folder)
    _, err = _outcome(folder)
    (stopped,) = (line for line in err.splitlines() if "connector_stopped" in line)
    assert "housing.bridge" in stopped
    assert here("-C", folder, "pull", "housing.bridge").code == 2


def test_a_connector_that_waits_holds_up_neither_the_others_nor_the_end(tmp_path: Path) -> None:
    """While another process has a connector in hand, be it stopped for ever, the other connectors are pulled; told to
    stop, the hub ends well."""
    folder = _hub(tmp_path / "hub")
    with _held(folder):
        _, err = _outcome(folder)
    (interrupted,) = (line for line in err.splitlines() if "pull_interrupted" in line)
    assert "commerce.bridge" in interrupted
