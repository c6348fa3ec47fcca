"""What holds for every store is tested in all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.projector.stores import KINDS, PostgresStores, Stores, postgres_stores, stores_of


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """An empty place for stores, in SQLite and then in PostgreSQL."""
    with stores_of(request.param, tmp_path, request) as made:
        yield made


@pytest.fixture
def in_postgres(postgres: str) -> Iterator[PostgresStores]:
    """An empty place for stores in PostgreSQL."""
    with postgres_stores(postgres) as made:
        yield made
