"""docs/production.md, "Backup is the journal": the embedded journal, copied while the hub runs, brings everything back."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.run import here
from tests.rules.code import ROOT
from tests.rules.compose import DOCKER

LATER = "磅单号,时间,车牌,司机,类别,净重,单位,区划\nC1,2026-04-02,鲁P1,张三,厨余垃圾,7000,千克,371502\n"


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """The example of docker/ on the embedded parts."""
    shutil.copytree(DOCKER / "hub", tmp_path / "hub")
    (tmp_path / "hub" / "hub.toml").write_text("", encoding="utf-8")
    return tmp_path / "hub"


def _copy_while_it_runs(hub: Path, copy: Path) -> None:
    """The page's statement, while `run` has the journal open."""
    (statement,) = re.findall(r'sqlite3 data/journal\.db "(.+)"', (ROOT / "docs/production.md").read_text("utf-8"))
    with subprocess.Popen([sys.executable, "-m", "hub.cli", "-C", hub, "run"], stderr=subprocess.PIPE, text=True) as run:
        try:
            assert run.stderr is not None
            assert any('"pulled"' in line for line in run.stderr)
            with closing(sqlite3.connect(hub / "data" / "journal.db")) as journal:
                journal.execute(statement.replace("/backup/journal.db", str(copy)))
            run.send_signal(signal.SIGTERM)
            run.communicate(timeout=90)
        finally:
            run.kill()


def _restore(hub: Path, copy: Path) -> None:
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (hub / "data" / name).unlink(missing_ok=True)
    shutil.copy(copy, hub / "data" / "journal.db")


def _forget(hub: Path) -> None:
    shutil.rmtree(hub / "data" / "seen")
    for path in (hub / "data").glob("store.db*"):
        path.unlink()


def _events(hub: Path) -> int:
    (row,) = here("-C", hub, "pull", "--once", "--json").json["connectors"]
    return int(row["events"])


def _grams(hub: Path) -> dict[str, int]:
    assert here("-C", hub, "project", "--once").code == 0
    return {row["period"]: row["mass_g"] for row in here("-C", hub, "ledger", "--by", "period", "--json").json["rows"]}


def test_a_copied_journal_brings_the_ledger_back(hub: Path, tmp_path: Path) -> None:
    """A copy made while the hub runs, in another folder: the same ledger, and nothing that was known is told again."""
    _copy_while_it_runs(hub, tmp_path / "copy.db")
    other = tmp_path / "other"
    shutil.copytree(hub, other, ignore=shutil.ignore_patterns("data"))
    (other / "data").mkdir()
    _restore(other, tmp_path / "copy.db")
    assert _grams(other) == _grams(hub) == {"2026-03": 10_580_000}
    assert _events(other) == 0


def test_what_the_copy_lacks_is_read_again(hub: Path, tmp_path: Path) -> None:
    """An older journal beside a newer memory stops the pull; without that memory the sources tell again what is missing."""
    _copy_while_it_runs(hub, tmp_path / "copy.db")
    (hub / "in" / "2026-04.csv").write_text(LATER, encoding="utf-8")
    os.utime(hub / "in" / "2026-04.csv", (time.time() - 60,) * 2)
    assert _events(hub) == 1
    whole = _grams(hub)
    _restore(hub, tmp_path / "copy.db")
    stopped = here("-C", hub, "pull", "--once", "--json")
    assert stopped.code == 1
    assert stopped.json["connectors"][0]["events"] == 0
    _forget(hub)
    assert _events(hub) == 1
    assert _grams(hub) == whole == {"2026-03": 10_580_000, "2026-04": 7_000_000}
