"""PostgreSQL as a source: the contract, and what is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.errors import RequestWrong, SourceUnavailable
from hub.intake.sources.sql import SqlSource
from tests.contracts.source import NOW, Department, SourceContract, slips
from tests.servers import PASSWORD


@pytest.fixture
def department(postgres: str, tmp_path: Path) -> Iterator[Department]:
    """A schema that is empty before and gone after."""
    writer = sa.create_engine(postgres, poolclass=sa.NullPool)
    with writer.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    yield Department(writer, postgres, tmp_path)
    writer.dispose()


class TestPostgres(SourceContract):
    """The contract."""

    @pytest.fixture
    def department(self, department: Department) -> Department:
        """An empty schema."""
        return department


VALUES = [
    ("smallint", "7", "7"), ("bigint", "9007199254740993", "9007199254740993"), ("numeric(9,3)", "1.50", "1.500"),
    ("double precision", "1e20", "100000000000000000000"), ("double precision", "0.1", "0.1"),
    ("real", "1e-7", "0.0000001"), ("double precision", "'NaN'", "NaN"),
    ("boolean", "true", "true"), ("text", "' x '", " x "), ("bytea", "'\\x00ff'", "00ff"),
    ("bytea", "'abc'", "616263"),
    ("date", "'2026-03-01'", "2026-03-01"), ("timestamp", "'2026-03-01 08:05'", "2026-03-01 08:05:00"),
    ("timestamptz", "'2026-03-01 00:05Z'", "2026-03-01 08:05:00+08"), ("time", "'08:05'", "08:05:00"),
    ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("json", """'{"b": 1.10, "a": [1, "站"]}'""", '{"a":[1,"站"],"b":1.10}'),
    ("jsonb", """'{"b": 1.10, "a": null}'""", '{"a":null,"b":1.10}'),
]


@pytest.mark.parametrize(("kind", "literal", "text"), VALUES, ids=[f"{kind} {text}" for kind, _, text in VALUES])
def test_values_as_text(department: Department, kind: str, literal: str, text: str) -> None:
    """A value of any type comes in the words of the port, times in Asia/Shanghai."""
    department.say(f"CREATE TABLE t (k int, v {kind})")
    with department.writer.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO t VALUES (1, {literal}::{kind}), (2, NULL)")
    with department.source("t", key=("k",), cursor_by=None).open() as read:
        assert [batch.rows.to_pylist() for batch in read.rows()] == [[{"k": "1", "v": text}, {"k": "2", "v": None}]]


ENDLESS = [
    ("date", "infinity"), ("timestamp", "infinity"), ("timestamptz", "infinity"), ("timestamp", "20260-01-01"),
    ("numeric", "NaN"), ("float8", "Infinity"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "last"), ENDLESS)
def test_no_cursor_moves_to_the_end_of_time(department: Department, kind: str, last: str) -> None:
    """A row that sorts after all others is delivered at every look, and those that come before it are not missed."""
    first, second = ("1", "2") if kind in ("numeric", "float8") else ("2026-01-01", "2026-02-01")
    department.say(f"CREATE TABLE t (k text, v {kind})", f"INSERT INTO t VALUES ('a', '{first}'), ('z', '{last}')")
    with department.source("t", key=("k",), cursor_by="v").open() as read:
        (batch,) = read.rows_since(None, NOW)
    department.say(f"INSERT INTO t VALUES ('b', '{second}')")
    with department.source("t", key=("k",), cursor_by="v").open() as read:
        (later,) = read.rows_since(batch.cursor, NOW)
    assert [batch.rows["k"].to_pylist(), later.rows["k"].to_pylist()] == [["a", "z"], ["b", "z"]]


def test_tables_with_a_schema(department: Department) -> None:
    """schema.table is found, views too; names keep their case; columns that differ in case alone come both."""
    department.say(
        'CREATE SCHEMA "住建 Schema"', 'CREATE TABLE "住建 Schema"."BDJL" ("k" text, "K" text, "100%" text)',
        """INSERT INTO "住建 Schema"."BDJL" VALUES ('1', '2', '3')""",
        'CREATE VIEW v AS SELECT * FROM "住建 Schema"."BDJL"',
    )
    for table in ("住建 Schema.BDJL", '"住建 Schema"."BDJL"', "v"):
        with department.source(table, key=("k",), cursor_by="K").open() as read:
            assert [batch.rows.to_pylist() for batch in read.rows()] == [[{"k": "1", "K_2": "2", "100%": "3"}]]
            assert read.duplicated_keys(1) == []
    department.say('DROP SCHEMA "住建 Schema" CASCADE')


def test_a_query_that_names_a_column_twice(department: Department) -> None:
    """Two columns of one name cannot be told apart."""
    source = department.source(None, query="SELECT 1 k, 2 k", key=("k",))
    with pytest.raises(RequestWrong, match="twice"), source.open():
        pass


def test_the_password_is_never_said(department: Department) -> None:
    """A server that does not answer, or does not let us in, is unavailable; its password is in no text."""
    url = sa.make_url(department.url)
    for wrong in (url.set(port=1), url.set(password=f"{PASSWORD}-not"), url.set(database="nowhere")):
        source = SqlSource(wrong.render_as_string(hide_password=False), department.folder, "t", None, ("k",))
        with pytest.raises(SourceUnavailable) as failed, source.open():
            pass
        assert PASSWORD not in str(failed.value)


def test_a_source_that_ends_the_session(department: Department) -> None:
    """A connection that the source cuts while rows stream ends in SourceUnavailable."""
    department.say("CREATE TABLE 磅单 (单号 text, 净重 numeric, 司机 text, 更新 timestamp)", slips(1))
    department.say("INSERT INTO 磅单 SELECT 'B' || n, 1, repeat('x', 100), now() FROM generate_series(1, 200000) n")
    with department.source().open() as read:
        batches = read.rows(1000)
        next(batches)
        department.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'")
        with pytest.raises(SourceUnavailable):
            list(batches)
