"""The laws of intake over random histories of sources: what stands and what waits is what the rules say.

A run holds one source with many keys, each with a history of its own. ``WASTEHUB_HISTORIES`` (seeds per kind of
source, 1 by default) makes it longer.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.intake.file_histories import FILES, FileHistory
from tests.intake.table_histories import TABLES, TableHistory

SEEDS = int(os.environ.get("WASTEHUB_HISTORIES", "1"))


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", sorted(TABLES))
def test_tables(tmp_path: Path, kind: str, seed: int) -> None:
    """Whatever happens to a table, between pulls and in the middle of them, ledger and quarantine are what the rules
    say; a second pull and a lost cache change nothing, and a rebuilt store says the same."""
    TableHistory(tmp_path, kind, seed).run()


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", sorted(FILES))
def test_files(tmp_path: Path, kind: str, seed: int) -> None:
    """The same for files: sent, sent again, late, corrected, and replaced within their scope."""
    FileHistory(tmp_path, kind, seed).run()
