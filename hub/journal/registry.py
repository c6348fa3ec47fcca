"""Which schema a message was written with: the registry that lives inside an embedded journal.

A schema is known by its content, not by its layout: the same JSON written differently has the same id.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from hub.errors import RequestWrong
from hub.events import schema as schemas

TABLE = """
CREATE TABLE schemas (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL,
  content TEXT NOT NULL UNIQUE,
  text    TEXT NOT NULL
) STRICT
"""


def known(connection: sqlite3.Connection) -> dict[str, int]:
    """Name → id of the current schemas, those of them that are registered."""
    found = {}
    for name in schemas.NAMES:
        row = connection.execute("SELECT id FROM schemas WHERE content = ?", (_content(name),)).fetchone()
        if row is not None:
            found[name] = int(row[0])
    return found


def register(connection: sqlite3.Connection) -> Mapping[str, int]:
    """Make the current schemas known, within the caller's transaction; name → id. Checks that the codec can do them."""
    for name in schemas.NAMES:
        schemas.arrow(name)
        connection.execute(
            "INSERT INTO schemas (name, content, text) VALUES (?, ?, ?) ON CONFLICT (content) DO NOTHING",
            (name, _content(name), schemas.text(name)),
        )
    return known(connection)


def text(connection: sqlite3.Connection, schema_id: int) -> str:
    """The schema with this id. Raises RequestWrong where there is none."""
    row = connection.execute("SELECT text FROM schemas WHERE id = ?", (schema_id,)).fetchone()
    if row is None:
        raise no_schema(schema_id)
    return str(row[0])


def _content(name: str) -> str:
    return json.dumps(json.loads(schemas.text(name)), sort_keys=True, separators=(",", ":"))


def no_schema(schema_id: int) -> RequestWrong:
    """Of a number that is in no list of schemas."""
    return RequestWrong(
        "this journal knows no schema {schema_id}", schema_id=schema_id,
        remedy="Was it written by another version of wastehub, or with another schema registry? Use that one here.",
    )  # fmt: skip
