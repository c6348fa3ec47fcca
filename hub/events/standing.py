"""What is newest, and what is open: the pure rules that intake and projector share.

A source states things about a key, one statement after another. Statements are ordered by their pair
(revision, restated). :func:`place` gives a statement its pair, or says that it adds nothing; :func:`quarantine_state`
says whether a record that was set aside still waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Pair = tuple[int, int]
State = Literal["good", "quarantined", "absent"]
Outcome = Literal["unchanged", "skipped", "stated"]


@dataclass(frozen=True)
class Known:
    """The newest statement about a key: the SHA-256 of its record, its pair, and how it ended.

    ``good``: events were made of it (a soft deletion included); ``quarantined``: it waits; ``absent``: the source no
    longer has the key.
    """

    sha256: str | None
    revision: int
    restated: int
    state: State


@dataclass(frozen=True)
class Statement:
    """What a read says about a key. ``version``: the declared one, or the file's time, or None (the hub counts)."""

    sha256: str
    version: int | None
    declared: bool
    readable: bool = True


@dataclass(frozen=True)
class Placed:
    """``stated``: map it under this pair; an event is made if the content differs, or ``always``."""

    outcome: Outcome
    revision: int = 0
    restated: int = 0
    always: bool = False


def place(statement: Statement, known: Known | None) -> Placed:
    """Where a statement stands among those about its key. Rules: docs/ARCHITECTURE.md, "Revisions"."""
    if known is None:
        if not statement.readable:
            return Placed("stated", 0, 0, always=True)
        return Placed("stated", 1 if statement.version is None else statement.version, 0, always=True)
    if known.state != "absent" and statement.sha256 == known.sha256:
        return Placed("unchanged")
    waits = known.state != "good"
    if not statement.readable:
        return Placed("stated", known.revision, known.restated + 1, always=True)
    if statement.version is None:
        return Placed("stated", known.revision + 1, 0, always=waits)
    if statement.version > known.revision:
        return Placed("stated", statement.version, 0, always=statement.declared or waits)
    if statement.version == known.revision or known.state == "absent":
        return Placed("stated", known.revision, known.restated + 1, always=waits)
    return Placed("skipped")


def place_sql(sha256: str, version: str, declared: bool, readable: str, known: str) -> dict[str, str]:
    """DuckDB texts for :func:`place`: ``outcome``, ``revision``, ``restated``, ``always``.

    ``known`` is the alias of a left-joined row (sha256, revision, restated, state); state NULL means no row.
    """
    new, waits = f"{known}.state IS NULL", f"({known}.state <> 'good')"
    at_known = f"({version} = {known}.revision OR {known}.state = 'absent')"
    newer = f"({version} IS NULL OR {version} > {known}.revision)"
    return {
        "outcome": (
            f"CASE WHEN {new} THEN 'stated' WHEN {known}.state <> 'absent' AND {known}.sha256 = {sha256} THEN 'unchanged'"
            f" WHEN NOT {readable} OR {newer} OR {at_known} THEN 'stated' ELSE 'skipped' END"
        ),
        "revision": (
            f"CASE WHEN {new} THEN CASE WHEN NOT {readable} THEN 0 ELSE coalesce({version}, 1) END"
            f" WHEN NOT {readable} THEN {known}.revision WHEN {version} IS NULL THEN {known}.revision + 1"
            f" WHEN {newer} THEN {version} ELSE {known}.revision END"
        ),
        "restated": f"CASE WHEN {new} OR ({readable} AND {newer}) THEN 0 ELSE {known}.restated + 1 END",
        "always": (
            f"({new} OR NOT {readable} OR {waits}"
            f" OR ({'true' if declared else 'false'} AND coalesce({version} > {known}.revision, false)))"
        ),
    }


def quarantine_state(
    pair: Pair, newest_stated: Pair, newest_event: Pair | None, closed_by: str | None, has_key: bool
) -> str:
    """State of a record set aside: ``open``, ``superseded``, or what the act that closed it says.

    ``newest_stated``: the highest pair among the quarantined records of its key; ``newest_event``: the highest pair
    among the events of its parts; ``closed_by``: the state that an act gave it (resolved, rejected). Without a
    readable key it is open until an act.
    """
    if closed_by is not None:
        return closed_by
    if not has_key:
        return "open"
    if newest_event is not None and newest_event >= pair:
        return "resolved" if newest_event == pair else "superseded"
    return "open" if newest_stated <= pair else "superseded"
