"""One read states a key once: the rule as a table, and as laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.settling import settle

Row = tuple[str, int | None]
CASES: list[tuple[str, list[Row], str, str]] = [
    ("one row", [("a", None)], "a", "a"), ("equal texts count once", [("a", 1), ("a", 1)], "a", "a"),
    ("equal texts without version", [("a", None), ("a", None)], "a", "a"),
    ("the newest version", [("a", 2), ("b", 1)], "a", "a"),
    ("a version beats none", [("a", 1), ("b", None)], "a", "a"),
    ("the last line", [("a", None), ("b", None)], "b", "*"),
    ("the last line of the newest", [("a", 2), ("b", 2), ("c", 1)], "b", "*"),
    ("a line said again counts where it stands last", [("a", None), ("b", None), ("a", None)], "a", "*"),
    ("an old version said again does not", [("a", 1), ("b", 2), ("a", 1)], "b", "b"),
    ("versions below the epoch", [("a", -2), ("b", -1)], "b", "b"),
]


def rows(of: list[Row]) -> list[dict[str, Any]]:
    return [{"sha": sha, "version": version, "rn": number} for number, (sha, version) in enumerate(of)]


@pytest.mark.parametrize(("claim", "given_rows", "in_file", "in_table"), CASES, ids=[case[0] for case in CASES])
def test_which_row_of_a_key_counts(claim: str, given_rows: list[Row], in_file: str, in_table: str) -> None:
    """In a file one always counts; in a table what no version decides (*) is set aside, every text of it."""
    assert claim
    chosen = settle(rows(given_rows), last_wins=True)
    assert chosen.row is not None
    assert chosen.row["sha"] == in_file
    found = settle(rows(given_rows), last_wins=False)
    if in_table == "*":
        assert found.row is None
        assert {row["sha"] for row in found.rows} == {sha for sha, _ in given_rows}
        assert len(found.rows) == len({sha for sha, _ in given_rows})
    else:
        assert found.row is not None
        assert found.row["sha"] == in_table


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 3)), min_size=1, max_size=8).map(
    lambda pairs: [(f"{sha}{version}", version) for sha, version in pairs]
)


@given(ROWS, st.randoms(use_true_random=False))
def test_a_table_has_no_order(given_rows: list[Row], random: Any) -> None:
    """In a table the order of the rows does not matter: the same row counts, or the same rows are set aside as one."""
    shuffled = list(given_rows)
    random.shuffle(shuffled)
    one, other = settle(rows(given_rows), last_wins=False), settle(rows(shuffled), last_wins=False)
    assert (one.row and one.row["sha"], one.stated_sha256) == (other.row and other.row["sha"], other.stated_sha256)


@given(ROWS)
def test_nothing_older_ever_counts(given_rows: list[Row]) -> None:
    """The row that counts has the newest version that was said."""
    chosen = settle(rows(given_rows), last_wins=True).row
    versions = [version for _, version in given_rows if version is not None]
    assert chosen is not None
    assert chosen["version"] == (max(versions) if versions else None)
