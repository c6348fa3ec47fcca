"""Which pair a statement gets and whether a record set aside still waits: the design's paragraphs as tables."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.events.standing import Known, Pair, Placed, Statement, place, place_sql, quarantine_state

OLD, NEW = "a" * 64, "b" * 64
UNCHANGED, SKIPPED = Placed("unchanged"), Placed("skipped")


def declared(version: int | None, sha256: str = NEW) -> Statement:
    return Statement(sha256, version, declared=True)


def file_time(version: int, sha256: str = NEW) -> Statement:
    return Statement(sha256, version, declared=False)


def counted(sha256: str = NEW) -> Statement:
    return Statement(sha256, None, declared=False)


def unreadable(sha256: str = NEW) -> Statement:
    return Statement(sha256, None, declared=True, readable=False)


def known(state: Any = "good", revision: int = 7, restated: int = 0) -> Known:
    return Known(OLD, revision, restated, state)


def stated(revision: int, restated: int = 0, *, always: bool = False) -> Placed:
    return Placed("stated", revision, restated, always)


TRANSITIONS: list[tuple[str, Statement, Known | None, Placed]] = [
    ("the first statement has its declared version", declared(7), None, stated(7, always=True)),
    ("the first of a file has the file's time", file_time(7), None, stated(7, always=True)),
    ("the first without any version counts from 1", counted(), None, stated(1, always=True)),
    ("the first with no value in its version counts from 1", declared(None), None, stated(1, always=True)),
    ("the first with an unreadable version stands at 0", unreadable(), None, stated(0, always=True)),
    ("a declared version may lie before the epoch", declared(-5), None, stated(-5, always=True)),
    ("equal texts are unchanged, good", declared(7, OLD), known(), UNCHANGED),
    ("equal texts are unchanged, waiting", declared(7, OLD), known("quarantined"), UNCHANGED),
    ("equal texts are unchanged whatever the file's time", file_time(9, OLD), known(), UNCHANGED),
    ("equal texts are unchanged where the hub counts", counted(OLD), known(), UNCHANGED),
    ("an unreadable version with equal texts is unchanged", unreadable(OLD), known("quarantined", 0), UNCHANGED),
    ("a newer declared version always makes an event", declared(8), known(), stated(8, always=True)),
    ("a newer file makes one if the content differs", file_time(8), known(), stated(8)),
    ("a newer file makes one if the newest waits", file_time(8), known("quarantined"), stated(8, always=True)),
    ("a counted statement makes one if the content differs", counted(), known(), stated(8)),
    ("a counted statement makes one if the newest waits", counted(), known("quarantined"), stated(8, always=True)),
    ("counting goes on from quarantined ones", counted(), known("quarantined", 12, 3), stated(13, always=True)),
    ("a silent edit is the next restatement", declared(7), known(), stated(7, 1)),
    ("a second silent edit is the one after", declared(7), known(restated=4), stated(7, 5)),
    ("a silent edit of what waits", declared(7), known("quarantined", restated=1), stated(7, 2, always=True)),
    ("another file of the same time restates", file_time(7), known(), stated(7, 1)),
    ("a newer version starts its restatements anew", declared(8), known(restated=4), stated(8, always=True)),
    ("a lower version makes no event", declared(6), known(), SKIPPED),
    ("an older file makes no event", file_time(6), known(), SKIPPED),
    ("a lower version does not end the waiting of a newer", declared(6), known("quarantined"), SKIPPED),
    ("reappearance with the same texts is a statement", declared(7, OLD), known("absent", restated=1), stated(7, 2, always=True)),
    ("reappearance below the absence takes its revision", declared(3), known("absent", restated=1), stated(7, 2, always=True)),
    ("reappearance in an older file takes it too", file_time(3), known("absent", restated=1), stated(7, 2, always=True)),
    ("reappearance above has its own version", declared(9), known("absent", restated=1), stated(9, always=True)),
    ("reappearance where the hub counts", counted(OLD), known("absent", restated=1), stated(8, always=True)),
    ("an unreadable version restates what stands", unreadable(), known(), stated(7, 1, always=True)),
    ("an unreadable version restates an absence", unreadable(OLD), known("absent", restated=1), stated(7, 2, always=True)),
    ("a missing version among declared ones is counted", declared(None), known(), stated(8)),
]


@pytest.mark.parametrize(("claim", "statement", "before", "placed"), TRANSITIONS, ids=lambda x: x if isinstance(x, str) else "")
def test_where_a_statement_stands(claim: str, statement: Statement, before: Known | None, placed: Placed) -> None:
    """Each sentence of the design about revision and restated is a row."""
    assert claim
    assert place(statement, before) == placed


@cache
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def placed_by_sql(statement: Statement, before: Known | None) -> Placed:
    texts = place_sql("sha", "version", statement.declared, "readable", "k")
    row = [statement.sha256, statement.version, statement.readable]
    row += [None] * 4 if before is None else [before.sha256, before.revision, before.restated, before.state]
    found = connection().execute(
        f"SELECT {texts['outcome']}, {texts['revision']}, {texts['restated']}, {texts['always']}"
        " FROM (SELECT $1 AS sha, $2::BIGINT AS version, $3::BOOLEAN AS readable) AS s,"
        " (SELECT $4 AS sha256, $5::BIGINT AS revision, $6::BIGINT AS restated, $7 AS state) AS k",
        row,
    ).fetchone()
    assert found is not None
    return Placed(*found) if found[0] == "stated" else Placed(found[0])


STATEMENTS = [
    Statement(sha256, version, is_declared, readable)
    for sha256, version, is_declared, readable in product((OLD, NEW), (None, -1, 0, 6, 7, 8), (True, False), (True, False))
]
BEFORE = [None, *(Known(sha256, 7, restated, state)  # type: ignore[arg-type] # the three states
                  for sha256, restated, state in product((OLD, None), (0, 3), ("good", "quarantined", "absent")))]


@pytest.mark.parametrize("before", BEFORE, ids=str)
def test_sql_places_as_python_does(before: Known | None) -> None:
    """place_sql is place, for every statement after everything that can be known."""
    for statement in STATEMENTS:
        assert placed_by_sql(statement, before) == place(statement, before), statement


SHAS = st.sampled_from(["a", "b", "c"])
ANY = st.one_of(
    st.builds(Statement, SHAS, st.integers(0, 5), st.just(True)), st.builds(Statement, SHAS, st.integers(0, 5), st.just(False)),
    st.builds(Statement, SHAS, st.none(), st.booleans()), st.builds(Statement, SHAS, st.none(), st.just(True), st.just(False)),
)


@given(st.lists(st.tuples(ANY, st.sampled_from(["good", "quarantined", "absent"])), max_size=12))
def test_pairs_only_ever_grow(history: list[tuple[Statement, Any]]) -> None:
    """Whatever is said about a key in whatever order, each statement's pair is higher than all before it."""
    before: Known | None = None
    pairs: list[Pair] = []
    for statement, ended in history:
        placed = place(statement, before)
        if placed.outcome == "stated":
            pairs.append((placed.revision, placed.restated))
            before = Known(statement.sha256, *pairs[-1], ended)
            assert place(statement, Known(statement.sha256, *pairs[-1], "good")).outcome == "unchanged"
    assert pairs == sorted(set(pairs))


WAITING = [
    ("the newest of its key, no event", (7, 0), (7, 0), None, None, True, "open"),
    ("events only before it", (7, 1), (7, 1), (7, 0), None, True, "open"),
    ("an event of its own pair: it was mended", (7, 0), (7, 0), (7, 0), None, True, "resolved"),
    ("an event above it", (7, 0), (7, 0), (7, 1), None, True, "superseded"),
    ("an event of a higher revision", (7, 9), (7, 9), (8, 0), None, True, "superseded"),
    ("another record of its key waits above it", (7, 0), (7, 1), None, None, True, "superseded"),
    ("another waits above it, and an event at its own", (7, 0), (8, 0), (7, 0), None, True, "resolved"),
    ("another waits below it", (7, 1), (7, 0), (6, 0), None, True, "open"),
    ("an act closed it", (7, 0), (7, 0), None, "rejected", True, "rejected"),
    ("an act closed it, whatever came after", (7, 0), (9, 0), (9, 0), "resolved", True, "resolved"),
    ("without a key only an act closes it", (0, 0), (9, 0), (9, 0), None, False, "open"),
    ("without a key, and an act", (0, 0), (0, 0), None, "rejected", False, "rejected"),
]


@pytest.mark.parametrize(("claim", "pair", "newest", "event", "act", "has_key", "state"), WAITING, ids=[w[0] for w in WAITING])
def test_whether_a_record_set_aside_still_waits(
    claim: str, pair: Pair, newest: Pair, event: Pair | None, act: str | None, has_key: bool, state: str
) -> None:
    """Open while it is its key's newest statement, no event has an equal or higher pair, and no act closed it."""
    assert claim
    assert quarantine_state(pair, newest, event, act, has_key) == state
