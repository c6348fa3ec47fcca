"""quarantine_v1: a record set aside waits until something newer was said about its key, or a person decided."""

from __future__ import annotations

import itertools
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.events.identity import entity_id, quarantine_id
from hub.events.standing import quarantine_state
from hub.journal.embedded import EmbeddedJournal
from hub.projector.project import project_once
from tests.projector.histories import append, event, ledger
from tests.projector.stores import SqliteStores, Stores, rows

KEY = '["A1"]'


def record(revision: int = 2, restated: int = 0, key: str | None = KEY, sha: str = "0", **said: Any) -> dict[str, Any]:
    name = quarantine_id("housing.weighbridge", key or "in/x.csv:7", revision, restated, sha)
    return {
        "quarantine_id": name, "identity": "housing.weighbridge", "connector": "housing.weighbridge",
        "department": "housing", "source_key": key, "revision": revision, "restated": restated, "parts": '["", "b"]',
        "errors": '[{"field":"code","error":"CODE_UNMAPPED"}]', "record": "{}", "record_bytes": 2, "record_sha256": sha,
        "stated_sha256": sha, "mapping": "m", "lists": "", "batch": "b",
        "observed_at": datetime(2026, 3, 2, tzinfo=UTC), **said,
    }  # fmt: skip


def act(kind: str, **said: Any) -> dict[str, Any]:
    when = datetime(2026, 3, 3, tzinfo=UTC)
    return {"act_id": kind, "kind": kind, "person": "赵", "acted_at": when, "positions": "{}", "body": "{}", **said}


def about(revision: int, restated: int = 0, part: str = "", **said: Any) -> dict[str, Any]:
    identity = "housing.weighbridge"
    return event("A1", revision, restated, entity_id=entity_id(identity, KEY, part), part=part, source_key=KEY, **said)


Said = list[dict[str, Any]]


def states(stores: Stores, folder: Path, records: Said, events: Said, acts: Said, name: str = "store") -> list[str]:
    """The states in quarantine_v1, by pair."""
    with closing(EmbeddedJournal(folder / f"{name}-journal.db")) as journal, closing(stores.open(name)) as store:
        append(journal, records, "quarantine")
        append(journal, events)
        append(journal, acts, "acts")
        project_once(journal, store, ledger(), folder / "locks")
    return [state for (state,) in rows(stores, "SELECT state FROM quarantine_v1 ORDER BY revision, restated", name)]


NAME = record()["quarantine_id"]
LOST = record(key=None)["quarantine_id"]
CASES = [
    ("nothing else was said", [record()], [], [], ["open"]),
    ("an older event", [record()], [about(1)], [], ["open"]),
    ("a re-drive at its own pair", [record()], [about(2)], [], ["resolved"]),
    ("a newer event", [record()], [about(3)], [], ["superseded"]),
    ("a newer event of another part", [record()], [about(2, 1, part="b")], [], ["superseded"]),
    ("a newer retraction", [record()], [about(3, retracted=True)], [], ["superseded"]),
    ("an event of a part it had not", [record()], [about(9, part="c")], [], ["open"]),
    ("a newer one set aside", [record(), record(3)], [], [], ["superseded", "open"]),
    ("rejected", [record()], [], [act("rejected", quarantine_id=NAME)], ["rejected"]),
    ("approved", [record()], [about(3)], [act("approved", quarantine_id=NAME)], ["resolved"]),
    ("its key deleted", [record()], [],
     [act("deleted", identity="housing.weighbridge", source_key=KEY, revision=2, restated=1)], ["superseded"]),
    ("its key deleted before", [record()], [],
     [act("deleted", identity="housing.weighbridge", source_key=KEY, revision=1, restated=1)], ["open"]),
    ("another identity's key deleted", [record()], [],
     [act("deleted", identity="x", source_key=KEY, revision=9, restated=0)], ["open"]),
    ("no key: newer ones do not close it", [record(key=None)], [about(9)], [], ["open"]),
    ("no key: an act does", [record(key=None)], [], [act("closed", quarantine_id=LOST)], ["resolved"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_state(tmp_path: Path, stores: Stores, case: tuple[str, Said, Said, Said, list[str]]) -> None:
    """A record set aside has the state of the table, whatever else was said about its key."""
    why, records, events, acts, wanted = case
    assert states(stores, tmp_path, records, events, acts) == wanted, why


def test_view_and_pure_rule_agree(tmp_path: Path) -> None:
    """Over pairs of record, other record and event, the view says what hub.events.standing says."""
    pairs, stores = [(1, 0), (1, 1), (2, 0)], SqliteStores(tmp_path)
    for number, (mine, other, told) in enumerate(itertools.product(pairs, pairs, [None, *pairs])):
        records = [record(*mine, sha="a")] + ([record(*other, sha="b")] if other != mine else [])
        found = states(stores, tmp_path, records, [about(*told)] if told else [], [], str(number))
        by_pair = dict(zip(sorted({mine, other}), found, strict=True))
        assert by_pair[mine] == quarantine_state(mine, max(mine, other), told, None, has_key=True)


def test_the_same_record_again_counts_once(tmp_path: Path, stores: Stores) -> None:
    """Set aside again under the same id it stays one row: seen first and last, with the newest errors."""
    later = record(observed_at=datetime(2026, 3, 5, tzinfo=UTC), errors='[{"field":"unit","error":"UNIT_UNKNOWN"}]')
    with closing(EmbeddedJournal(tmp_path / "journal.db")) as journal, closing(stores.open()) as store:
        append(journal, [record(), later], "quarantine")
        answer = project_once(journal, store, ledger(), tmp_path / "locks")
    found = rows(stores, "SELECT first_seen, last_seen, errors FROM quarantine_v1")
    assert found == [("2026-03-02T00:00:00.000000Z", "2026-03-05T00:00:00.000000Z", later["errors"])]
    assert (answer["projections"][1]["applied"], answer["projections"][1]["superseded"]) == (1, 1)
