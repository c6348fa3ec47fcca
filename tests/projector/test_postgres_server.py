"""Which servers the hub works with, and how it asks to be served."""

from __future__ import annotations

from contextlib import closing

import pytest

from hub.errors import Refused
from hub.projector.postgres_server import Server
from tests.projector.stores import PostgresStores


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
