"""Texts of connector.yaml: the contract's example, and the smallest of each kind of source, to which tests add."""

from __future__ import annotations

from pathlib import Path

from hub.intake.connector import (
    Connector,
)
from hub.intake.connector_file import parse_connector

PATH = Path("connectors/housing/weighbridge/connector.yaml")

EXAMPLE = """\
hub: 1
name: housing.weighbridge
title: 建筑垃圾消纳场磅单
department: housing                # environment | urban_management
source:
  kind: sql                        # sql | file
  url: env:HOUSING_DB              # an SQLAlchemy URL
  table: BDJL                      # or  query
  key: [DJBH]
  cursor: {by: GXSJ, lag: 10m}     # keyset on (GXSJ, key)
  version: GXSJ                    # what orders two statements about one key
  deleted: SCBZ = '1'              # soft delete -> retraction
  limits: {rows_per_second: 500, statement_timeout: 30s, quiet: "08:30-09:30"}
every: 5m
drop: [SJXM, SJSFZ, SJDH]          # personal fields
lists:                             # versioned reference data
  zj_waste: {version: "2026-01", map: {"01": SW70, "02": SW71, "03": SW73, "04": SW74}}
  density:  {version: "2026-03", unit: t/m3, map: {"01": 1.6, "02": 1.2}}      # numeric values: a factor table
map:                               # left: a field of the event
  kind: "'RECEIVED'"
  stream: "'construction'"
  scheme: "'SW'"
  code: code('zj_waste', ZLLX)
  value: num(JZ)
  unit: DW
  occurred_at: ts(CZSJ)
  region: region(QHDM)
  holder: XNCBH
  holder_name: XNCMC
  vehicle: CPH
  manifest: LDH
checks:
  net_is_gross_minus_tare: num(MZ) - num(PZ) = num(JZ)
each:
  - {part: received, map: {}}
tests:
  - name: 一车渣土
    row:    {DJBH: A1, ZLLX: "01", JZ: "16000", DW: 千克, CZSJ: "2026-03-01 08:05:00", QHDM: "371502", CPH: 鲁P12345}
    expect: {kind: RECEIVED, code: SW70, mass_g: 16000000, region: "371502"}
  - name: 未知类型
    row:    {DJBH: A2, ZLLX: "99", JZ: "1", DW: 吨, CZSJ: "2026-03-01", QHDM: "371502"}
    quarantine: {field: code, error: CODE_UNMAPPED}
"""

SMALL = """\
hub: 1
name: a.b
department: housing
source:
  kind: file
  path: in/*.csv
  key: K
map:
  kind: "'RECEIVED'"
  stream: "'construction'"
  scheme: "'SW'"
  code: C
  value: num(V)
  unit: U
  occurred_at: ts(T)
  region: R
"""
SQL = SMALL.replace("kind: file\n  path: in/*.csv", "kind: sql\n  url: sqlite:x.db\n  table: T")


def parsed(text: str) -> Connector:
    """The connector that ``text`` describes; it must be right."""
    connector, problems = parse_connector(text, PATH)
    assert problems == []
    assert connector is not None
    return connector
