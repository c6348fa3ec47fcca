"""What was set aside, by a hub's own words."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from hub.run.projecting import project
from hub.run.pulling import pull
from hub.run.setting_aside import quarantine_list, redrive
from hub.wiring import Hub
from tests.intake.plugging import ROW, connector_text

CONNECTOR = "connectors/housing/scales/connector.yaml"


def _plug(folder: Path, deleted: str) -> None:
    source = {"url": "sqlite:///source.db", "table": "t", "key": "K", "deleted": deleted}
    (folder / CONNECTOR).write_text(connector_text(source=source), encoding="utf-8")


def _pull(folder: Path, rows: dict[str, tuple[str, str]]) -> None:
    """Make the table hold rows of (value, deletion mark) by key, and pull it."""
    with closing(sqlite3.connect(folder / "source.db")) as source, source:
        source.execute("DROP TABLE IF EXISTS t")
        source.execute("CREATE TABLE t (K TEXT PRIMARY KEY, V TEXT, U TEXT, T TEXT, R TEXT, D TEXT)")
        for key, (value, mark) in rows.items():
            source.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", (key, value, ROW["U"], ROW["T"], ROW["R"], mark))
    with Hub.open(folder) as hub:
        pull(hub, [], True, True, lambda _what, _done, _total: None)


def test_a_fault_in_a_tables_row_is_not_blamed_on_a_file_alone(tmp_path: Path) -> None:
    """A NUL byte in a database is to be corrected in its row: no file was sent that could be sent again."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    (tmp_path / CONNECTOR).parent.mkdir(parents=True)
    _plug(tmp_path, "D = 'ja'")
    _pull(tmp_path, {"a": ("1\0", "")})
    with Hub.open(tmp_path) as hub:
        (row,) = quarantine_list(hub)["rows"]
    (error,) = row["errors"]
    assert error["error"] == "NUL_BYTE"
    assert "改正这一行" in error["remedy"]


def test_the_list_and_the_view_have_one_word_for_one_state(tmp_path: Path) -> None:
    """Waiting, mended, corrected, gone from its source, and deleted once its mark could be read: the quarantine's list
    (from the journal) and quarantine_v1 (from the store) agree on each."""
    (tmp_path / "hub.toml").write_text("", encoding="utf-8")
    (tmp_path / CONNECTOR).parent.mkdir(parents=True)
    _plug(tmp_path, "num(D) = 1")
    marked = {"waits": ("x", "0"), "marked": ("1", "ja"), "corrected": ("x", "0"), "gone": ("x", "0")}
    _pull(tmp_path, marked)
    _pull(tmp_path, {"waits": ("x", "0"), "marked": ("1", "ja"), "corrected": ("2", "0")})
    _plug(tmp_path, "D = 'ja'")
    with Hub.open(tmp_path) as hub:
        redrive(hub, [], "housing.scales", "赵", "")
        project(hub, [], True, False, lambda _what, _done, _total: None)
        listed = {row["source_key"]: row["state"] for row in quarantine_list(hub, "all")["rows"]}
        with closing(sqlite3.connect(hub.store_path())) as store:
            viewed = dict(store.execute("SELECT source_key, state FROM quarantine_v1"))
    assert listed == viewed
    assert listed == {
        '["waits"]': "open",
        '["marked"]': "resolved",
        '["corrected"]': "superseded",
        '["gone"]': "resolved",
    }
