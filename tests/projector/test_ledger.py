"""The ledger, whole, with rules as a hub writes them; thousands of histories more are in test_histories.py."""

from __future__ import annotations

import random
from pathlib import Path

from hub.journal.embedded import EmbeddedJournal
from hub.projector.project import project_once
from hub.projector.projection import Projection
from hub.projector.rebuild import rebuild
from tests.projector.histories import append, history, ledger, rules
from tests.projector.oracle import Oracle
from tests.projector.stores import Stores, shown


def compare(stores: Stores, oracle: Oracle, name: str = "store") -> None:
    views = shown(stores, name)
    assert views["entries_v1"] == oracle.entries()
    assert views["flows_v1"] == oracle.flows()
    assert views["accounts_v1"] == oracle.accounts()
    assert sum(row[6] for row in views["accounts_v1"]) == sum(row[7] for row in views["accounts_v1"])
    assert {*views["conflicts_v1"]} == oracle.conflicts()
    position = next(row for row in views["positions_v1"] if row[0] == "ledger")
    assert position[4:6] == oracle.counts()


def dice_rules(dice: random.Random, folder: Path) -> tuple[Projection, dict[str, set[str]], dict[tuple[str, str], str]]:
    """Half of the cities say what they report and whose figure counts."""
    if dice.random() < 0.5:
        return ledger(), {}, {}
    kinds = ["GENERATED", "COLLECTED", "STORED", "RELEASED", "DISPATCHED", "RECEIVED", "UTILISED", "LOST", "OPENING"]
    chains = {stream: set(dice.sample(kinds, dice.randint(1, 9))) for stream in ("construction", "hazardous")}
    authority = {(s, k): "housing" for s in ("construction", "domestic") for k in ("RECEIVED", "COLLECTED", "LOST")}
    pairs = [(stream, kind) for stream, told in chains.items() for kind in sorted(told)]
    triples = [(stream, kind, department) for (stream, kind), department in authority.items()]
    return ledger(rules(folder, pairs, triples)), chains, authority


def test_incremental_is_rebuild_is_oracle(tmp_path: Path, stores: Stores) -> None:
    """However a history is ordered, repeated, cut and garbled, live and rebuilt views are what the oracle says."""
    for seed in range(6):
        folder = tmp_path / str(seed)
        dice = random.Random(seed)
        projection, chains, authority = dice_rules(dice, folder)
        told = history(seed, entities=dice.randint(1, 60))
        journal, live = EmbeddedJournal(folder / "journal.db"), stores.open(f"live{seed}")
        placed, at = [], 0
        while told:
            cut = dice.randint(1, len(told))
            junk = dice.choice([0, 0, 1])
            append(journal, told[:cut], junk=junk)
            placed += [(at + i, e) for i, e in enumerate(told[:cut])]
            at, told = at + cut + junk, told[cut:]
            if dice.random() < 0.7:
                project_once(journal, live, projection, folder / "locks")
        project_once(journal, live, projection, folder / "locks")
        fresh = stores.open(f"fresh{seed}")
        rebuild(journal, fresh, projection, folder / "locks")
        compare(stores, Oracle(placed, chains, authority), f"live{seed}")
        assert shown(stores, f"fresh{seed}") == shown(stores, f"live{seed}")
        for part in (live, fresh, journal):
            part.close()
