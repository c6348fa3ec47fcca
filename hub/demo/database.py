"""Write a department's database: SQLite, built anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from hub.demo.scene import settle
from hub.demo.statements import Row


def save(path: Path, tables: Mapping[str, tuple[str, Sequence[Row]]], day: date) -> None:
    """``tables``: name -> (its columns as in CREATE TABLE, its rows). The same rows give the same bytes."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        for name, (columns, rows) in tables.items():
            database.execute(f"CREATE TABLE {name} ({columns})")
            if rows:
                marks = ", ".join(f":{column}" for column in rows[0])
                database.executemany(f"INSERT INTO {name} ({', '.join(rows[0])}) VALUES ({marks})", rows)
        database.execute("COMMIT")
    settle(path, day)
