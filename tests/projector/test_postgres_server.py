"""Which servers the hub works with, how it asks to be served, and what it says where they cannot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Refused, RequestWrong, StoreUnavailable
from hub.projector.postgres import PostgresStore
from hub.projector.postgres_server import Server
from hub.projector.postgres_views import PostgresViews
from tests.projector.histories import ledger
from tests.projector.stores import PostgresStores
from tests.servers import PASSWORD, free_port


@pytest.mark.parametrize(
    ("version", "encoding", "why"),
    [
        (140_019, "UTF8", "PostgreSQL 14"), (90_624, "UTF8", "PostgreSQL 9"), (150_000, "LATIN1", "LATIN1"),
        (150_000, None, "None"), (150_000, "UTF8", ""), (180_001, "UTF8", ""),
    ],
)  # fmt: skip
def test_an_old_server_or_one_without_all_letters_is_refused(version: int, encoding: str | None, why: str) -> None:
    """From PostgreSQL 15 on, in UTF8; any other is said to be what it is, with exit 2."""
    server = Server("postgresql://me@somewhere/hub")
    if not why:
        server._must_do(version, encoding)
        return
    with pytest.raises(Refused, match=why) as error:
        server._must_do(version, encoding)
    assert error.value.exit_code == 2


def test_no_statement_is_compiled(in_postgres: PostgresStores) -> None:
    """However much a server thinks of compiling statements: not those of the hub's sessions."""
    in_postgres.change("ALTER DATABASE {} SET jit = on".format(in_postgres.url().rpartition("/")[2]))
    with closing(Server(in_postgres.url()).connect({"jit_above_cost": "0"})) as connection:
        plan = connection.execute("EXPLAIN (ANALYZE) SELECT sum(n) FROM generate_series(1, 10) AS n").fetchall()
    assert not [line for (line,) in plan if "JIT" in line]


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
