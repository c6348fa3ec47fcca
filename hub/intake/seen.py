"""What intake knows about one connector identity: a fold of the journal, kept as a cache that may be deleted at any time.

A SQLite file per identity. Whatever is in it can be folded again from events, quarantine and acts; the positions up to
which it has been folded are saved with it. Only ``memo`` is more than a fold: texts found to say the same as the newest
statement, so that they are not mapped again and again; losing it costs time, nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from hub.errors import JournalUnavailable
from hub.events.standing import Known
from hub.staged import TABLE, Stages

GOOD, QUARANTINED, ABSENT = "good", "quarantined", "absent"
_VERSION = "4"
_PAGE_SIZE = 4096
_FEW = 1_000
"""Up to so many rows come one by one: a file for them would take longer."""
_TABLES = """
CREATE TABLE IF NOT EXISTS seen (k TEXT PRIMARY KEY, sha TEXT, revision INTEGER NOT NULL, restated INTEGER NOT NULL,
  state TEXT NOT NULL, rank INTEGER NOT NULL, scope TEXT, parts TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (quarantine_id TEXT PRIMARY KEY, k TEXT, revision INTEGER NOT NULL,
  restated INTEGER NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL, sha TEXT NOT NULL, scope TEXT,
  error TEXT NOT NULL, closed TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (sha TEXT PRIMARY KEY, path TEXT NOT NULL, modified_us INTEGER NOT NULL,
  state TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scope (scope TEXT PRIMARY KEY, modified_us INTEGER NOT NULL, path TEXT NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approved (digest TEXT PRIMARY KEY, act TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS memo (k TEXT PRIMARY KEY, sha TEXT NOT NULL, mapping TEXT NOT NULL,
  revision INTEGER NOT NULL, restated INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
KNOWN = pa.schema(
    [
        ("rn", pa.int64()),
        ("k_sha", pa.string()),
        ("k_revision", pa.int64()),
        ("k_restated", pa.int64()),
        ("k_state", pa.string()),
        ("memo_sha", pa.string()),
        ("memo_mapping", pa.string()),
    ]
)


class Seen:
    """The cache of one identity. For one thread at a time; ``reader`` opens another one on the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.db = _open(path)
            self._stages = Stages(_PAGE_SIZE)
        except sqlite3.OperationalError as error:
            raise JournalUnavailable(
                "the cache {path} cannot be used: {reason}", path=str(path), reason=str(error)
            ) from error

    def reader(self) -> Seen:
        """A second handle on the same file, for another thread."""
        return Seen(self.path)

    def close(self) -> None:
        """Free the file."""
        self.db.close()
        self._stages.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One change of the cache: all of it or, where it raises, nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    @contextmanager
    def lent(self, rows: pa.Table) -> Iterator[str]:
        """``rows`` as a relation of that name, for as long; outside of a transaction."""
        if rows.num_rows > _FEW:
            staged = self._stages.write(rows)
            self.db.execute("ATTACH ? AS stage", (str(staged),))
            try:
                yield f"stage.{TABLE}"
            finally:
                self.db.execute("DETACH stage")
                staged.unlink()
            return
        self.db.execute(f"CREATE TEMP TABLE {TABLE} ({', '.join(rows.column_names)})")
        try:
            places = ", ".join("?" * rows.num_columns)
            self.db.executemany(f"INSERT INTO {TABLE} VALUES ({places})", rows_of(rows, rows.column_names))
            yield f"temp.{TABLE}"
        finally:
            self.db.execute(f"DROP TABLE temp.{TABLE}")

    def note(self, name: str) -> Any:
        """A small thing to remember (cursor, compared day, positions), or None."""
        row = self.db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def set_note(self, name: str, value: Any) -> None:
        """Remember it."""
        set_note(self.db, name, value)

    def forget(self) -> None:
        """Empty the cache: it was made of another journal."""
        for table in ("seen", "part", "waiting", "file", "scope", "approved", "memo"):
            self.db.execute(f"DELETE FROM {table}")
        self.db.execute("DELETE FROM note WHERE name <> 'version'")

    def is_empty(self) -> bool:
        """No key is known."""
        return self.db.execute("SELECT 1 FROM seen LIMIT 1").fetchone() is None

    def differing(self, rows: pa.Table) -> pa.Table:
        """Of ``rows`` (rn, skey, sha) those whose text is not the newest known of a present key: schema KNOWN."""
        with self.lent(rows) as asked:
            found = self.db.execute(
                "SELECT asked.rn, seen.sha, seen.revision, seen.restated, seen.state, memo.sha, memo.mapping"
                f" FROM {asked} AS asked LEFT JOIN seen ON seen.k = asked.skey LEFT JOIN memo ON memo.k = asked.skey"
                " AND memo.revision = seen.revision AND memo.restated = seen.restated"
                " WHERE seen.k IS NULL OR seen.sha IS NOT asked.sha OR seen.state = 'absent' ORDER BY asked.rn"
            ).fetchall()
        columns = list(zip(*found, strict=True)) or [()] * len(KNOWN)
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, KNOWN, strict=True)], schema=KNOWN)

    def parts(self, keys: Sequence[str]) -> dict[str, list[tuple[str, str, bool, int, int]]]:
        """Key → (part, content, retracted, partition, position) of what its parts last said."""
        found: dict[str, list[tuple[str, str, bool, int, int]]] = {}
        for start in range(0, len(keys), 500):
            some = list(keys[start : start + 500])
            marks = ",".join("?" * len(some))
            rows = self.db.execute(f"SELECT k, parts FROM seen WHERE parts IS NOT NULL AND k IN ({marks})", some)
            found |= {k: parts_of(text) for k, text in rows}
        return found

    def known(self, key: str) -> Known | None:
        """The newest statement about a key."""
        row = self.db.execute("SELECT sha, revision, restated, state FROM seen WHERE k = ?", (key,)).fetchone()
        return Known(*row) if row else None

    def lost_parts(self, yielded: set[str]) -> set[str]:
        """Parts that something still stands for and that are not among those ``yielded``."""
        lost = {row[0] for row in self.db.execute("SELECT name FROM part")} - yielded
        if lost:
            texts = self.db.execute("SELECT parts FROM seen WHERE parts IS NOT NULL AND state <> 'absent'")
            lost &= {part for (text,) in texts for part, _, retracted, _, _ in parts_of(text) if not retracted}
        return lost

    def present(self, scope: str | None = None) -> int:
        """How many keys the source has, as far as is known (in one scope)."""
        where, values = ("AND scope = ?", (scope,)) if scope is not None else ("", ())
        row = self.db.execute(f"SELECT count(*) FROM seen WHERE state <> 'absent' {where}", values).fetchone()
        return int(row[0])

    def vanished(self, present: Sequence[pa.Array], scope: str | None = None) -> list[str]:
        """Known keys (of one scope) that are not among ``present`` and still have something to take back."""
        where, values = ("AND seen.scope = ?", (scope,)) if scope is not None else ("", ())
        with self.lent(pa.table({"k": pa.chunked_array(present, pa.string())})) as here:
            found = self.db.execute(
                f"SELECT k FROM seen WHERE state <> 'absent' {where} AND k NOT IN (SELECT k FROM {here}"
                " WHERE k IS NOT NULL) ORDER BY k",
                values,
            ).fetchall()
        return [row[0] for row in found]

    # --- files and scopes

    def file_state(self, sha: str) -> str | None:
        """``read``, ``held:`` and the digests of the retractions that wait for a person, or None."""
        row = self.db.execute("SELECT state FROM file WHERE sha = ?", (sha,)).fetchone()
        return str(row[0]) if row else None

    def scope_file(self, scope: str) -> tuple[int, str] | None:
        """(modification time in µs, path) of the newest file read for a scope."""
        row = self.db.execute("SELECT modified_us, path FROM scope WHERE scope = ?", (scope,)).fetchone()
        return (int(row[0]), str(row[1])) if row else None

    def is_approved(self, digest: str) -> str | None:
        """The act by which a person approved exactly these retractions."""
        row = self.db.execute("SELECT act FROM approved WHERE digest = ?", (digest,)).fetchone()
        return str(row[0]) if row else None

    def remember_alike(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """(key, sha, mapping digest): texts that say what is already known, for as long as that is the newest."""
        self.db.executemany(
            "INSERT OR REPLACE INTO memo SELECT k, ?, ?, revision, restated FROM seen WHERE k = ?",
            ((sha, mapping, key) for key, sha, mapping in rows),
        )

    # --- what waits

    def is_waiting(self, quarantine_id: str) -> bool:
        """This very record was set aside before (whatever became of it)."""
        return self.db.execute("SELECT 1 FROM waiting WHERE quarantine_id = ?", (quarantine_id,)).fetchone() is not None

    def held_back(self, scope: str | None) -> list[str]:
        """Ids of open VANISHED_MANY of a scope (None: of the whole table)."""
        return [
            row[0]
            for row in self.db.execute(
                "SELECT quarantine_id FROM waiting WHERE error = 'VANISHED_MANY' AND closed IS NULL AND scope IS ?",
                (scope,),
            )
        ]

    def asked(self, digest: str) -> dict[str, str | None]:
        """Id → how it was closed (None: it waits) of every question about these very retractions."""
        return dict(self.db.execute("SELECT quarantine_id, closed FROM waiting WHERE sha = ?", (digest,)).fetchall())

    def waiting(self) -> list[tuple[str, str | None, str, int, int]]:
        """(quarantine_id, key, state, partition, position) of everything set aside, in the order it was."""
        return self.db.execute(
            "SELECT w.quarantine_id, w.k, CASE WHEN w.closed IS NOT NULL THEN w.closed WHEN w.k IS NULL THEN 'open'"
            " WHEN (w.revision, w.restated) < (s.revision, s.restated) THEN 'superseded'"
            " WHEN s.state = 'quarantined' THEN 'open' ELSE 'resolved' END, w.partition, w.position"
            " FROM waiting w LEFT JOIN seen s ON s.k = w.k ORDER BY w.partition, w.position"
        ).fetchall()


def _open(path: Path) -> sqlite3.Connection:
    for last_try in (False, True):
        db = sqlite3.connect(path, isolation_level=None, timeout=60.0, check_same_thread=False)
        try:
            # A cache: what a power cut loses is folded again; a torn file is found and thrown away.
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA cache_size = -65536")
            db.executescript(_TABLES)
            found = db.execute("SELECT value FROM note WHERE name = 'version'").fetchone()
            if found is None:
                db.execute("INSERT OR IGNORE INTO note VALUES ('version', ?)", (_VERSION,))
            elif found[0] != _VERSION:
                raise sqlite3.DatabaseError("another version")
            return db
        except sqlite3.OperationalError:
            db.close()
            raise
        except sqlite3.DatabaseError:
            db.close()
            if last_try:
                raise
            for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
                name.unlink(missing_ok=True)
    raise AssertionError("unreachable")


def rows_of(table: pa.Table, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Some columns of a table as tuples."""
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def set_note(db: sqlite3.Connection, name: str, value: Any) -> None:
    """Remember a small thing."""
    db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, json.dumps(value)))


def parts_of(text: str) -> list[tuple[str, str, bool, int, int]]:
    """The column ``parts``: a line per part (the last one counts), tabs between its fields."""
    found: dict[str, tuple[str, str, bool, int, int]] = {}
    for line in text.split("\n"):
        part, content, retracted, partition, position = line.split("\t")
        found[part] = (part, content, retracted == "1", int(partition), int(position))
    return list(found.values())
