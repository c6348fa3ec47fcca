"""Damaged files by the thousand, through the whole way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.intake.hostile import Damaged, faults, named
from tests.intake.hostile_json import json_files
from tests.intake.hostile_tables import parquet_files, sheet_files, torn_sheets
from tests.intake.hostile_text import csv_files
from tests.intake.world import connector, world

EVERY_FILE = connector("{kind: file, path: 'in/*', key: [K]}")
FILES: dict[str, tuple[Callable[[], Iterable[Damaged]], str]] = {
    "csv": (lambda: csv_files(1, 500), ".csv"),
    "json": (lambda: json_files(1, 400), ".json"),
    "xlsx": (sheet_files, ".xlsx"),
    "torn xlsx": (lambda: torn_sheets(1, 100), ".xlsx"),
    "parquet": (lambda: parquet_files(1, 100), ".parquet"),
}


@pytest.mark.parametrize("form", FILES)
def test_damaged_files(tmp_path: Path, form: str) -> None:
    """Whatever the layout, the damage and its place: no record is lost, doubled or told otherwise."""
    make, suffix = FILES[form]
    with world(tmp_path, EVERY_FILE) as here:
        assert faults(here, named(make(), suffix)) == []
