"""How the journal folds into the cache of what is known: events, quarantined records and acts, in any order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from hub.intake.seen import ABSENT, GOOD, QUARANTINED, rows_of, set_note

_RANK = {QUARANTINED: 0, GOOD: 1, ABSENT: 2}
"""At one pair a statement first waits, then is good (re-driven), then may be gone."""


def fold_events(db: sqlite3.Connection, events: pa.Table) -> None:
    """Columns source_key, part, revision, restated, record_sha256, scope, content, retracted, partition, position."""
    state = [ABSENT if sha is None else GOOD for sha in events["record_sha256"].to_pylist()]
    names = ("source_key", "record_sha256", "revision", "restated")
    lists = [events[name].to_pylist() for name in names]
    ranks = [_RANK[s] for s in state]
    _state(db, zip(*lists, state, ranks, events["scope"].to_pylist(), strict=True))
    db.executemany(
        "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET content = excluded.content,"
        " retracted = excluded.retracted, revision = excluded.revision, restated = excluded.restated,"
        " partition = excluded.partition, position = excluded.position"
        " WHERE (excluded.revision, excluded.restated) > (part.revision, part.restated)",
        rows_of(
            events, ("source_key", "part", "content", "retracted", "revision", "restated", "partition", "position")
        ),
    )


def fold_quarantine(db: sqlite3.Connection, rows: pa.Table) -> None:
    """Columns quarantine_id, source_key, revision, restated, stated_sha256, scope, partition, position."""
    names = (
        "quarantine_id",
        "source_key",
        "revision",
        "restated",
        "partition",
        "position",
        "stated_sha256",
        "scope",
    )
    db.executemany(
        "INSERT OR IGNORE INTO waiting (quarantine_id, k, revision, restated, partition, position, sha, scope, error)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (*row, json.loads(errors)[0]["error"])
            for row, errors in zip(rows_of(rows, names), rows["errors"].to_pylist(), strict=True)
        ),
    )
    keyed = (
        (k, sha, revision, restated, QUARANTINED, 0, scope)
        for _, k, revision, restated, _, _, sha, scope in rows_of(rows, names)
        if k is not None
    )
    _state(db, keyed)


def fold_act(db: sqlite3.Connection, act: Mapping[str, Any]) -> None:
    """One act of this identity (or one that names one of its quarantined records)."""
    body = json.loads(act["body"])
    kind = act["kind"]
    if kind == "pulled":
        _pulled(db, body)
    elif kind == "deleted":
        state = GOOD if body.get("sha256") else ABSENT
        _state(
            db, [(act["source_key"], body.get("sha256"), act["revision"], act["restated"], state, 2, body.get("scope"))]
        )
    elif kind == "approved" and body.get("digest"):
        db.execute("INSERT OR IGNORE INTO approved VALUES (?, ?)", (body["digest"], act["act_id"]))
    if act["quarantine_id"] and kind in ("approved", "rejected", "closed"):
        closed = "rejected" if kind == "rejected" else "resolved"
        db.execute("UPDATE waiting SET closed = ? WHERE quarantine_id = ?", (closed, act["quarantine_id"]))


def _pulled(db: sqlite3.Connection, body: Mapping[str, Any]) -> None:
    for name in ("cursor", "compared_day", "parts", "key"):
        if body.get(name) is not None:
            set_note(db, name, body[name])
    for file in body.get("files", ()):
        db.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)",
            (file["sha256"], file["path"], file["modified_us"], file["state"]),
        )
        for scope in file.get("scopes", ()) if file["state"] == "read" else ():
            db.execute(
                "INSERT INTO scope VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET modified_us = excluded.modified_us,"
                " path = excluded.path WHERE (excluded.modified_us, excluded.path) > (scope.modified_us, scope.path)",
                (scope, file["modified_us"], file["path"]),
            )


def _state(db: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> None:
    db.executemany(
        "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET sha = excluded.sha,"
        " revision = excluded.revision, restated = excluded.restated, state = excluded.state, rank = excluded.rank,"
        " scope = coalesce(excluded.scope, seen.scope) WHERE (excluded.revision, excluded.restated, excluded.rank)"
        " > (seen.revision, seen.restated, seen.rank)",
        rows,
    )
