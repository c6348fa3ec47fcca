"""The quarantine, as a steward asks for it and decides about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import here as wastehub
from tests.cli.small_hub import BRIDGE, FILE, YAML


def _rows(hub: Path, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = wastehub("-C", hub, "quarantine", "list", *args, "--json").json["rows"]
    return found


def test_it_is_answered_in_full(ledger_hub: Path) -> None:
    """The bad record is listed with field, error, expression, values and remedy, and shown with its raw record."""
    (row,) = _rows(ledger_hub)
    assert (row["connector"], json.loads(row["source_key"]), row["state"]) == (BRIDGE, ["D4"], "open")
    (error,) = row["errors"]
    assert (error["field"], error["error"]) == ("code", "CODE_UNMAPPED")
    assert error["values"] == {"类别": "大件"}
    assert {"expression", "remedy"} <= error.keys()
    shown = wastehub("-C", ledger_hub, "quarantine", "show", row["id"], "--json").json
    assert shown["record"]["净重"] == "1.2"
    assert "大件" in wastehub("-C", ledger_hub, "quarantine", "show", row["id"]).out


def test_people_read_words(ledger_hub: Path) -> None:
    """State, field and error are words beside the names that scripts use, and times are the city's."""
    listed = wastehub("-C", ledger_hub, "quarantine", "list").out
    assert "待处理" in listed
    assert "代码 code: CODE_UNMAPPED 连接器的对照表里没有这个代码 (类别: 大件)" in listed
    (row,) = _rows(ledger_hub)
    shown = wastehub("-C", ledger_hub, "quarantine", "show", row["id"]).out
    assert "读取时间: 20" in shown
    assert "+08:00" in shown


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["--connector", BRIDGE], 1),
        (["--error", "CODE_UNMAPPED"], 1),
        (["--error", "MASS_NEGATIVE"], 0),
        (["--connector", "urban_management/bridge"], 1),
        (["--state", "rejected"], 0),
        (["--state", "all"], 1),
    ],
)
def test_it_can_be_narrowed(ledger_hub: Path, args: list[str], found: int) -> None:
    """By connector (its name or place), by error and by state."""
    assert len(_rows(ledger_hub, *args)) == found


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (["--connector", "urban_management.bridges"], BRIDGE),
        (["--error", "code_unmaped"], "CODE_UNMAPPED"),
    ],
)
def test_what_cannot_be_is_refused(ledger_hub: Path, args: list[str], meant: str) -> None:
    """An unknown connector or error ends with 2 and names the nearest."""
    asked = wastehub("-C", ledger_hub, "quarantine", "list", *args)
    assert (asked.code, asked.out) == (2, "")
    assert meant in asked.err


def test_many_records_are_counted_and_cut(hub: Path) -> None:
    """More records than the limit: counts by connector and error first, then so many records and how many more; a
    script gets all unless it sets a limit."""
    rows = "".join(f"X{number},2026-03-03,大件,-1,吨,371502\n" for number in range(25))
    (hub / "in/b.csv").write_text("单号,日期,类别,净重,单位,区县\n" + rows, encoding="utf-8")
    wastehub("-C", hub, "pull", "--once")
    lines = wastehub("-C", hub, "quarantine", "list").out.splitlines()
    assert lines[2].split() == [BRIDGE, "CODE_UNMAPPED", "连接器的对照表里没有这个代码", "26"]
    assert lines[3].split() == [BRIDGE, "MASS_NEGATIVE", "质量不能为负", "25"]
    assert sum("待处理" in line for line in lines) == 20
    assert lines[-1].startswith("还有 6 条")
    assert len(_rows(hub)) == 26
    found = wastehub("-C", hub, "quarantine", "list", "--limit", "5", "--json").json
    assert (len(found["rows"]), found["more"], found["counts"][0]["records"]) == (5, 21, 26)


def test_a_record_is_let_through_by_a_person(hub: Path) -> None:
    """After its code is added to the list, a re-drive makes the event, by the person named or else the user logged in;
    without a record or a connector it is refused."""
    wastehub("-C", hub, "pull", "--once")
    (hub / FILE).write_text(YAML.replace("SW64}", "SW64, 大件: SW63}"), encoding="utf-8")
    drive = ["-C", hub, "quarantine", "redrive", "--connector", BRIDGE]
    done = wastehub(*drive, "--person", "张三", "--reason", "补表", "--json")
    assert (done.code, done.json["redriven"], done.json["events"]) == (0, 1, 1)
    assert "合格 0 条" in wastehub(*drive).out
    assert _rows(hub) == []
    assert wastehub("-C", hub, "quarantine", "redrive", "--person", "a", "--reason", "b").code == 2


def test_a_record_is_rejected_by_a_person(hub: Path) -> None:
    """A rejected record is no longer open, stays readable among all, and cannot be rejected again."""
    wastehub("-C", hub, "pull", "--once")
    (row,) = _rows(hub)
    reject = ["-C", hub, "quarantine", "reject", row["id"], "--person", "张三", "--reason", "重复"]
    done = wastehub(*reject)
    assert (done.code, done.out) == (0, f"{row['id']}：已驳回。\n")
    assert _rows(hub) == []
    assert _rows(hub, "--state", "all")[0]["state"] == "rejected"
    again = wastehub(*reject)
    assert again.code == 2
    assert "已驳回" in again.err
    assert "rejected" not in again.err


def test_a_broken_neighbour_stops_no_decision(hub: Path) -> None:
    """A record is decided about although another connector's file is wrong."""
    wastehub("-C", hub, "pull", "--once")
    (row,) = _rows(hub)
    broken = hub / "connectors/housing/slips/connector.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("hub: 1\n", encoding="utf-8")
    assert wastehub("-C", hub, "quarantine", "redrive", row["id"], "--json").json["still_open"] == 1
    assert wastehub("-C", hub, "quarantine", "reject", row["id"], "--json").json["state"] == "rejected"
