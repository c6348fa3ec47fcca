"""What only the PostgreSQL store has to withstand: its readers, its types, and texts it has no room for."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import NotInOrder, Refused, StoreUnavailable
from hub.journal.embedded import EmbeddedJournal
from hub.projector import postgres_rebuild
from hub.projector.entries import COLUMNS, NULLABLE, SCHEMA
from hub.projector.postgres_arrays import copied, packed, register
from hub.projector.postgres_entries import read_back, written
from hub.projector.project import project_once
from hub.projector.query import ledger as read_ledger
from hub.projector.rebuild import rebuild
from tests.projector.histories import append, event, ledger, rules
from tests.projector.stores import PostgresStores, SqliteStores, rows, shown
from tests.projector.test_quarantine import act, record
from tests.waiting import PATIENCE, until

_INT8 = st.integers(-(2**63), 2**63 - 1)
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20) | st.sampled_from(
    ["", '"', '""', ",", "\n", "\r\n", "\\N", "\\.", "NULL", " ", "鲁𠀀厂", "'"]
)
_CELLS = {
    field.name: (_INT8 if field.type == pa.int64() else _TEXT) | (st.none() if field.name in NULLABLE else st.nothing())
    for field in SCHEMA
}


@settings(max_examples=25)
@given(st.lists(st.fixed_dictionaries({"row_no": _INT8, **_CELLS}), min_size=1, max_size=8), st.integers(0, 8))
def test_entries_come_back_as_they_were_sent(postgres: str, told: list[dict[str, Any]], cut: int) -> None:
    """Whatever an entry holds (quotes, line ends, empty texts, nulls, longest numbers) COPY takes and gives back, in
    whatever pieces it lies in memory, empty ones too."""
    whole = pa.Table.from_pylist(told, SCHEMA.insert(0, pa.field("row_no", pa.int64())))
    sent = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    columns = ", ".join(f'"{field.name}" {"bigint" if field.type == pa.int64() else "text"}' for field in sent.schema)
    with psycopg.connect(postgres.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE sent ({columns})".encode())
        with cursor.copy("COPY sent FROM STDIN (FORMAT csv)") as copy:
            copy.write(written(sent))
        with cursor.copy("COPY sent TO STDOUT (FORMAT csv)") as copy:
            found = read_back(b"".join(bytes(piece) for piece in copy))
        connection.rollback()
    assert found.to_pylist() == sent.to_pylist()


@settings(max_examples=25)
@given(st.lists(st.tuples(st.uuids(), _INT8), max_size=8))
def test_numbers_and_ids_come_back_as_they_were_sent(postgres: str, told: list[tuple[UUID, int]]) -> None:
    """Rows for binary COPY and whole arrays as parameters are what the server reads, none and many."""
    ids, numbers = pa.array([one.bytes for one, _ in told], pa.binary(16)), pa.array([n for _, n in told], pa.int64())
    with psycopg.connect(postgres.replace("+psycopg", "")) as connection:
        register(connection)
        connection.execute("CREATE TEMP TABLE sent (id uuid, number bigint)")
        with connection.cursor().copy("COPY sent FROM STDIN (FORMAT binary)") as copy:
            copy.write(copied(pa.table({"id": ids, "number": numbers})))
        stored = connection.execute("SELECT * FROM sent").fetchall()
        unnested = connection.execute("SELECT * FROM unnest(%s, %s) AS a", (packed(ids), packed(numbers))).fetchall()
        connection.rollback()
    assert stored == unnested == told


def test_texts_that_postgres_has_no_room_for(tmp_path: Path, in_postgres: PostgresStores) -> None:
    """A NUL is shown as ␀, a key too long for an index waits in quarantine, a long source key is taken: and all of it
    looks the same in both stores."""
    said = [
        event("A", holder="a\0b", source_key='["\0"]'), event("B", code="c" * 3000), event("C", source_key="k" * 9000),
        event("D", connector="\0"), event("E", region="", manifest='"\n,'),
    ]  # fmt: skip
    records = [record(key='["' + "k" * 9000 + '"]'), record(quarantine_id="q" * 3000), record(4, place="in/\0.csv:7")]
    acts = [act("rejected", quarantine_id="x" * 5000, reason="\0"), act("closed", act_id="y" * 4000)]
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal:
        append(journal, said)
        append(journal, records, "quarantine")
        append(journal, acts, "acts")
        for stores in (in_postgres, SqliteStores(tmp_path)):
            with closing(stores.open()) as store:
                project_once(journal, store, ledger(), tmp_path)
                rebuild(journal, store, ledger(), tmp_path)
    views = shown(in_postgres)
    assert views == shown(SqliteStores(tmp_path))
    assert [row[COLUMNS.index("holder") - 1] for row in views["entries_v1"]].count("a␀b") == 1
    assert {row[0] for row in views["quarantine_v1"] if row[1] is None} == {"events/0/1", "quarantine/0/1", "acts/0/1"}


def test_who_may_read_still_may_after_a_rebuild(tmp_path: Path, in_postgres: PostgresStores) -> None:
    """Rights on the views, and what others built on them, outlast a rebuild, by other rules too."""
    role = f"{in_postgres.prefix}_reader"
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal, closing(in_postgres.open()) as store:
        append(journal, [event("A", mass_g=5)])
        project_once(journal, store, ledger(), tmp_path)
        in_postgres.change(f"CREATE ROLE {role}")
        try:
            in_postgres.change(f"GRANT USAGE ON SCHEMA hub TO {role}")
            in_postgres.change(f"GRANT SELECT ON flows_v1, accounts_v1 TO {role}")
            in_postgres.change("CREATE VIEW public.total AS SELECT SUM(mass_g) AS mass_g FROM flows_v1")
            other = ledger(rules(tmp_path / "own", authority=[("construction", "RECEIVED", "commerce")]))
            rebuild(journal, store, other, tmp_path)
            with in_postgres.connected() as connection:
                connection.execute(f"SET ROLE {role}".encode())
                assert connection.execute("SELECT mass_g, booked FROM flows_v1").fetchall() == [(5, 0)]
                assert connection.execute("SELECT * FROM accounts_v1").fetchall() == []
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("SELECT * FROM entries")
            assert rows(in_postgres, "SELECT mass_g FROM public.total") == [(5,)]
        finally:
            in_postgres.change(f"DROP OWNED BY {role}")
            in_postgres.change(f"DROP ROLE {role}")


def test_a_view_keeps_its_columns(tmp_path: Path, in_postgres: PostgresStores) -> None:
    """A rebuild by rules whose view lacks a column, or has it elsewhere, is refused, and what stands stays."""
    own = tmp_path / "own" / "ledger"
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal, closing(in_postgres.open()) as store:
        append(journal, [event("A", mass_g=5)])
        project_once(journal, store, ledger(), tmp_path)
        own.mkdir(parents=True)
        (own / "flows_v1.sql").write_text("SELECT lines.region AS region FROM lines")
        with pytest.raises(Refused, match="would not be what others read"):
            rebuild(journal, store, ledger(tmp_path / "own"), tmp_path)
        assert rows(in_postgres, "SELECT mass_g FROM flows_v1") == [(5,)]
        rebuild(journal, store, ledger(), tmp_path)
    assert rows(in_postgres, "SELECT mass_g FROM flows_v1") == [(5,)]


def test_a_swap_waits_for_who_is_reading(tmp_path: Path, in_postgres: PostgresStores) -> None:
    """A rebuild does not come in while somebody reads; others begin to read meanwhile; then it does."""
    done: list[dict[str, Any]] = []
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal, closing(in_postgres.open()) as store:
        append(journal, [event("A", mass_g=5)])
        project_once(journal, store, ledger(), tmp_path)
        append(journal, [event("B", mass_g=7)])
        with in_postgres.connected() as reader:
            before = reader.execute("SELECT mass_g FROM flows_v1").fetchall()
            making = threading.Thread(target=lambda: done.append(rebuild(journal, store, ledger(), tmp_path)))
            making.start()
            until(lambda: bool(rows(in_postgres, "SELECT 1 FROM pg_locks WHERE NOT granted")))
            assert [row["mass_g"] for row in read_ledger(in_postgres.views())["rows"]] == [5]
            assert reader.execute("SELECT mass_g FROM flows_v1").fetchall() == before == [(5,)]
            assert not done
        making.join(PATIENCE)
        assert done
    assert rows(in_postgres, "SELECT mass_g FROM flows_v1") == [(12,)]


def test_a_swap_does_not_wait_for_ever(
    tmp_path: Path, in_postgres: PostgresStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody never stops reading, the rebuild gives up and says how to see who; what stands stays."""
    monkeypatch.setattr(postgres_rebuild, "PATIENCE_SECONDS", 0.0)
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal, closing(in_postgres.open()) as store:
        append(journal, [event("A", mass_g=5)])
        project_once(journal, store, ledger(), tmp_path)
        with in_postgres.connected() as reader:
            reader.execute("SELECT mass_g FROM flows_v1")
            with pytest.raises(StoreUnavailable, match="pg_stat_activity"):
                rebuild(journal, store, ledger(), tmp_path)
        rebuild(journal, store, ledger(), tmp_path)
    assert rows(in_postgres, "SELECT mass_g FROM flows_v1") == [(5,)]


def test_two_that_begin_at_once_make_one_store(tmp_path: Path, in_postgres: PostgresStores) -> None:
    """In an empty database two projectors make the tables once, and neither fails."""
    failed: list[BaseException] = []

    def begin() -> None:
        try:
            with closing(in_postgres.open()) as store:
                store.prepare(ledger(), "a journal")
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    in_postgres.url()
    both = [threading.Thread(target=begin) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(PATIENCE)
    assert not failed
    assert rows(in_postgres, "SELECT value FROM meta WHERE name = 'journal'") == [("a journal",)]


def test_a_damaged_store_is_said_to_be_damaged(tmp_path: Path, in_postgres: PostgresStores) -> None:
    """A table that somebody dropped: what to do is said, and doing it gives the ledger back."""
    with closing(EmbeddedJournal(tmp_path / "j.db")) as journal, closing(in_postgres.open()) as store:
        append(journal, [event("A", mass_g=5)])
        project_once(journal, store, ledger(), tmp_path)
        in_postgres.change("DROP TABLE entry_keys CASCADE")
        append(journal, [event("B", mass_g=7)])
        with pytest.raises(NotInOrder, match="Drop its schema hub"):
            project_once(journal, store, ledger(), tmp_path)
        in_postgres.change("DROP SCHEMA hub CASCADE")
        project_once(journal, store, ledger(), tmp_path)
    assert rows(in_postgres, "SELECT mass_g FROM flows_v1") == [(12,)]
