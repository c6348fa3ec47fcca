"""On what it was measured."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

from tests.bench.data import COLUMNS, rows
from tests.bench.result import Row

_LIBRARIES = ("duckdb", "pyarrow", "pyruhvro", "numpy", "adbc-driver-sqlite", "sqlalchemy", "fastavro", "confluent-kafka",
              "kafka-python", "psycopg")
_SAMPLE = 1_000


def machine() -> Row:
    """Its cores; processor, memory, system, versions and the width of a row as further keys."""
    return Row("machine", float(os.cpu_count() or 0), "cores", more={
        "cpu": _processor(), "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": platform.platform(), "load": round(os.getloadavg()[0], 2), "row_bytes": _row_bytes(),
        "row_columns": len(COLUMNS),
        "versions": {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
                     **{name: version(name) for name in _LIBRARIES}},
    })  # fmt: skip


def told(row: Row) -> str:
    """The same as a sentence for people."""
    facts = row.more
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    return (
        f"{facts['cpu']}, {row.value:.0f} cores, {facts['memory_gb']} GB, {facts['system']}, load {facts['load']}\n"
        f"a row: {facts['row_columns']} columns, {facts['row_bytes']} bytes as GB18030 CSV\n{versions}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _row_bytes() -> int:
    """The mean length of a line of the CSV file."""
    return round(sum(len(",".join(row).encode("gb18030")) + 2 for row in rows(_SAMPLE)) / _SAMPLE)
