"""SQLite as a source: the contract, and what is its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.errors import RequestWrong, SourceUnavailable
from hub.intake.sources.sql import SqlSource
from tests.contracts.source import NOW, Department, SourceContract


class TestSqlite(SourceContract):
    """The contract over a file in WAL mode, as a department's program would have it."""

    @pytest.fixture
    def department(self, tmp_path: Path) -> Iterator[Department]:
        """A database beside the hub."""
        writer = sa.create_engine(f"sqlite:///{tmp_path}/源 system#1.db", poolclass=sa.NullPool)
        with writer.begin() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        yield Department(writer, "sqlite:///源 system#1.db", tmp_path)
        writer.dispose()


def _source(path: Path, table: str = "t", **more: object) -> SqlSource:
    return SqlSource(f"sqlite:///{path.name}", path.parent, table, None, ("k",), **more)  # type: ignore[arg-type]  # named below


def test_each_value_by_its_own_type(tmp_path: Path) -> None:
    """SQLite keeps a type with each value: integers plain, floats whole and without exponent, blobs in hex."""
    path = tmp_path / "s.db"
    values = ["0012", 12, 16000.0, 1e22, 1e-7, 0.1 + 0.2, b"\x00\xff", None, "", 2**62]
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("CREATE TABLE t (k, v)")
        writer.executemany("INSERT INTO t VALUES (?, ?)", enumerate(values))
    with _source(path).open() as read:
        texts = [value for batch in read.rows() for value in batch.rows.column("v").to_pylist()]
    assert texts == [
        "0012", "12", "16000", "10000000000000000000000", "0.0000001", "0.30000000000000004", "00FF", None, "",
        "4611686018427387904",
    ]


def test_a_text_column_has_texts(tmp_path: Path) -> None:
    """Whatever was written into it: SQLite makes numbers texts, and bytes are taken for the text that they are."""
    path = tmp_path / "s.db"
    values = ["0012", 12, 0.5, "吨".encode(), None, ""]
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("CREATE TABLE t (k, v VARCHAR(9))")
        writer.executemany("INSERT INTO t VALUES (?, ?)", enumerate([*values, b"\xff"]))
        writer.execute("CREATE VIEW w AS SELECT k, v FROM t WHERE k < 6 UNION ALL SELECT 7, 7")
    with _source(path).open() as read:
        (batch,) = read.rows()
    assert batch.rows.column("v").to_pylist() == ["0012", "12", "0.5", "吨", None, ""]
    assert [(bad.line, bad.error) for bad in batch.unreadable] == [(7, "ENCODING")]
    with _source(path, "w").open() as read:
        assert [value for batch in read.rows() for value in batch.rows.column("v").to_pylist()][-1] == "7"


def test_bad_texts_stay_alone(tmp_path: Path) -> None:
    """A row with invalid UTF-8 or a NUL is set aside at its number; the others come, and the cursor passes it."""
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("CREATE TABLE t (k INTEGER, v TEXT)")
        writer.execute("INSERT INTO t VALUES (1, 'x'), (2, CAST(x'ff' AS TEXT)), (3, 'a' || char(0)), (4, '吨')")
    with _source(path, cursor_by="k").open() as read:
        (batch,) = read.rows_since(None, NOW)
    assert batch.rows.to_pylist() == [{"k": "1", "v": "x"}, {"k": "4", "v": "吨"}]
    assert batch.lines.to_pylist() == [1, 4]
    assert [(bad.line, bad.error) for bad in batch.unreadable] == [(2, "ENCODING"), (3, "NUL_BYTE")]
    assert b'"k":"2"' in batch.unreadable[0].raw


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    """A database that is not there is unavailable, and is not created by looking."""
    with pytest.raises(SourceUnavailable, match=r"gone\.db"), _source(tmp_path / "gone.db").open():
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database(tmp_path: Path) -> None:
    """A file that is no database is unavailable; an address without a file, or that no driver can use, is refused."""
    (tmp_path / "s.db").write_bytes(b"no database at all, but long enough to be one" * 100)
    with pytest.raises(SourceUnavailable), _source(tmp_path / "s.db").open():
        pass
    unusable = ("oracle://x/y", "mysql://127.0.0.1/y?unheard=1")
    for url in ("sqlite://", "nonsense", "nosuchdb://x/y", *unusable):
        with pytest.raises(RequestWrong), SqlSource(url, tmp_path, "t", None, ("k",)).open():
            pass


def test_queries_that_the_source_refuses(tmp_path: Path) -> None:
    """A query that names a column twice, or what does not exist, is the connector's mistake."""
    sqlite3.connect(tmp_path / "s.db").close()
    url = "sqlite:///s.db"
    for query in ("SELECT 1 AS k, 2 AS k", "SELECT k FROM nowhere", "SELECT 1 AS k WHERE", "SELECT nothing AS k"):
        with pytest.raises(RequestWrong), SqlSource(url, tmp_path, None, query, ("k",)).open():
            pass
