"""The ledger's rules as tables: what a chain of kinds posts, and which accounts are complete."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.projector import sqlite_tables as tables
from hub.projector.projection import Projection, views
from hub.reference.kinds import KINDS
from tests.projector.histories import ledger, rules
from tests.projector.oracle import Oracle

Balances = dict[str, tuple[int, int, int]]


def accounts(projection: Projection, lines: list[tuple[str, str | None, int]], region: str = "371502") -> Balances:
    """account → (debit, credit, complete), for lines (kind, manifest, grams) of one stream."""
    with closing(sqlite3.connect(":memory:")) as connection:
        _make(connection, projection)
        for kind, manifest, mass in lines:
            key = ("2026-03", region, "construction", "SW", "SW70", kind, "housing", 1, int(manifest is not None))
            connection.execute(tables.upsert_lines(projection, "lines"), (*key, mass, 0, 1))
        found = connection.execute("SELECT account, debit_g, credit_g, complete FROM accounts_v1").fetchall()
    return {account: (debit, credit, complete) for account, debit, credit, complete in found}


def _make(connection: sqlite3.Connection, projection: Projection) -> None:
    for statement in tables.creation(projection):
        connection.execute(statement)
    for create, fill, rows in tables.rules(projection):
        connection.execute(create)
        connection.executemany(fill, rows)
    for name, select in views(projection).items():
        connection.execute(f'CREATE VIEW "{name}" AS {select}')


# kinds reported (10 g each) | postings as credited>debited | complete accounts
CASES = """
COLLECTED | arisen>transit |
GENERATED | arisen>held | arisen
GENERATED COLLECTED | arisen>held held>transit | arisen
RECEIVED | unreported>held |
RECEIVED UTILISED | unreported>held held>used | used
COLLECTED RECEIVED | arisen>transit transit>held |
COLLECTED RECEIVED DISPOSED | arisen>transit transit>held held>disposed | disposed
DISPATCHED | unreported>transit |
DISPATCHED RECEIVED | unreported>transit transit>held |
DISPATCHED RECEIVED STORED RELEASED | unreported>transit transit>held held>stored stored>held |
COLLECTED RECEIVED DISPATCHED | arisen>transit transit>held held>transit |
GENERATED DISPATCHED RECEIVED | arisen>held held>transit transit>held | arisen
STORED | unreported>stored |
STORED RELEASED | unreported>stored stored>held |
STORED RELEASED DISPATCHED | unreported>stored stored>held held>transit |
RELEASED | unreported>held |
RELEASED OPENING | stored>held opening>stored | opening
STORED RELEASED OPENING | unreported>stored stored>held opening>stored | stored opening
UTILISED | unreported>used | used
DISPOSED | unreported>disposed | disposed
LOST | unreported>lost | lost
LOST/L1 | unreported>lost | lost
GENERATED LOST | arisen>held held>lost | arisen lost
GENERATED LOST/L1 | arisen>held unreported>lost | arisen lost
DISPATCHED LOST/L1 | unreported>transit transit>lost | lost
BROUGHT_IN | outside>held |
SENT_OUT | unreported>outside |
BROUGHT_IN SENT_OUT | outside>held held>outside | outside
OPENING | opening>stored | opening
COUNTED REPORTED | |
GENERATED COUNTED | arisen>held | arisen
COLLECTED DISPATCHED RECEIVED LOST/L1 | arisen>transit held>transit transit>held transit>lost | transit lost
"""


def _cases() -> Iterator[tuple[list[tuple[str, str | None, int]], list[tuple[str, str]], set[str]]]:
    for line in CASES.strip().splitlines():
        reported, postings, complete = (cell.split() for cell in line.split("|"))
        kinds = [kind.split("/") for kind in reported]
        yield (
            [(kind[0], kind[1] if len(kind) > 1 else None, 10) for kind in kinds],
            [(posting.split(">")[0], posting.split(">")[1]) for posting in postings],
            set(complete),
        )


@pytest.mark.parametrize(("lines", "postings", "complete"), [*_cases()])
def test_a_chain_posts_what_the_table_says(
    lines: list[tuple[str, str | None, int]], postings: list[tuple[str, str]], complete: set[str]
) -> None:
    """Each reported kind moves its mass from and to the account of the table, and only those named are complete."""
    wanted: dict[str, tuple[int, int, int]] = {}
    for credited, debited in postings:
        for account, debit, credit in ((credited, 0, 10), (debited, 10, 0)):
            had = wanted.get(account, (0, 0, 0))
            wanted[account] = (had[0] + debit, had[1] + credit, int(account in complete))
    assert accounts(ledger(), lines) == wanted


def test_every_chain_of_up_to_four_kinds_is_as_the_oracle_says() -> None:
    """Over all chains of one to four kinds, the view and the plain reading of the rules agree, and debits = credits."""
    projection, said = ledger(), random.Random(1)
    chains = [chain for size in (1, 2, 3, 4) for chain in itertools.combinations(KINDS, size)]
    for chain in said.sample(chains, 400):
        lines = [(kind, said.choice([None, "L1"]) if kind == "LOST" else None, said.randint(0, 99)) for kind in chain]
        found = accounts(projection, lines)
        events = [(i, _event(kind, manifest, mass)) for i, (kind, manifest, mass) in enumerate(lines)]
        wanted = {row[5]: (row[6], row[7], row[8]) for row in Oracle(events).accounts()}
        assert found == wanted
        assert sum(debit for debit, _, _ in found.values()) == sum(credit for _, credit, _ in found.values())


def _event(kind: str, manifest: str | None, mass: int) -> dict[str, object]:
    return {
        "entity_id": kind, "revision": 1, "restated": 0, "event_id": kind, "retracted": False, "kind": kind,
        "manifest": manifest, "mass_g": mass, "stream": "construction", "scheme": "SW", "code": "SW70",
        "region": "371502", "period": "2026-03", "department": "housing",
        "occurred_at": datetime(2026, 3, 1, tzinfo=UTC),
    }  # fmt: skip


def test_a_declared_chain_makes_accounts_complete_without_an_entry_of_every_kind(tmp_path: Path) -> None:
    """What chains.csv names counts as reported although nothing of it was said yet."""
    kinds = [
        "GENERATED", "COLLECTED", "STORED", "RELEASED", "DISPATCHED", "RECEIVED", "BROUGHT_IN", "SENT_OUT", "UTILISED",
        "DISPOSED", "LOST",
    ]  # fmt: skip
    own = ledger(rules(tmp_path, [("construction", kind) for kind in kinds]))
    assert accounts(own, [("GENERATED", None, 7)]) == {"arisen": (0, 7, 1), "held": (7, 0, 1)}


def test_a_kind_outside_the_declared_chain_does_not_arise_twice(tmp_path: Path) -> None:
    """Where chains.csv says COLLECTED, an entry of GENERATED comes from `unreported`: one kind credits `arisen`."""
    own = ledger(rules(tmp_path, [("construction", "COLLECTED")]))
    found = accounts(own, [("COLLECTED", None, 5), ("GENERATED", None, 7)])
    assert found["arisen"] == (0, 5, 0)
    assert found["unreported"] == (0, 7, 0)
