"""The views as other people's scripts know them: names, order and types of their columns."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.journal.embedded import EmbeddedJournal
from hub.projector.project import project_once
from tests.projector.histories import append, event, ledger
from tests.projector.stores import Stores

VIEWS = {
    "entries_v1": "entity_id revision restated event_id kind stream scheme code method mass_g count basis period"
    " business_day occurred_at precision region department connector source_key holder counterparty facility vehicle"
    " manifest manifest_line booked partition position",
    "flows_v1": "period region stream scheme code kind department booked mass_g count entries",
    "accounts_v1": "period region stream scheme code account debit_g credit_g complete",
    "positions_v1": "projection version partition position applied superseded quarantined not_a_record updated_at",
    "quarantine_v1": "id connector source_key errors state first_seen last_seen",
}
INTEGERS = {
    "revision", "restated", "mass_g", "count", "booked", "partition", "position", "manifest_line", "entries", "debit_g",
    "credit_g", "complete", "version", "applied", "superseded", "quarantined", "not_a_record",
}  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_begins_with_the_promised_columns(tmp_path: Path, stores: Stores, view: str) -> None:
    """The columns of docs/views.md stand first, in that order; what came later stands behind them. Numbers are
    integers, all else is text."""
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as journal, closing(stores.open()) as store:
        append(journal, [event("A", count=3, manifest="M", manifest_line=1)], junk=1)
        project_once(journal, store, ledger(), tmp_path / "locks")
    promised = VIEWS[view].split()
    columns, rows = stores.table(f"SELECT * FROM {view}")
    assert columns[: len(promised)] == promised
    assert rows
    for row in rows:
        told = {name: value for name, value in zip(promised, row, strict=False) if value is not None}
        assert {name for name, value in told.items() if isinstance(value, int)} == INTEGERS & set(told)
        assert all(isinstance(value, int | str) for value in told.values())


def test_a_partition_that_never_moved_has_no_time(tmp_path: Path, stores: Stores) -> None:
    """``updated_at`` is a time or null, so that a dashboard may read it as one."""
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as journal, closing(stores.open()) as store:
        append(journal, [event("A")])
        answer = project_once(journal, store, ledger(), tmp_path / "locks")
    _, found = stores.table("SELECT projection, updated_at FROM positions_v1")
    moved = dict(found)
    assert {name for name, time in moved.items() if time is None} == {"quarantine", "acts"}
    assert datetime.fromisoformat(moved["ledger"]).tzinfo == UTC
    assert {row["name"]: row["moved_at"] for row in answer["projections"]} == moved
