"""Personal fields that the source has renamed."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from hub.errors import RequestWrong
from hub.events import columns
from hub.run.doctor import doctor
from hub.run.pulling import pull
from hub.run.setting_aside import quarantine_list
from hub.run.trying import preview
from hub.wiring import Hub
from tests.intake.plugging import connector_text
from tests.intake.sources.reading import settle

COLUMNS = ("K", "V", "U", "T", "R")
ROW = ("1", "2", "吨", "2026-03-01", "371502")
PLACE = "connectors/housing/scales/connector.yaml"


def _hub(folder: Path, drop: str) -> Path:
    """A hub whose connector reads every file under ``in`` and drops one column."""
    (folder / "hub.toml").write_text("", encoding="utf-8")
    (folder / "in").mkdir(exist_ok=True)
    (folder / PLACE).parent.mkdir(parents=True, exist_ok=True)
    text = connector_text(source={"kind": "file", "path": "in/*"}, drop=[drop])
    (folder / PLACE).write_text(text.replace("  url: sqlite:x.db\n  table: T\n", ""), encoding="utf-8")
    return folder


def _write(folder: Path, suffix: str, column: str) -> None:
    """One record with a driver's name under ``column``."""
    names, cells = (*COLUMNS, column), (*ROW, "张三")
    path = folder / "in" / f"a.{suffix}"
    if suffix == "csv":
        path.write_text(",".join(names) + "\n" + ",".join(cells) + "\n", encoding="utf-8")
    elif suffix == "parquet":
        pq.write_table(pa.table({name: [cell] for name, cell in zip(names, cells, strict=True)}), path)
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate((names, cells)):
                sheet.write_row(number, 0, row)
    settle(path)


def _pull(folder: Path) -> dict[str, object]:
    with Hub.open(folder) as hub:
        (row,) = pull(hub, [], True, False, lambda _what, _done, _total: None)["connectors"]
        return row


def _records(folder: Path) -> list[dict[str, str]]:
    """The records that the journal's events keep as evidence."""
    with Hub.open(folder) as hub:
        journal = hub.journal()
        runs = [run for run in journal.read("events", {}, 100) if run.schema_id is not None]
        tables = [columns.decode(run.values, journal.schema(run.schema_id or 0), "waste_event").table for run in runs]
    return [json.loads(record) for table in tables for record in table["record"].to_pylist()]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_a_renamed_personal_column_does_not_get_in(tmp_path: Path, suffix: str) -> None:
    """A file without the column that is dropped stops its connector, by pull, preview and doctor, and nothing of it is kept,
    nor set aside; once the new name is dropped too, the same file is read."""
    _hub(tmp_path, "司机")
    _write(tmp_path, suffix, "驾驶员")
    stopped = _pull(tmp_path)
    assert stopped["exit_code"] == 2
    assert f"a.{suffix} 没有 drop 里写的列 司机" in str(stopped["error"])
    with Hub.open(tmp_path) as hub:
        assert {sum(hub.journal().end(topic).values()) for topic in ("events", "quarantine", "acts")} == {0}
        assert quarantine_list(hub, "all")["rows"] == []
        with pytest.raises(RequestWrong, match="司机"):
            preview(hub, "housing.scales", 1)
        (found,) = (check for check in doctor(hub)["checks"] if check["part"] == "housing.scales")
        assert (found["ok"], "司机" in found["found"], "drop" in found["remedy"]) == (False, True, True)
    _hub(tmp_path, "驾驶员")
    assert _pull(tmp_path)["events"] == 1
    assert _records(tmp_path) == [dict(zip(COLUMNS, ROW, strict=True))]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_case_is_no_new_name(tmp_path: Path, suffix: str) -> None:
    """A dropped column in capitals is the same column, and is dropped."""
    _hub(tmp_path, "driver")
    _write(tmp_path, suffix, "DRIVER")
    assert _pull(tmp_path)["events"] == 1
