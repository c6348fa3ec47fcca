"""How projectors share the partitions of a journal out among them: fairly, and without waiting in a ring."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg

from hub.projector.postgres_server import Server
from hub.projector.postgres_shares import PostgresShares
from tests.projector.stores import PostgresStores
from tests.waiting import PATIENCE, until

PARTITIONS = 4


def test_partitions_are_shared_out_fairly(in_postgres: PostgresStores) -> None:
    """Alone one has all; when a second comes each has half; when it has gone, the first has all again."""
    server, every = Server(in_postgres.url()), list(range(PARTITIONS))
    with PostgresShares(server) as first:
        assert first.mine("events", every) == every
        assert not first.uneven("events")
        with PostgresShares(server) as second:
            assert second.mine("events", every) == []
            assert first.uneven("events")
            kept = first.mine("events", every)
            assert (len(kept), len(second.mine("events", every))) == (2, 2)
            assert {*kept, *second.mine("events", every)} == {*every}
            assert not first.uneven("events")
        assert first.mine("events", every) == every
        assert first.mine("acts", [0]) == [0]


def test_who_wants_all_gets_them_one_by_one(in_postgres: PostgresStores) -> None:
    """A rebuild takes what is free and waits for the others, and keeps what it has."""
    server, every = Server(in_postgres.url()), list(range(PARTITIONS))
    with PostgresShares(server) as first:
        first.mine("events", every)
        with PostgresShares(server) as second:
            waiting = threading.Thread(target=second.every, args=("events", every))
            waiting.start()
            until(lambda: first.uneven("events"))
            assert len(first.mine("events", every)) == 2
            assert waiting.is_alive()
            assert first.mine("events", []) == []
            waiting.join(PATIENCE)
            assert not waiting.is_alive()
            assert second.mine("events", every) != every  # asking anew, it is one of two


def test_two_who_want_all_do_not_wait_for_each_other(in_postgres: PostgresStores) -> None:
    """Who waits for one partition holds none that comes after it: two rebuilds that begin at once go one by one."""
    server, every = Server(in_postgres.url()), list(range(PARTITIONS))
    with ThreadPoolExecutor(1) as thread, PostgresShares(server) as holds, PostgresShares(server) as other:
        assert holds.mine("events", every[:1]) == every[:1]
        waits, asked = thread.submit(_every, server, every), set[object]()
        until(lambda: _has_asked(in_postgres, asked) > PARTITIONS)
        assert other.mine("events", every[-1:]) == every[-1:]
        assert holds.mine("events", []) == []
        assert other.mine("events", []) == []
        waits.result(PATIENCE)


def _every(server: Server, partitions: list[int]) -> None:
    with PostgresShares(server) as shares:
        shares.every("events", partitions)


def _has_asked(stores: PostgresStores, moments: set[object]) -> int:
    """How often the newest of the sessions was seen asking for a partition; ``moments`` remembers when."""
    with psycopg.connect(stores.url()) as connection:
        found = connection.execute(
            "SELECT query, query_start FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'wastehub' ORDER BY backend_start DESC LIMIT 1"
        ).fetchall()
    moments |= {at for query, at in found if query.startswith("SELECT pg_try_advisory_lock")}
    return len(moments)
