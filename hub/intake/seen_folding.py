"""How the journal folds into the cache of what is known: events, quarantined records and acts, in any order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hub.intake.seen import ABSENT, GOOD, QUARANTINED, rows_of, set_note

_RANK = {QUARANTINED: 0, GOOD: 1, ABSENT: 2}
"""At one pair a statement first waits, then is good (re-driven), then may be gone."""


def statements(events: pa.Table) -> pa.Table:
    """What a table of events says of its records, as :func:`fold_statements` takes it.

    Columns part, source_key, revision, restated, record_sha256, scope, content, retracted, partition, position.
    """
    said = _by_statement(events)
    gone = pc.is_null(said["record_sha256"])
    return pa.table(
        {
            "k": said["source_key"],
            "sha": said["record_sha256"],
            "revision": said["revision"],
            "restated": said["restated"],
            "state": pc.if_else(gone, ABSENT, GOOD),
            "rank": pc.if_else(gone, _RANK[ABSENT], _RANK[GOOD]),
            "scope": said["scope"],
            "parts": said["parts"],
        }
    )


def fold_statements(db: sqlite3.Connection, relation: str, parts: Iterable[str]) -> None:
    """:func:`statements` as a relation, and the names of the parts among them."""
    db.executemany("INSERT OR IGNORE INTO part VALUES (?)", ((part,) for part in parts))
    db.execute(
        f"INSERT INTO seen SELECT * FROM {relation} WHERE true ON CONFLICT DO UPDATE SET sha = excluded.sha,"
        " state = excluded.state, scope = coalesce(excluded.scope, seen.scope),"
        # A statement's parts may come in two batches; what only waited has none of its own.
        " parts = CASE WHEN (excluded.revision, excluded.restated) = (seen.revision, seen.restated) AND seen.rank > 0"
        " AND seen.parts IS NOT NULL THEN seen.parts || char(10) || excluded.parts ELSE excluded.parts END,"
        " revision = excluded.revision, restated = excluded.restated, rank = excluded.rank"
        " WHERE (excluded.revision, excluded.restated, excluded.rank) >= (seen.revision, seen.restated, seen.rank)"
    )


def _by_statement(events: pa.Table) -> pa.Table:
    """A row per record's statement: its parts joined to one text (see hub.intake.seen.parts_of)."""
    fields = [
        events["part"],
        events["content"],
        pc.if_else(events["retracted"], "1", "0"),
        events["partition"].cast(pa.string()),
        events["position"].cast(pa.string()),
    ]
    shared = ["source_key", "record_sha256", "revision", "restated", "scope"]
    said = events.select(shared).append_column("parts", pc.binary_join_element_wise(*fields, "\t"))
    if (
        pc.count_distinct(events["part"]).as_py() == 1
        and pc.count_distinct(events["source_key"]).as_py() == events.num_rows
    ):
        return said
    grouped = said.group_by(shared, use_threads=False).aggregate([("parts", "list")])
    joined = pc.binary_join(grouped["parts_list"], "\n")
    return grouped.drop_columns(["parts_list"]).append_column("parts", joined)


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
        "INSERT INTO waiting (quarantine_id, k, revision, restated, partition, position, sha, scope, error)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET partition = excluded.partition,"
        # Set aside anew at a re-drive, with the errors that it has now.
        " position = excluded.position, error = excluded.error WHERE excluded.position > waiting.position",
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
            db,
            [
                (
                    act["source_key"], body.get("sha256"), act["revision"], act["restated"], state, _RANK[state],
                    body.get("scope"),
                )
            ],
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
        for scope in file.get("scopes", ()):
            db.execute(
                "INSERT INTO scope VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET modified_us = excluded.modified_us,"
                " path = excluded.path WHERE (excluded.modified_us, excluded.path) > (scope.modified_us, scope.path)",
                (scope, file["modified_us"], file["path"]),
            )


def _state(db: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> None:
    db.executemany(
        "INSERT INTO seen (k, sha, revision, restated, state, rank, scope) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET sha = excluded.sha,"
        " revision = excluded.revision, restated = excluded.restated, state = excluded.state, rank = excluded.rank,"
        " scope = coalesce(excluded.scope, seen.scope) WHERE (excluded.revision, excluded.restated, excluded.rank)"
        " > (seen.revision, seen.restated, seen.rank)",
        rows,
    )
