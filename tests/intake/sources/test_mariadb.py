"""MariaDB as a source: the contract, and what is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.errors import RequestWrong, SourceUnavailable
from hub.intake.sources.sql import SqlSource
from tests.contracts.source import Department, SourceContract
from tests.servers import PASSWORD


@pytest.fixture
def department(mariadb: str, tmp_path: Path) -> Iterator[Department]:
    """A database that is empty before."""
    writer = sa.create_engine(mariadb, poolclass=sa.NullPool)
    with writer.begin() as connection:
        connection.exec_driver_sql("DROP DATABASE tests")
        connection.exec_driver_sql("CREATE DATABASE tests CHARACTER SET utf8mb4")
    yield Department(writer, mariadb.replace("mysql+pymysql", "mariadb"), tmp_path)
    writer.dispose()


class TestMariadb(SourceContract):
    """The contract."""

    @pytest.fixture
    def department(self, department: Department) -> Department:
        """An empty database."""
        return department


VALUES = [
    ("tinyint(1)", "1", "1"), ("bigint unsigned", "18446744073709551615", "18446744073709551615"),
    ("decimal(9,3)", "1.50", "1.500"), ("double", "1e20", "100000000000000000000"), ("double", "16000", "16000"),
    ("varchar(9)", "'0012'", "0012"), ("date", "'2026-03-01'", "2026-03-01"),
    ("datetime", "'2026-03-01 08:05'", "2026-03-01 08:05:00"),
    ("datetime(3)", "'2026-03-01 08:05:00.120'", "2026-03-01 08:05:00.120000"),
    ("time", "'25:05:00'", "25:05:00"), ("varbinary(9)", "x'00ff'", "00ff"), ("year", "2026", "2026"),
    ("varbinary(9)", "'abc'", "616263"), ("blob", "''", ""), ("bit(1)", "b'1'", "1"), ("bit(1)", "b'0'", "0"),
    ("bit(12)", "b'101000000001'", "2561"),
]


@pytest.mark.parametrize(("kind", "literal", "text"), VALUES, ids=[f"{kind} {text}" for kind, _, text in VALUES])
def test_values_as_text(department: Department, kind: str, literal: str, text: str) -> None:
    """A value of any type comes in the words of the port."""
    department.say(f"CREATE TABLE t (k int, v {kind})", f"INSERT INTO t VALUES (1, {literal}), (2, NULL)")
    with department.source("t", key=("k",), cursor_by=None).open() as read:
        assert [batch.rows.to_pylist() for batch in read.rows()] == [[{"k": "1", "v": text}, {"k": "2", "v": None}]]


def test_times_are_local(department: Department) -> None:
    """A TIMESTAMP comes in Asia/Shanghai, wherever the server believes to be."""
    department.say("CREATE TABLE t (k int, v timestamp)")
    department.say("SET time_zone = '+00:00'", "INSERT INTO t VALUES (1, '2026-03-01 00:05:00')")
    with department.source("t", key=("k",), cursor_by=None).open() as read:
        assert [batch.rows.column("v").to_pylist() for batch in read.rows()] == [["2026-03-01 08:05:00"]]


def test_a_query_that_is_wrong(department: Department) -> None:
    """A query that names a column twice, or what does not exist, is the connector's mistake."""
    for query in ("SELECT 1 k, 2 k", "SELECT k FROM nowhere", "SELECT nothing k", "SELECT 1 k WHERE"):
        with pytest.raises(RequestWrong), department.source(None, query=query, key=("k",)).open():
            pass


def test_the_password_is_never_said(department: Department) -> None:
    """A server that does not answer, or does not let us in, is unavailable; its password is in no text."""
    url = sa.make_url(department.url)
    for wrong in (url.set(port=1), url.set(password=f"{PASSWORD}-not"), url.set(database="nowhere")):
        source = SqlSource(wrong.render_as_string(hide_password=False), department.folder, "t", None, ("k",))
        with pytest.raises(SourceUnavailable) as failed, source.open():
            pass
        assert PASSWORD not in str(failed.value)
