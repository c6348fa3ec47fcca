"""What every database must pass as a source. A subclass gives the fixture ``department``.

The department is a database of its own that the test may write to; ``source`` looks at it as the hub does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub.errors import ConfigWrong, RequestWrong, SourceUnavailable
from hub.intake.sources.port import Batch
from hub.intake.sources.sql import SqlSource
from hub.intake.sources.sql_read import SqlRead

NOW = datetime(2026, 3, 10, tzinfo=UTC)
START = datetime(2026, 3, 1, 8)  # noqa: DTZ001 - departments store local times without a zone


@dataclass(frozen=True)
class Department:
    """A department's own database: ``writer`` is its side, ``url`` what the hub is told."""

    writer: sa.Engine
    url: str
    folder: Path

    def say(self, *statements: Any) -> None:
        """Write, in one transaction."""
        with self.writer.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement) if isinstance(statement, str) else statement)

    def source(self, table: str | None = "磅单", **more: Any) -> SqlSource:
        """As a connector would have it."""
        facts: dict[str, Any] = {"query": None, "key": ("单号",), "cursor_by": "更新"} | more
        return SqlSource(self.url, self.folder, table, **facts)


WEIGHED = sa.table("磅单", *map(sa.column, ("单号", "净重", "司机", "更新")))


def slips(*numbers: int, at: datetime | None = START, weight: Any = "1.50") -> sa.Insert:
    """Weighbridge slips; number n is updated n minutes after ``at``."""
    return sa.insert(WEIGHED).values([
        {"单号": f"A{n:04d}", "净重": weight, "司机": "张三", "更新": None if at is None else at + timedelta(minutes=n)}
        for n in numbers
    ])


def ids(batches: Iterator[Batch] | list[Batch]) -> list[str]:
    """The keys in the order in which they came."""
    return [key for batch in batches for key in batch.rows.column("单号").to_pylist()]


class SourceContract:
    """The suite."""

    @pytest.fixture
    def department(self) -> Department:
        """An empty database."""
        raise NotImplementedError

    @pytest.fixture
    def slips_table(self, department: Department) -> Department:
        """A table of slips."""
        metadata = sa.MetaData()
        sa.Table(
            "磅单", metadata,
            sa.Column("单号", sa.String(20), primary_key=True), sa.Column("净重", sa.Numeric(12, 2)),
            sa.Column("司机", sa.String(20)), sa.Column("更新", sa.DateTime, index=True),
        )
        metadata.create_all(department.writer)
        return department

    def test_the_whole_table(self, slips_table: Department) -> None:
        """Every row comes once, as text, numbered from 1; a dropped column is not even known."""
        slips_table.say(slips(*range(25)))
        with slips_table.source(drop=("司机",)).open() as read:
            batches = list(read.rows(10))
            assert read.columns == ("单号", "净重", "更新")
            assert read.count() == 25
        assert [batch.rows.num_rows for batch in batches] == [10, 10, 5]
        assert [line for batch in batches for line in batch.lines.to_pylist()] == list(range(1, 26))
        assert sorted(ids(batches)) == [f"A{n:04d}" for n in range(25)]
        first = batches[0].rows.slice(0, 1).to_pylist()[0]
        assert (first["净重"].rstrip("0"), first["更新"][:19]) == ("1.5", "2026-03-01 08:00:00")

    def test_an_empty_table(self, slips_table: Department) -> None:
        """An empty table gives no row, no cursor and no duplicates."""
        with slips_table.source().open() as read:
            assert (read.count(), read.duplicated_keys(5), ids(read.rows())) == (0, [], [])
            assert list(read.rows_since(None, NOW)) == []

    def test_null_is_not_the_empty_text(self, slips_table: Department) -> None:
        """NULL comes as null, the empty text as such, and nothing inside a text is changed."""
        odd = ' "a",\n\\N\t吨𠮷 '
        given = {"1": None, "2": "", "3": odd, "4": "\\."}
        slips_table.say(sa.insert(WEIGHED).values([{"单号": key, "司机": text} for key, text in given.items()]))
        with slips_table.source().open() as read:
            found = {row["单号"]: row["司机"] for batch in read.rows() for row in batch.rows.to_pylist()}
        assert found == given

    def test_what_comes_after_a_cursor(self, slips_table: Department) -> None:
        """After a cursor only later rows come; rows without a time come every time, first."""
        slips_table.say(slips(3, 1, 2), slips(9, at=None))
        source = slips_table.source()
        with source.open() as read:
            batches = list(read.rows_since(None, NOW, 2))
        assert ids(batches) == ["A0009", "A0001", "A0002", "A0003"]
        assert [batch.cursor is None for batch in batches] == [True, False, False]
        slips_table.say(slips(5, 4))
        with source.open() as read:
            again = list(read.rows_since(batches[-1].cursor, NOW))
        assert ids(again) == ["A0009", "A0004", "A0005"]
        with source.open() as read:
            last = list(read.rows_since(again[-1].cursor, NOW))
        assert ids(last) == ["A0009"]
        assert [batch.cursor for batch in last] == [None]

    def test_equal_times_are_told_apart_by_the_key(self, slips_table: Department) -> None:
        """Rows of one time are gone through by their key: wherever a read stops, the next misses none."""
        for number in range(7):
            slips_table.say(slips(number, at=START - timedelta(minutes=number)))
        source = slips_table.source()
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(7):
            with source.open() as read:
                batches = read.rows_since(cursor, NOW, 1)
                batch = next(batches)
                batches.close()
            seen += ids([batch])
            cursor = batch.cursor
        assert seen == [f"A{n:04d}" for n in range(7)]

    def test_the_lag_reads_again_and_moves_nothing_back(self, slips_table: Department) -> None:
        """Rows up to the lag before the cursor come again, without a cursor; later ones move it on."""
        slips_table.say(slips(0, 5, 10))
        with slips_table.source().open() as read:
            cursor = list(read.rows_since(None, NOW))[-1].cursor
        slips_table.say(slips(7, 3, 12))
        with slips_table.source(lag_seconds=300).open() as read:
            batches = list(read.rows_since(cursor, NOW))
        assert [ids([batch]) for batch in batches] == [["A0005", "A0007", "A0010"], ["A0012"]]
        assert [batch.cursor is None for batch in batches] == [True, False]

    def test_a_time_ahead_of_the_clock_moves_no_cursor(self, slips_table: Department) -> None:
        """A row from the future is delivered, and the cursor stays before it."""
        slips_table.say(slips(1), slips(2, at=datetime(2099, 1, 1)))  # noqa: DTZ001 - as above
        with slips_table.source().open() as read:
            (batch,) = read.rows_since(None, NOW)
        assert ids([batch]) == ["A0001", "A0002"]
        assert batch.cursor is not None
        assert json.loads(batch.cursor)["key"] == ["A0001"]
        with slips_table.source().open() as read:
            (ahead,) = read.rows_since(batch.cursor, NOW)
        assert (ids([ahead]), ahead.cursor) == (["A0002"], None)

    def test_one_snapshot(self, slips_table: Department) -> None:
        """What is written while the hub reads is not seen before the next look."""
        slips_table.say(slips(1, 2))
        with self.held_open(slips_table) as read:
            assert read.count() == 2
            self.write_meanwhile(slips_table, slips(3))
            assert (read.count(), ids(read.rows())) == (2, ["A0001", "A0002"])
        with slips_table.source().open() as read:
            assert read.count() == 3

    @contextmanager
    def held_open(self, department: Department) -> Iterator[SqlRead]:
        """A look that lasts while the department goes on writing."""
        with department.source().open() as read:
            yield read

    def write_meanwhile(self, department: Department, statement: Any) -> None:
        """What the department does during the look."""
        department.say(statement)

    def test_numbers_as_key_and_cursor(self, department: Department) -> None:
        """Integers as key and cursor compare as numbers, also those that no float can hold."""
        metadata = sa.MetaData()
        table = sa.Table(
            "t", metadata, sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("v", sa.BigInteger),
        )
        metadata.create_all(department.writer)
        base = 2**60
        department.say(sa.insert(table).values([{"id": base + n, "v": 9 + n} for n in range(4)]))
        source = department.source("t", key=("id",), cursor_by="v")
        cursor: str | None = None
        seen = []
        for _ in range(4):
            with source.open() as read:
                batch = next(read.rows_since(cursor, NOW, 1))
                seen += batch.rows.column("id").to_pylist()
                cursor = batch.cursor
        assert seen == [str(base + n) for n in range(4)]
        by_id = department.source("t", key=("id",), cursor_by="id")
        with by_id.open() as read:
            half = json.dumps({"type": ["integer", "integer"], "by": str(base + 1), "key": [str(base + 1)]})
            (rest,) = read.rows_since(half, NOW)
        assert rest.rows.column("id").to_pylist() == [str(base + 2), str(base + 3)]

    def test_duplicated_keys(self, department: Department) -> None:
        """Keys that several rows have are named; NULL is no key."""
        metadata = sa.MetaData()
        table = sa.Table("t", metadata, sa.Column("a", sa.String(9)), sa.Column("b", sa.Integer))
        metadata.create_all(department.writer)
        pairs = [("x", 1), ("x", 1), ("x", 2), ("y", 1), (None, 1), (None, 1)]
        department.say(sa.insert(table).values([{"a": a, "b": b} for a, b in pairs]))
        with department.source("t", key=("a", "b"), cursor_by=None).open() as read:
            assert read.duplicated_keys(10) == [("x", "1")]
            assert read.count() == 6

    def test_a_query(self, slips_table: Department) -> None:
        """A SELECT in the source's own words is read like a table, colons and percent signs included."""
        slips_table.say(slips(1, 2, 3))
        query = "SELECT 单号, 更新, 'a:b 5%' AS 备注 FROM 磅单 WHERE 单号 <> 'A0002'; "
        with slips_table.source(None, query=query).open() as read:
            assert read.columns == ("单号", "更新", "备注")
            assert (read.count(), read.duplicated_keys(3)) == (2, [])
            batches = list(read.rows_since(None, NOW, 1))
            assert ids(batches) == ["A0001", "A0003"]
            assert ids(read.rows_since(batches[0].cursor, NOW)) == ["A0003"]
            assert batches[0].rows.column("备注").to_pylist() == ["a:b 5%"]

    @pytest.mark.parametrize(
        "query",
        [
            "DELETE FROM 磅单", "SELECT 1; DELETE FROM 磅单",
            "WITH x AS (DELETE FROM 磅单 RETURNING 1) SELECT * FROM x",
            "SELECT * INTO t FROM 磅单", "DROP TABLE 磅单", "", "磅单", "SELECT 'x",
        ],
    )
    def test_only_one_select(self, slips_table: Department, query: str) -> None:
        """Anything but one SELECT is refused, and the table stays as it was."""
        slips_table.say(slips(1))
        with pytest.raises(RequestWrong), slips_table.source(None, query=query).open():
            pass
        with slips_table.source().open() as read:
            assert read.count() == 1

    def test_nothing_can_be_written(self, slips_table: Department) -> None:
        """The hub's own connection refuses to write, whatever it is asked."""
        with slips_table.source().open() as read, pytest.raises(sa.exc.DBAPIError):
            read._session.connection.execute(slips(1))

    def test_names_that_are_not_there(self, slips_table: Department) -> None:
        """A missing table or column is named together with the one it may have been meant for."""
        with pytest.raises(ConfigWrong) as table, slips_table.source("磅単").open():
            pass
        assert [(p.error, p.suggestion) for p in table.value.problems] == [("UNKNOWN_TABLE", "磅单")]
        with pytest.raises(ConfigWrong) as columns, slips_table.source(key=("单号", "号单"), drop=("司机们",)).open():
            pass
        assert [p.suggestion for p in columns.value.problems] == ["单号", "司机"]

    def test_a_cursor_of_something_else(self, slips_table: Department) -> None:
        """A cursor that does not fit the source is refused, not guessed at."""
        for cursor in ("", "7", "{}", '{"type": ["text"], "by": "x", "key": []}', '{"type": 1, "by": 1, "key": 1}'):
            with slips_table.source().open() as read, pytest.raises(RequestWrong):
                list(read.rows_since(cursor, NOW))

    def test_a_source_that_takes_too_long(self, slips_table: Department) -> None:
        """A statement over its limit ends in SourceUnavailable."""
        slips_table.say(slips(*range(60)))
        joins = ", ".join(f"磅单 t{n}" for n in range(6))
        weight = " + ".join(f"t{n}.净重" for n in range(6))
        query = f"SELECT max(t0.单号) AS 单号, min(t1.更新) AS 更新 FROM {joins} WHERE {weight} > 1000"
        source = slips_table.source(None, query=query, statement_timeout_seconds=1)
        with source.open() as read, pytest.raises(SourceUnavailable):
            list(read.rows())
        with source.open() as read, pytest.raises(SourceUnavailable):
            read.count()

    def test_the_caller_s_own_errors_stay_its_own(self, slips_table: Department) -> None:
        """An error raised by who uses the look is not taken for the source's."""
        with pytest.raises(OSError, match="mine"), slips_table.source().open():
            raise OSError("mine")

    def test_rows_per_second(self, slips_table: Department) -> None:
        """A limit on rows a second is kept by small batches with pauses between them."""
        slips_table.say(slips(*range(6)))
        with slips_table.source(rows_per_second=20).open() as read:
            assert [batch.rows.num_rows for batch in read.rows()] == [6]
        with slips_table.source(rows_per_second=4).open() as read:
            assert [batch.rows.num_rows for batch in read.rows()] == [4, 2]
