"""A construction-waste weighbridge to measure with: the same rows as a GB18030 CSV file and as an SQLite table.

A row has about 130 bytes; one in 64 has one of eight faults, in turn. Nothing depends on chance or on the clock.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

COLUMNS = (
    "DJBH", "ZLLX", "JZ", "DW", "MZ", "PZ", "CZSJ", "QHDM", "LDH", "XNCBH", "XNCMC", "CPH", "GXSJ", "SCBZ", "SJXM",
)
FAULT_EVERY = 64
TABLE = "BDJL"

_FIRST = datetime(2026, 1, 1, 6, 0)  # noqa: DTZ001 - the wall clock of the weighbridge
_SECONDS_OF_DATA = 200 * 86400
_REGIONS = ("371502", "371503", "371521", "371522", "371524", "371525", "371526", "371581")
_SITES = (
    "北城消纳场", "南环渣土场", "徒骇河西岸场", "开发区二号场", "高铁新城场", "东阿铜城场", "茌平信发场", "临清先锋场",
)
_DRIVERS = ("王建国", "李秀英", "张伟", "刘洋", "陈桂兰")

_MAPPING = """\
drop: [SJXM]
lists:
  zj_waste: {version: "2026-01", map: {"01": SW70, "02": SW71, "03": SW73, "04": SW74}}
map:
  kind: "'RECEIVED'"
  stream: "'construction'"
  scheme: "'SW'"
  code: code('zj_waste', ZLLX)
  value: num(JZ)
  unit: DW
  basis: "'weighed'"
  occurred_at: ts(CZSJ)
  region: region(QHDM)
  holder: XNCBH
  holder_name: XNCMC
  vehicle: CPH
  manifest: LDH
checks:
  net_is_gross_minus_tare: num(MZ) - num(PZ) = num(JZ)
"""
_HEAD = "hub: 1\nname: housing.weighbridge\ndepartment: housing\nsource:\n"
FILE_CONNECTOR = f"{_HEAD}  kind: file\n  path: in/*.csv\n  key: DJBH\n  version: ts(GXSJ)\n{_MAPPING}"
"""The connector.yaml that reads the CSV file under the hub's folder ``in``."""
TABLE_CONNECTOR = (
    f"{_HEAD}  kind: sql\n  url: sqlite:///bench.db\n  table: {TABLE}\n  key: DJBH\n  version: ts(GXSJ)\n{_MAPPING}"
)
"""The connector.yaml that reads the table, in bench.db in the hub's folder."""
LIVE_CONNECTOR = TABLE_CONNECTOR.replace("  version: ts(GXSJ)\n", "  cursor: {by: GXSJ, lag: 10m}\nevery: 500ms\n")
"""The same twice a second, after a cursor."""


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """``count`` rows of texts, in the order of COLUMNS."""
    step = _SECONDS_OF_DATA / max(count, 1)
    for index in range(count):
        row = _row(index, _FIRST + timedelta(seconds=int(index * step)))
        if index % FAULT_EVERY == FAULT_EVERY - 1:
            row |= _FAULTS[index // FAULT_EVERY % len(_FAULTS)]
        yield tuple(row.values())


def faulty(count: int) -> int:
    """How many of ``count`` rows must be set aside."""
    return count // FAULT_EVERY


def write_csv(path: Path, count: int) -> None:
    """The rows as GB18030 with a header."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows(count))


def write_table(path: Path, count: int) -> None:
    """The rows as the table BDJL of a new SQLite database."""
    columns = ", ".join(f"{name} TEXT" for name in COLUMNS)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f"CREATE TABLE {TABLE} ({columns}, PRIMARY KEY (DJBH))")
        places = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO {TABLE} VALUES ({places})", rows(count))
        connection.execute(f"CREATE INDEX BDJL_GXSJ ON {TABLE} (GXSJ, DJBH)")
    connection.close()


def row_now(number: int, at: datetime) -> tuple[str, ...]:
    """One more row without a fault, written at ``at`` (wall clock of Shanghai): not among :func:`rows`."""
    return tuple((_row(number, at) | {"DJBH": f"LIVE{number:08d}", "GXSJ": str(at)}).values())


def _row(index: int, at: datetime) -> dict[str, str]:
    mixed = index * 2654435761 % 2**32  # Knuth's multiplicative hash: neighbours differ
    tare, net = 9_000 + mixed % 4_000, 4_000 + mixed // 7 % 18_000
    unit = ("千克", "千克", "千克", "kg", "吨")[mixed // 11 % 5]
    weights = [tare + net, tare, net]
    gross_text, tare_text, net_text = (f"{kg / 1000:.3f}" if unit == "吨" else str(kg) for kg in weights)
    site = mixed // 13 % 8
    return {
        "DJBH": f"ZJ2026{index:08d}", "ZLLX": f"0{mixed // 5 % 4 + 1}", "JZ": net_text, "DW": unit, "MZ": gross_text,
        "PZ": tare_text, "CZSJ": str(at), "QHDM": _REGIONS[mixed // 17 % 8], "LDH": f"LD{index // 3:010d}",
        "XNCBH": f"S{site + 1:02d}", "XNCMC": _SITES[site], "CPH": f"鲁P{mixed % 100_000:05d}",
        "GXSJ": str(at + timedelta(seconds=90 + mixed % 900)), "SCBZ": "0", "SJXM": _DRIVERS[mixed // 19 % 5],
    }


_FAULTS: tuple[dict[str, str], ...] = (
    {"ZLLX": "99"},
    {"JZ": "16吨半"},
    {"DW": "方"},
    {"CZSJ": "2026-02-30 08:05:00"},
    {"QHDM": "371523"},  # 茌平县, a district of another number since 2019
    {"QHDM": "999999"},
    {"JZ": "1"},
    {"CZSJ": ""},
)
