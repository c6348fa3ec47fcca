"""The plain way is a fair rival: it says what the hub says, and its ledger is right."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from hub.events.single import decode_one
from hub.intake.plug import examine
from hub.intake.pull import Puller
from hub.intake.session import Surroundings
from hub.journal.embedded import EmbeddedJournal
from tests.bench import data
from tests.bench.plain import fold_plain, intake_plain, map_record
from tests.bench.plain_tables import FLOWS, JOURNAL, QUARANTINE, open_database

COUNT = 2_000
OF_THE_PULL = ("observed_at", "batch", "mapping")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A hub's folder with the CSV file in it."""
    (tmp_path / "in").mkdir()
    data.write_csv(tmp_path / "in" / "rows.csv", COUNT)
    return tmp_path / "in" / "rows.csv"


def rows_of(database: Path, table: sa.Table) -> list[Any]:
    with open_database(database).connect() as connection:
        return list(connection.execute(sa.select(table)))


def test_it_says_what_the_hub_says(source: Path, tmp_path: Path) -> None:
    """Hub and plain way make the same events of the same file, field by field, and set the same records aside."""
    intake_plain(source, tmp_path / "plain.db")
    with_hub, set_aside = pulled_by_hub(tmp_path)
    plain = [decode_one(row.value[5:], schema_text(), "waste_event") for row in rows_of(tmp_path / "plain.db", JOURNAL)]
    assert without_pull(plain) == without_pull(with_hub)
    assert {row.source_key for row in rows_of(tmp_path / "plain.db", QUARANTINE)} == set_aside
    assert len(set_aside) == data.faulty(COUNT)
    assert len(plain) == COUNT - data.faulty(COUNT)


def pulled_by_hub(folder: Path) -> tuple[list[dict[str, Any]], set[str]]:
    """The events that the hub makes of the file, and the keys that it sets aside."""
    file = folder / "connector.yaml"
    file.write_text(data.FILE_CONNECTOR, encoding="utf-8")
    (folder / "data").mkdir()
    journal = EmbeddedJournal(folder / "data" / "journal.db")
    around = Surroundings(folder, lambda: datetime.now(UTC), uuid4, lambda url: url)
    plug, problems = examine(file)
    assert plug is not None, problems
    Puller(plug, journal, around).pull(wait=True)
    events = [
        decode_one(value, journal.schema(run.schema_id or 0), "waste_event")
        for run in journal.read("events", {}, COUNT) for value in run.values
    ]
    keys = {
        decode_one(value, journal.schema(run.schema_id or 0), "quarantine")["source_key"]
        for run in journal.read("quarantine", {}, COUNT) for value in run.values
    }
    journal.close()
    return events, keys


def schema_text() -> str:
    from hub.events import schema

    return schema.text("waste_event")


def without_pull(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By entity, without what tells one pull from another."""
    return {e["entity_id"]: {name: value for name, value in e.items() if name not in OF_THE_PULL} for e in events}


def test_its_ledger_is_the_sum_of_the_rows(source: Path, tmp_path: Path) -> None:
    """Masses by month, region and code equal a direct sum over the rows that have no fault."""
    database = tmp_path / "plain.db"
    intake_plain(source, database)
    _, events = fold_plain(database)
    assert events == COUNT - data.faulty(COUNT)
    grams = {"千克": 1000, "kg": 1000, "吨": 1_000_000}
    expected: Counter[tuple[str, str, str]] = Counter()
    with source.open(encoding="gb18030", newline="") as file:
        for index, row in enumerate(csv.DictReader(file)):
            if index % data.FAULT_EVERY != data.FAULT_EVERY - 1:
                code = {"01": "SW70", "02": "SW71", "03": "SW73", "04": "SW74"}[row["ZLLX"]]
                expected[row["CZSJ"][:7], row["QHDM"], code] += int(Decimal(row["JZ"]) * grams[row["DW"]])
    assert {(row.period, row.region, row.code): row.mass_g for row in rows_of(database, FLOWS)} == expected


def test_a_second_reading_adds_nothing(source: Path, tmp_path: Path) -> None:
    """The same file again makes no event, sets nothing aside and changes no line."""
    database = tmp_path / "plain.db"
    intake_plain(source, database)
    fold_plain(database)
    before = [rows_of(database, table) for table in (JOURNAL, QUARANTINE, FLOWS)]
    assert intake_plain(source, database)[1] == COUNT
    assert fold_plain(database)[1] == 0
    assert [rows_of(database, table) for table in (JOURNAL, QUARANTINE, FLOWS)] == before


def test_corrections_duplicates_and_old_statements_fold_rightly(source: Path, tmp_path: Path) -> None:
    """A correction replaces its line's share; the same events once more, in any order, change nothing."""
    database = tmp_path / "plain.db"
    intake_plain(source, database)
    fold_plain(database)
    before = {tuple(row)[:7]: (row.mass_g, row.entries) for row in rows_of(database, FLOWS)}
    text = source.read_text(encoding="gb18030").splitlines()
    cells = dict(zip(data.COLUMNS, text[1].split(","), strict=True))
    heavier = cells | {"JZ": "1000", "MZ": "2000", "PZ": "1000", "DW": "kg", "GXSJ": "2026-09-01 00:00:00"}
    source.write_text("\r\n".join([text[0], ",".join(heavier.values())]) + "\r\n", encoding="gb18030", newline="")
    intake_plain(source, database)
    assert fold_plain(database)[1] == 1
    after = {tuple(row)[:7]: (row.mass_g, row.entries) for row in rows_of(database, FLOWS)}
    old_event, errors = map_record({name: cells[name] for name in data.COLUMNS})
    assert errors == []
    changed = {key: (after[key][0] - before[key][0], after[key][1] - before[key][1]) for key in before
               if after[key] != before[key]}
    assert list(changed.values()) == [(1_000_000 - old_event["mass_g"], 0)]
    with open_database(database).begin() as connection:
        again = [{"key": row.key, "value": row.value} for row in reversed(list(connection.execute(sa.select(JOURNAL))))]
        connection.execute(sa.insert(JOURNAL), again)
    assert fold_plain(database)[1] == len(again)
    assert {tuple(row)[:7]: (row.mass_g, row.entries) for row in rows_of(database, FLOWS)} == after


def test_table_and_file_have_the_same_rows(source: Path, tmp_path: Path) -> None:
    """The SQLite table and the CSV file of one size say the same, in rows of about 130 bytes."""
    data.write_table(tmp_path / "bench.db", COUNT)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'bench.db'}")
    with engine.connect() as connection:
        in_table = [tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {data.TABLE} ORDER BY DJBH"))]
    with source.open(encoding="gb18030", newline="") as file:
        in_file = [tuple(row) for row in csv.reader(file)]
    assert in_file == [data.COLUMNS, *in_table]
    assert 120 <= source.stat().st_size / COUNT <= 140
