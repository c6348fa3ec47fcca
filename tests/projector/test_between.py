"""Between reading where a partition stands and writing: whoever comes then waits, and nothing is applied twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import get_ident
from typing import Any, TypeVar

import pytest

from hub.journal.embedded import EmbeddedJournal
from hub.projector.clock import now
from hub.projector.messages import batch
from hub.projector.port import Bundle, Claim, Store
from hub.projector.postgres import PostgresStore
from hub.projector.sqlite import SqliteStore
from tests.projector.histories import append, history, ledger
from tests.projector.oracle import Oracle
from tests.projector.stores import Stores, rows
from tests.projector.test_ledger import compare
from tests.waiting import PATIENCE, until

TOLD = history(2, entities=20)
T = TypeVar("T")


class Two:
    """Two stores that are one, the first of which is in the midst of ``apply`` while the other does something."""

    def __init__(self, stores: Stores, one: Store, other: Store, journal: EmbeddedJournal) -> None:
        self._stores, self.one, self.other, self._journal = stores, one, other, journal

    def claimed(self) -> Bundle:
        """All of the journal, under a claim of the first one's."""
        for store in (self.one, self.other):
            store.prepare(ledger(), self._journal.identity)
        (claim,) = self.one.claim("events", [0])
        (run,) = self._journal.read("events", {0: 0}, 1_000)
        return Bundle((batch(run, 0, claim, self._journal.schema, now()),))

    def between(self, monkeypatch: pytest.MonkeyPatch, bundle: Bundle, does: Callable[[], T]) -> tuple[bool, T]:
        """What both come to. ``does`` begins when the first one knows where the partition stands; the first one goes on
        when the other waits for it, or need not wait and has done it all."""
        first, waits = get_ident(), self._waits()

        def pausing(*told: Any) -> bool:
            follows: bool = real(*told)
            if get_ident() == first:
                begun.append(pool.submit(does))
                until(lambda: begun[0].done() or waits())
            return follows

        begun, real = [], Bundle.follows
        monkeypatch.setattr(Bundle, "follows", pausing)
        with ThreadPoolExecutor(1) as pool:
            applied = self.one.apply(bundle)
            return applied, begun[0].result(PATIENCE)

    def _waits(self) -> Callable[[], bool]:
        if isinstance(self.one, SqliteStore) and isinstance(self.other, SqliteStore):
            mine, theirs, asked = self.one._database._connection, self.other._database._connection, list[str]()
            theirs.set_trace_callback(asked.append)
            return lambda: mine.in_transaction and "BEGIN IMMEDIATE" in asked
        waiting = (
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
        )
        return lambda: bool(rows(self._stores, waiting))


@pytest.fixture
def two(stores: Stores, tmp_path: Path) -> Iterator[Two]:
    with (
        closing(EmbeddedJournal(tmp_path / "journal.db")) as journal, closing(stores.open()) as one,
        closing(stores.open()) as other,
    ):  # fmt: skip
        append(journal, TOLD)
        yield Two(stores, one, other, journal)


def test_of_two_who_apply_one_bundle_one_does(two: Two, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes with the same bundle, under the same claim, waits until it is applied, and then is told that it is:
    entries, lines and counts are those of once."""
    bundle = two.claimed()
    assert two.between(monkeypatch, bundle, lambda: two.other.apply(bundle)) == (True, False)
    compare(stores, Oracle(list(enumerate(TOLD))))


def test_a_claim_is_given_when_nobody_writes(two: Two, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who claims the partition waits for who writes in it, and is told where it stands then: by the lock of the row
    alone, too, for a rebuild that moves it takes no other."""
    bundle = two.claimed()
    monkeypatch.setattr(PostgresStore, "_end_writers", lambda *_: None)
    applied, claims = two.between(monkeypatch, bundle, lambda: two.other.claim("events", [0]))
    assert (applied, claims) == (True, [Claim("events", 0, 2, len(TOLD))])
    compare(stores, Oracle(list(enumerate(TOLD))))
