"""What entries have in common, kept once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from hub.journal.embedded import EmbeddedJournal
from hub.projector import postgres_dimensions as dimensions
from hub.projector.entries import COLUMNS, SCHEMA
from hub.projector.project import project_once
from tests.projector.histories import append, event, ledger
from tests.projector.stores import PostgresStores, rows

_TEXTS = st.sampled_from(["", "a", "b", '","', "null", "无", "\\"])
_SHARED = st.tuples(*(st.none() | _TEXTS if name == "method" else _TEXTS for name in dimensions.SHARED))


def _entries(shared: list[tuple[str | None, ...]]) -> pa.Table:
    """Wide rows of which these columns say this, and the others what row it is."""
    said = {name: [row[number] for row in shared] for number, name in enumerate(dimensions.SHARED)}
    numbers = pa.array(range(len(shared)), pa.int64())
    columns = [pa.array(said[name], pa.string()) if name in said else numbers.cast(SCHEMA.field(name).type)
               for name in COLUMNS]  # fmt: skip
    return pa.table(columns, schema=SCHEMA).add_column(0, "row_no", numbers)


def _joined(narrow: pa.Table, told: pa.Table) -> list[dict[str, object]]:
    """As the view joins them, in plain Python."""
    by_key = {row.pop("dimension"): row for row in told.to_pylist()}
    return [{**by_key[row.pop("dimension")], **row} for row in narrow.to_pylist()]


@given(st.lists(_SHARED, max_size=30))
def test_joined_again_they_are_what_they_were(shared: list[tuple[str | None, ...]]) -> None:
    """No entry changes or is lost; each dimension is there once, and sorted."""
    entries = _entries(shared)
    narrow, told = dimensions.facts(entries)
    assert _joined(narrow, told) == entries.to_pylist()
    keys = told.column("dimension").to_pylist()
    assert keys == sorted(set(keys))
    assert len(keys) == len(set(shared))


@given(st.lists(_SHARED, max_size=20), st.integers(0, 20))
def test_a_key_says_only_what_is_said(shared: list[tuple[str | None, ...]], cut: int) -> None:
    """Wherever a batch is cut, and whoever makes it, a dimension has the same key."""
    whole = dimensions.facts(_entries(shared))[1].to_pylist()
    halves = [dimensions.facts(_entries(half))[1].to_pylist() for half in (shared[:cut], shared[cut:])]
    assert {row["dimension"]: row for half in halves for row in half} == {row["dimension"]: row for row in whole}


@given(st.lists(_SHARED, max_size=20))
def test_any_number_of_values_is_told_apart(shared: list[tuple[str | None, ...]]) -> None:
    """Where all that the columns could say together is more than a number holds, it is counted in between."""
    plain = [part.to_pylist() for part in dimensions.facts(_entries(shared))]
    with patch.object(dimensions, "_ROOM", 8):
        assert [part.to_pylist() for part in dimensions.facts(_entries(shared))] == plain


def test_what_is_said_again_is_there_once(tmp_path: Path, in_postgres: PostgresStores) -> None:
    """Two bundles that have a dimension in common, and one that has another."""
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal, closing(in_postgres.open()) as store:
        for key, code in (("A", "x"), ("B", "x"), ("C", "y")):
            append(journal, [event(key, code=code, mass_g=1)])
            project_once(journal, store, ledger(), tmp_path)
    assert rows(in_postgres, "SELECT code FROM dimensions ORDER BY code") == [("x",), ("y",)]
    assert rows(in_postgres, "SELECT code, count(*) FROM entries_v1 GROUP BY 1 ORDER BY 1") == [("x", 2), ("y", 1)]
