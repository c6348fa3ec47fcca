"""A hub with one connector and one file of four records, one of them bad."""

from __future__ import annotations

from pathlib import Path

from tests.cli.run import here as wastehub

BRIDGE = "urban_management.bridge"
CSV = """\
单号,日期,类别,净重,单位,区县
D1,2026-03-02,厨余垃圾,4260,千克,371502
D2,2026-03-02,其他垃圾,5120,千克,371502
D3,2026年第一季度,厨余垃圾,3.98,吨,371503
D4,2026-03-03,大件,1.2,吨,371502
"""
YAML = """\
hub: 1
name: urban_management.bridge
department: urban_management
source: {kind: file, path: "in/*.csv", key: 单号}
lists:
  bins: {version: "2026-03", map: {厨余垃圾: SW61, 其他垃圾: SW64}}
  regions: {version: "2026-03", map: {LOCAL1: 开发区}}
map: {kind: "'COLLECTED'", stream: "'domestic'", scheme: "'SW'", code: "code('bins', 类别)", value: num(净重),
      unit: 单位, occurred_at: ts(日期), region: region(区县)}
tests:
  - {name: 好, row: {类别: 厨余垃圾, 净重: "1", 单位: 吨, 日期: "2026-03-02", 区县: "371502"}, expect: {mass_g: 1000000}}
"""
FILE = "connectors/urban_management/bridge/connector.yaml"


def make_hub(folder: Path) -> Path:
    """The hub in ``folder``; nothing is pulled yet."""
    assert wastehub("new", folder).code == 0
    (folder / FILE).parent.mkdir(parents=True)
    (folder / FILE).write_text(YAML, encoding="utf-8")
    (folder / "in").mkdir()
    (folder / "in/a.csv").write_text(CSV, encoding="gb18030")
    return folder
