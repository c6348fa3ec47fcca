"""The tables of the plain way: journal, quarantine and what was seen; entries, flows and the fold's position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

SCHEMA_ID = 1
METADATA = sa.MetaData()

JOURNAL = sa.Table(
    "journal", METADATA,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
QUARANTINE = sa.Table(
    "quarantine", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source_key", sa.Text),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("restated", sa.Integer, nullable=False),
    sa.Column("errors", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
)
SEEN = sa.Table(
    "seen", METADATA,
    sa.Column("source_key", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("restated", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("content", sa.Text),
    sqlite_with_rowid=False,
)
FLOW_KEYS = ("period", "region", "stream", "scheme", "code", "kind", "department")
_ENTRY_TEXTS = (
    "event_id", "kind", "stream", "scheme", "code", "method", "basis", "period", "precision", "region", "department",
    "connector", "source_key", "holder", "counterparty", "facility", "vehicle", "manifest",
)
_ENTRY_INTEGERS = ("revision", "restated", "mass_g", "count", "manifest_line", "position")
ENTRIES = sa.Table(
    "entries", METADATA,
    sa.Column("entity_id", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text) for name in _ENTRY_TEXTS),
    *(sa.Column(name, sa.BigInteger) for name in _ENTRY_INTEGERS),
    sa.Column("retracted", sa.Boolean),
    sa.Column("business_day", sa.Date),
    sa.Column("occurred_at", sa.DateTime),
    sqlite_with_rowid=False,
)
FLOWS = sa.Table(
    "flows", METADATA,
    *(sa.Column(name, sa.Text, primary_key=True) for name in FLOW_KEYS),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("mass_g", "count", "entries")),
    sqlite_with_rowid=False,
)
POSITION = sa.Table("position", METADATA, sa.Column("position", sa.Integer, primary_key=True))


def open_database(path: Path) -> sa.Engine:
    """SQLite as safe as the hub's own journal: WAL, and a commit is on the disk."""
    engine = sa.create_engine(f"sqlite:///{path}")

    @sa.event.listens_for(engine, "connect")
    def settings(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    return engine
