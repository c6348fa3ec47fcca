"""The tables of the SQLite store.

``entry_keys`` is small and hot: every event looks its entity up there. ``entries`` is wide and only grows at its end;
a correction changes its row in place. ``past`` says where the events stand that are not their entity's newest.
"""

from __future__ import annotations

from hub.projector.entries import COLUMNS, NULLABLE, SCHEMA
from hub.projector.projection import Projection

SCHEMA_VERSION = 1

_TYPES = {"int64": "INTEGER", "string": "TEXT"}
_ENTRY_COLUMNS = ",\n  ".join(
    f'"{field.name}" {_TYPES[str(field.type)]}{"" if field.name in NULLABLE else " NOT NULL"}' for field in SCHEMA
)

ENTRIES = f"(\n  row_no INTEGER PRIMARY KEY,\n  {_ENTRY_COLUMNS}\n) STRICT"
ENTRY_INDEX = "(period, stream, kind, region, code)"
"""From a line to its entries: by the columns that most readers ask for."""

REPLACEABLE = {
    "entry_keys": (
        "(entity_id BLOB PRIMARY KEY, revision INTEGER NOT NULL, restated INTEGER NOT NULL, event_id BLOB NOT NULL,"
        " row_no INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    ),
    "entries": ENTRIES,
    "past": (
        "(entity_id BLOB NOT NULL, revision INTEGER NOT NULL, restated INTEGER NOT NULL, event_id BLOB NOT NULL,"
        ' "partition" INTEGER NOT NULL, "position" INTEGER NOT NULL,'
        " PRIMARY KEY (entity_id, revision, restated, event_id)) STRICT, WITHOUT ROWID"
    ),
}
"""What a rebuild makes anew beside the old (lines, which depend on the projection, come to them)."""

STANDING = {
    "meta": "(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "positions": (
        '(projection TEXT NOT NULL, "partition" INTEGER NOT NULL, version INTEGER NOT NULL, epoch INTEGER NOT NULL,'
        ' "position" INTEGER NOT NULL, applied INTEGER NOT NULL, decoded INTEGER NOT NULL,'
        " quarantined INTEGER NOT NULL, not_a_record INTEGER NOT NULL, updated_at TEXT NOT NULL,"
        ' PRIMARY KEY (projection, "partition")) STRICT, WITHOUT ROWID'
    ),
    "sources": (
        "(identity TEXT NOT NULL, part TEXT NOT NULL, connector TEXT NOT NULL,"
        " PRIMARY KEY (identity, part, connector)) STRICT, WITHOUT ROWID"
    ),
    "undecodable": (
        '(id TEXT PRIMARY KEY, topic TEXT NOT NULL, "partition" INTEGER NOT NULL, "position" INTEGER NOT NULL,'
        " schema_id INTEGER, errors TEXT NOT NULL, appended_at TEXT NOT NULL) STRICT, WITHOUT ROWID"
    ),
    "quarantine": (
        "(quarantine_id TEXT PRIMARY KEY, identity TEXT NOT NULL, connector TEXT NOT NULL, department TEXT NOT NULL,"
        " source_key TEXT, revision INTEGER NOT NULL, restated INTEGER NOT NULL, scope TEXT, errors TEXT NOT NULL,"
        " place TEXT, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL,"
        ' "partition" INTEGER NOT NULL, "position" INTEGER NOT NULL) STRICT, WITHOUT ROWID'
    ),
    "quarantine_entities": (
        "(quarantine_id TEXT NOT NULL, entity_id BLOB NOT NULL,"
        " PRIMARY KEY (quarantine_id, entity_id)) STRICT, WITHOUT ROWID"
    ),
    "acts": (
        "(act_id TEXT PRIMARY KEY, kind TEXT NOT NULL, identity TEXT, source_key TEXT, revision INTEGER,"
        " restated INTEGER, quarantine_id TEXT, person TEXT NOT NULL, reason TEXT, acted_at TEXT NOT NULL,"
        ' "partition" INTEGER NOT NULL, "position" INTEGER NOT NULL) STRICT, WITHOUT ROWID'
    ),
}
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS quarantine_by_key ON quarantine (identity, source_key)",
    "CREATE INDEX IF NOT EXISTS acts_by_quarantine ON acts (quarantine_id) WHERE quarantine_id IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS acts_by_key ON acts (identity, source_key) WHERE source_key IS NOT NULL",
)


def creation(projection: Projection) -> list[str]:
    """Statements that make what is not there, views and rule tables excepted."""
    tables = {**STANDING, **REPLACEABLE, projection.lines.table: lines_columns(projection)}
    made = [f'CREATE TABLE IF NOT EXISTS "{name}" {columns}' for name, columns in tables.items()]
    return [*made, *_INDEXES, f"CREATE INDEX IF NOT EXISTS entries_by_line ON entries {ENTRY_INDEX}"]


def rules(projection: Projection) -> list[tuple[str, str, list[tuple[str | int, ...]]]]:
    """Per rule table: the statement that makes it, the one that fills it, its rows."""
    found = []
    for table in projection.tables:
        columns = ", ".join(f'"{name}" {kind.upper()} NOT NULL' for name, kind in table.columns.items())
        key = ", ".join(f'"{name}"' for name in table.key)
        create = f'CREATE TABLE "{table.name}" ({columns}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID'
        fill = f'INSERT INTO "{table.name}" VALUES ({", ".join("?" * len(table.columns))})'
        found.append((create, fill, list(table.rows)))
    return found


def lines_columns(projection: Projection) -> str:
    """The columns of the table of lines."""
    keys = ", ".join(f'"{name}" {kind.upper()} NOT NULL' for name, kind in projection.lines.keys.items())
    sums = ", ".join(f'"{name}" INTEGER NOT NULL' for name in projection.lines.sums)
    key = ", ".join(f'"{name}"' for name in projection.lines.keys)
    return f"({keys}, {sums}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID"


def upsert_lines(projection: Projection, table: str) -> str:
    """The statement that adds one row of sums to the lines; its parameters are keys, then sums."""
    lines = projection.lines
    marks = ", ".join("?" * (len(lines.keys) + len(lines.sums)))
    key = ", ".join(f'"{name}"' for name in lines.keys)
    added = ", ".join(f'"{name}" = "{table}"."{name}" + excluded."{name}"' for name in lines.sums)
    return f'INSERT INTO "{table}" VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {added}'


CHOSEN = "CREATE TEMP TABLE chosen (row_no INTEGER PRIMARY KEY, number INTEGER NOT NULL)"
"""Which staged rows become entries, and under which row numbers."""
STAGED = tuple(f'coming."{name}"' for name in COLUMNS)
FROM_STAGE = "FROM chosen CROSS JOIN stage.coming ON coming.rowid = chosen.number"
INSERT_ENTRIES = (
    f"INSERT OR REPLACE INTO entries SELECT chosen.row_no, {', '.join(STAGED)} {FROM_STAGE} ORDER BY chosen.row_no"
)
INSERT_KEYS = (
    "INSERT OR REPLACE INTO entry_keys SELECT coming.entity_key, coming.revision, coming.restated, coming.event_key,"
    f" chosen.row_no {FROM_STAGE} ORDER BY coming.entity_key"
)
STANDING_ENTRIES = (
    "SELECT entries.* FROM entry_keys LEFT JOIN entries ON entries.row_no = entry_keys.row_no"
    " WHERE entry_keys.entity_id IN (SELECT coming.entity_key FROM stage.coming)"
)
INSERT_PAST = (
    "INSERT INTO past VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
    ' SET "partition" = excluded."partition", "position" = excluded."position"'
    ' WHERE (excluded."position", excluded."partition") < (past."position", past."partition")'
)
INSERT_SOURCE = "INSERT OR IGNORE INTO sources VALUES (?, ?, ?)"
INSERT_UNDECODABLE = "INSERT OR IGNORE INTO undecodable VALUES (?, ?, ?, ?, ?, ?, ?)"
INSERT = {
    "quarantine": (
        "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (quarantine_id) DO UPDATE"
        " SET errors = CASE WHEN excluded.\"position\" >= quarantine.\"position\" THEN excluded.errors"
        " ELSE quarantine.errors END,"
        ' "position" = MAX(quarantine."position", excluded."position"),'
        " first_seen = MIN(quarantine.first_seen, excluded.first_seen),"
        " last_seen = MAX(quarantine.last_seen, excluded.last_seen)"
    ),
    "quarantine_entities": "INSERT OR IGNORE INTO quarantine_entities VALUES (?, ?)",
    "acts": "INSERT OR IGNORE INTO acts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
}
