"""Small hubs for the commands to work on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import here as wastehub
from tests.cli.small_hub import make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub of the test's own."""
    return make_hub(tmp_path / "hub")


@pytest.fixture(scope="module")
def ledger_hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub pulled and projected once; tests leave it as it is."""
    folder = make_hub(tmp_path_factory.mktemp("cli") / "hub")
    assert wastehub("-C", folder, "pull", "--once").code == 0
    assert wastehub("-C", folder, "project", "--once").code == 0
    return folder
