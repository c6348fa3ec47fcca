"""Pieces of input that are no records: none is lost, and each says how long it was and what its digest is."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from hub.run.pulling import pull
from hub.run.setting_aside import quarantine_list, quarantine_show
from hub.wiring import Hub

CONNECTOR = """
hub: 1
name: housing.scales
department: housing
source: {kind: file, path: "in/*.csv", key: K}
map:
  {kind: "'RECEIVED'", stream: "'construction'", scheme: "'SW'", code: "'SW70'", value: num(V), unit: "'t'",
   occurred_at: "ts('2026-03-01')", region: "'371502'"}
"""
OVER = 4 << 20


def set_aside(folder: Path, more: str, *lines: str) -> list[dict[str, Any]]:
    """What a pull of a CSV file with columns K, V, N and these lines sets aside, whole."""
    connector = folder / "connectors" / "housing" / "scales"
    connector.mkdir(parents=True)
    (connector / "connector.yaml").write_text(CONNECTOR + more, encoding="utf-8")
    (folder / "hub.toml").write_text("", encoding="utf-8")
    (folder / "in").mkdir()
    file = folder / "in" / "a.csv"
    file.write_text("K,V,N\n" + "".join(line + "\n" for line in lines), encoding="utf-8")
    os.utime(file, (1_770_000_000, 1_770_000_000))
    with Hub.open(folder) as hub:
        pull(hub, [], True, False, lambda _what, _done, _total: None)
        return [quarantine_show(hub, row["id"]) for row in quarantine_list(hub, "open")["rows"]]


def test_a_record_that_is_too_long_keeps_its_own_digest_and_length(tmp_path: Path) -> None:
    """Of a line over 4 MiB the first 64 KiB are kept, and digest and length of the whole, not of what was kept."""
    line = "1,2," + "x" * OVER
    [row] = set_aside(tmp_path, "", line)
    assert row["errors"][0]["error"] == "RECORD_TOO_LONG"
    assert (row["record_sha256"], row["record_bytes"]) == (hashlib.sha256(line.encode()).hexdigest(), len(line))
    assert (row["place"], row["record"]) == ("in/a.csv:2", line[: 64 << 10])


def test_long_records_that_begin_alike_are_all_set_aside(tmp_path: Path) -> None:
    """Two lines over 4 MiB that differ only behind what is kept of them are two records in quarantine."""
    rows = set_aside(tmp_path, "", "1,2," + "x" * OVER + "a", "1,2," + "x" * OVER + "b")
    assert sorted(row["place"] for row in rows) == ["in/a.csv:2", "in/a.csv:3"]


def test_unreadable_lines_whose_text_is_withheld_are_all_set_aside(tmp_path: Path) -> None:
    """With a drop list the text of a ragged line is withheld; each such line is a row of its own all the same."""
    rows = set_aside(tmp_path, "drop: [N]\n", "1,2,3", "2,2,Zhang,4", "3,2,Wang,5,6")
    assert sorted(row["place"] for row in rows) == ["in/a.csv:3", "in/a.csv:4"]
    assert not any(name in json.dumps(rows) for name in ("Zhang", "Wang"))
