"""A short run of the faults, for every test run; ``make faults`` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.faults.race import race


def test_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """Whatever is killed, raced or changed meanwhile: at the end ledger and quarantine are what the source says."""
    found = race(range(1_000, 1_006), tmp_path, workers=2)
    assert [one for one in found if one.wrong] == []
    assert sum(one.kills for one in found) > 6, "most processes must have died at work"
