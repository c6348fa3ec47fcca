"""The SQLite file of an embedded journal: made whole or not at all, recognised before it is touched."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from uuid import uuid4

from hub.errors import Refused
from hub.journal import registry
from hub.journal.port import TOPICS

APPLICATION_ID: Final = 0x57484A4C  # "WHJL", in the file's header
FORMAT: Final = 1
_PAGE: Final = 16384  # a chunk is some 70 KB: few overflow pages each
_WAL_BYTES: Final = 64 << 20  # a huge append would leave a -wal file of its size for ever

_TABLES: Final = (
    "CREATE TABLE journal (identity TEXT NOT NULL) STRICT",
    "CREATE TABLE topics (topic TEXT PRIMARY KEY, next INTEGER NOT NULL, appended_us INTEGER NOT NULL) STRICT",
    "CREATE TABLE epochs (identity TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT",
    registry.TABLE,
    """CREATE TABLE chunks (
      topic       TEXT    NOT NULL,
      first       INTEGER NOT NULL,
      count       INTEGER NOT NULL,
      appended_us INTEGER NOT NULL,
      schema_id   INTEGER NOT NULL,
      writer      TEXT    NOT NULL,
      raw_size    INTEGER NOT NULL,
      seal        BLOB    NOT NULL,
      payload     BLOB    NOT NULL,
      PRIMARY KEY (topic, first)
    ) STRICT""",
    "CREATE INDEX chunks_by_time ON chunks (topic, appended_us, first)",
)


def create(path: Path) -> None:
    """Make an empty journal at ``path``. Where another process made one in the meantime, that one stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with closing(sqlite3.connect(made, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA page_size = {_PAGE}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            for table in _TABLES:
                connection.execute(table)
            connection.execute("INSERT INTO journal (identity) VALUES (?)", (str(uuid4()),))
            connection.executemany("INSERT INTO topics VALUES (?, 0, 0)", [(topic,) for topic in TOPICS])
            registry.register(connection)
            connection.execute("COMMIT")
        _publish(made, path)
    finally:
        for end in ("", "-wal", "-shm"):
            made.with_name(made.name + end).unlink(missing_ok=True)


def connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """A connection in autocommit mode. Raises Refused where the file is no journal or one of a newer wastehub."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=busy_seconds, isolation_level=None,
        check_same_thread=False,
    )  # fmt: skip
    try:
        _recognise(connection, path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_NOTADB:
            raise
        application = version = None
    if application != APPLICATION_ID:
        raise Refused(
            "{path} is not a journal", remedy="Give `journal` in hub.toml a path of its own.", path=str(path)
        )
    if version > FORMAT:
        raise Refused(
            "{path} was written by a newer wastehub (format {version}, known {known})",
            remedy="Update wastehub.", path=str(path), version=version, known=FORMAT,
        )  # fmt: skip


def _publish(made: Path, path: Path) -> None:
    """A link, because a rename would replace the journal that another process made a moment ago."""
    _sync(made)
    try:
        os.link(made, path)
    except FileExistsError:
        return
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
