"""Damaged files by the thousand, through the whole way."""

from __future__ import annotations

from pathlib import Path

from tests.intake.hostile import faults, named
from tests.intake.hostile_text import csv_files
from tests.intake.world import connector, world

EVERY_FILE = connector("{kind: file, path: 'in/*', key: [K]}")


def test_damaged_csv_files(tmp_path: Path) -> None:
    """Whatever the layout, the damage and its place: no record is lost, doubled or told otherwise."""
    with world(tmp_path, EVERY_FILE) as here:
        assert faults(here, named(csv_files(1, 600), ".csv")) == []
