"""What only the PostgreSQL store has to withstand: its server, its readers, its types, and texts it has no room for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import NotInOrder, Refused, RequestWrong, StoreUnavailable
from hub.journal.embedded import EmbeddedJournal
from hub.projector import postgres_rebuild
from hub.projector.entries import COLUMNS, NULLABLE, SCHEMA
from hub.projector.postgres import PostgresStore
from hub.projector.postgres_arrays import copied, packed, register
from hub.projector.postgres_entries import read_back, written
from hub.projector.postgres_server import Server
from hub.projector.postgres_views import PostgresViews
from hub.projector.project import project_once
from hub.projector.query import ledger as read_ledger
from hub.projector.rebuild import rebuild
from tests.projector.histories import append, event, ledger, rules
from tests.projector.stores import PostgresStores, SqliteStores, rows, shown
from tests.projector.test_quarantine import act, record
from tests.servers import PASSWORD, free_port

PATIENCE = 60.0
_INT8 = st.integers(-(2**63), 2**63 - 1)
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20) | st.sampled_from(
    ["", '"', '""', ",", "\n", "\r\n", "\\N", "\\.", "NULL", " ", "鲁𠀀厂", "'"]
)
_CELLS = {
    field.name: (_INT8 if field.type == pa.int64() else _TEXT) | (st.none() if field.name in NULLABLE else st.nothing())
    for field in SCHEMA
}


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


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


NO_URLS = [
    "postgresql://host:port/x", "postgresql://h/x?no_such=1", "mysql://host/x", "postgresql://u:p@ss@host/x",
    "postgresql://u:12/p@ss/x", "postgresql://host:١/x", "postgresql://h/\udcff",
]  # fmt: skip


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_url_of_postgres_is_said(url: str) -> None:
    """Exit 2, and how it is written."""
    for part in (PostgresStore, PostgresViews):
        with pytest.raises(RequestWrong, match="user@host") as error:
            part(url)
        assert error.value.exit_code == 2


with pytest.raises(RequestWrong) as _refused:
    Server("none")
REFUSED = str(_refused.value)


@settings(max_examples=400)
@given(st.text(st.sampled_from("@@@:/?#&=%,[]. pass12\n鲁"), min_size=1, max_size=12))
def test_nothing_of_a_password_is_shown(password: str) -> None:
    """Whatever a password in the URL holds, encoded or as it is: the store's name is its place and nothing else, or the
    URL is refused in words that do not depend on it."""
    assert Server(f"postgresql://u:{quote(password, safe='')}@host:5/db").name == "host:5/db"
    try:
        shown = Server(f"postgresql://u:{password}@host:5/db").name
    except RequestWrong as error:
        shown = str(error)
    assert shown in ("host:5/db", REFUSED)


def test_what_the_driver_refuses_is_a_bug(in_postgres: PostgresStores) -> None:
    """What no server said and no other try will help is not taken for a server that is away: a NUL that was to be
    sent, rows of what gives none, a value of a type that nothing is known of. A lost session is."""
    server = Server(in_postgres.url())
    with closing(server.connect({})) as connection:
        wrong: list[Callable[[], Any]] = [
            lambda: connection.execute("SELECT %s::text", ["a\0b"]),
            lambda: connection.execute("SET search_path = hub").fetchone(),
            lambda: connection.execute("SELECT %s", [object()]),
        ]
        for ask in wrong:
            with pytest.raises(psycopg.Error) as mistake:
                ask()
            assert server.error(mistake.value) is None
        with pytest.raises(psycopg.Error) as lost:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert isinstance(server.error(lost.value), StoreUnavailable)
        with pytest.raises(psycopg.Error) as lost:
            connection.execute("SELECT 1")
        assert isinstance(server.error(lost.value), StoreUnavailable)


def test_a_server_that_does_not_let_in_is_said_without_its_password(postgres: str) -> None:
    """A wrong password, an unknown database, nobody there: exit 3, the place, the reason, and never the password."""
    right = sa.make_url(postgres)
    wrong = [
        right.set(password="guessed"), right.set(database="nowhere"),  # noqa: S106 - a wrong one
        right.set(port=free_port(), query={"password": "guessed"}),
    ]  # fmt: skip
    for url in wrong:
        text = url.render_as_string(hide_password=False)
        with pytest.raises(StoreUnavailable) as error, closing(PostgresStore(text)) as store:
            store.positions()
        assert error.value.exit_code == 3
        assert f"127.0.0.1:{url.port}/{url.database}" in str(error.value)
        assert PASSWORD not in str(error.value)
        assert "guessed" not in str(error.value)
        with pytest.raises(StoreUnavailable), PostgresViews(text).reading():
            pass


def test_what_the_hub_cannot_work_with_is_refused(in_postgres: PostgresStores) -> None:
    """A database that is not UTF8, and a role that may not make the schema: exit 2, with what to do."""
    in_postgres.url()
    ascii_only, role = f"{in_postgres.prefix}_ascii", f"{in_postgres.prefix}_role"
    url = sa.make_url(in_postgres.server)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {ascii_only} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        try:
            for other, why in (
                (url.set(database=ascii_only), "SQL_ASCII"),
                (url.set(database=f"{in_postgres.prefix}_store", username=role, password="x"), "schema hub"),  # noqa: S106 - made above
            ):
                with (
                    closing(PostgresStore(other.render_as_string(hide_password=False))) as store,
                    pytest.raises(Refused, match=why) as error,
                ):
                    store.prepare(ledger(), "a journal")
                assert error.value.exit_code == 2
        finally:
            connection.exec_driver_sql(f"DROP ROLE {role}")


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
