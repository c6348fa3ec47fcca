"""A pull: one connector's source is read, what it says is appended, and what it no longer has is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from filelock import FileLock

from hub.errors import Refused
from hub.events.calendar import SHANGHAI
from hub.intake.appending import Appender, catch_up, read_events
from hub.intake.connector import FileSpec, SqlSpec
from hub.intake.outgoing import Stamp, act
from hub.intake.placing import AHEAD, Placing
from hub.intake.plug import Plug
from hub.intake.reading import Hashes, Reading, Tally, What
from hub.intake.record import Recorder
from hub.intake.seen import Seen
from hub.intake.sources.file import FileSource
from hub.intake.sources.port import FileFound
from hub.intake.sources.sql import SqlSource
from hub.intake.sources.sql_read import SqlRead
from hub.intake.stating import Origin, Said, Stating
from hub.intake.vanishing import Vanishing
from hub.journal.port import Journal

WAIT_FOR_STILL_FILES_SECONDS = 2.0
MOST_REPEATED_KEYS = 1_000_000


@dataclass(frozen=True)
class Surroundings:
    """What a pull needs from outside: where the hub is, the clock, fresh ids, and where progress goes."""

    folder: Path
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    secret: Callable[[str], str]
    progress: Callable[[str, int], None] = lambda _name, _rows: None


@dataclass(frozen=True)
class Pulled:
    """What a pull came to; the keys of the command's JSON."""

    name: str
    read: int
    events: int
    unchanged: int
    skipped: int
    quarantined: int
    cursor: str | None
    moving: tuple[str, ...] = ()


class Puller:
    """Pulls one connector. While it does, it holds the lock of the connector's identity."""

    def __init__(self, plug: Plug, journal: Journal, around: Surroundings) -> None:
        self._plug, self._journal, self._around = plug, journal, around
        self._connector = plug.connector
        identity = plug.connector.identity
        self._lock = FileLock(around.folder / "data" / "locks" / f"{identity}.lock")
        self._seen_path = around.folder / "data" / "seen" / f"{identity}.db"

    def pull(self, *, wait: bool = False, compare: bool = False) -> Pulled:
        """Read the source once. ``wait``: for files that still move. ``compare``: all keys and texts, cursor or not.

        Waits for another pull of the same connector. Raises Refused where the key or the parts changed, Fenced where a
        later puller took over, SourceUnavailable and JournalUnavailable where it may be tried again.
        """
        with self.locked():
            return Pull(self._plug, self._journal, self._around, self._seen_path).run(wait=wait, compare=compare)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the connector's identity; waits for another holder, whose death frees it."""
        (self._around.folder / "data" / "locks").mkdir(parents=True, exist_ok=True)
        with self._lock:
            yield


class Pull:
    """One pull, under the lock."""

    def __init__(self, plug: Plug, journal: Journal, around: Surroundings, seen_path: Path, act_id: str | None = None) -> None:
        self._plug, self._journal, self._around = plug, journal, around
        connector = plug.connector
        self._connector, self._spec = connector, connector.source
        fence = journal.fence(connector.identity)
        self.seen = Seen(seen_path)
        catch_up(journal, self.seen, connector.identity)
        self._engine = plug.engine()
        self._now = around.now()
        self.stamp = Stamp(
            connector.identity, connector.name, connector.department, plug.mapping.digest,
            plug.mapping.list_versions(plug.lists), str(around.new_id()), self._now,
            tuple(part.name for part in connector.parts), act_id,
        )
        self._writing = self.seen.reader()
        self._appender = Appender(journal, fence, self._writing)
        self._vanishing = Vanishing(self.seen, self._appender, self.stamp, self._last_events, self._act)

    def run(self, *, wait: bool, compare: bool) -> Pulled:
        """Read whatever the source is."""
        try:
            self._refuse_changed_shape()
            if isinstance(self._spec, FileSpec):
                return self._files(wait=wait)
            return self._table(self._spec, compare=compare)
        finally:
            self.close()

    def close(self) -> None:
        """Free the cache."""
        self.seen.close()
        self._writing.close()

    def append(self, events: Sequence[pa.Table], acts: Sequence[dict[str, Any]]) -> None:
        """Events and acts of a person's decision, in one transaction."""
        self._appender.append(events, [], acts)

    def restate(self, messages: Sequence[dict[str, Any]], origin: Origin, said: Said) -> None:
        """Map quarantined records again, each under the pair it was set aside with; adds to ``said``."""
        records = [json.loads(message["record"]) for message in messages]
        names = list(dict.fromkeys(name for record in records for name in record))
        rows = pa.table({n: pa.array([r.get(n) for r in records], pa.string()) for n in names})
        table = self._recorder().records(rows, pa.array([0] * len(records), pa.int64()))
        for name, kind in (("scope", pa.string()), ("revision", pa.int64()), ("restated", pa.int64())):
            table = table.append_column(name, pa.array([message[name] for message in messages], kind))
        placing = Placing(self._engine, self._now)
        Stating(self._engine, self.seen, placing, self.stamp, self._last_events).again(table, origin, said)

    def _refuse_changed_shape(self) -> None:
        known = self.seen.note("key")
        if known is not None and tuple(known) != tuple(self._spec.key):
            raise Refused("the key of {name} changed from {before} to {after}", name=self._connector.name,
                          before=", ".join(known), after=", ".join(self._spec.key),
                          remedy="Keep the old key until a replay has settled the old entities.")
        lost = self.seen.part_names() - set(self.stamp.parts)
        if lost:
            raise Refused("{name} no longer yields the part(s) {parts}", name=self._connector.name,
                          parts=", ".join(sorted(lost)),
                          remedy="Keep them until a replay has settled the old entities.")

    def _last_events(self, places: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        return read_events(self._journal, places)

    def _act(self, kind: str, body: dict[str, Any], **about: Any) -> dict[str, Any]:
        return act(self._around.new_id(), kind, person="hub", at=self._now, body=body,
                   identity=self._connector.identity, **about)

    def _pulled_act(self, **body: Any) -> dict[str, Any]:
        return self._act("pulled", {"key": list(self._spec.key), **body})

    def _reading(self, default_version: int | None, *, tabular: bool) -> Reading:
        placing = Placing(self._engine, self._now, default_version)
        stating = Stating(self._engine, self.seen, placing, self.stamp, self._last_events)
        recorder = self._recorder()
        return Reading(
            self._engine, recorder, self.seen, self._appender, stating, placing, self.stamp, self._act, tabular=tabular,
            progress=lambda rows: self._around.progress(self._connector.name, rows),
        )

    def _recorder(self) -> Recorder:
        return Recorder(self._spec.key, self._plug.mapping.columns)

    # --- files

    def _files(self, *, wait: bool) -> Pulled:
        source = file_source(self._plug, self._around)
        found = source.found(WAIT_FOR_STILL_FILES_SECONDS if wait else 0.0)
        total = Tally()
        for file in found.files:
            state = self.seen.file_state(file.sha256) or ""
            held = state.removeprefix("held:") if state.startswith("held:") else None
            if state == "read" or (held is not None and not self.seen.is_approved(held)):
                continue
            _sum(total, self._file(source, file))
        return self._result(total, None, found.moving)

    def _file(self, source: FileSource, file: FileFound) -> Tally:
        fresh = self.seen.is_empty()
        recorder = self._recorder()
        hashes = [recorder.key_hashes(batch.rows).to_numpy() for batch in source.read(file)]
        what = What(file.path, True, _repeated(hashes), lambda scope: self._is_outdated(file, scope))
        tabular = not file.path.lower().endswith((".json", ".jsonl", ".ndjson"))
        reading = self._reading(file.modified_us, tabular=tabular)
        tally = reading.run(what, source.read(file), lambda _cursor: [])
        held = None
        scopes = sorted(s for s in tally.scopes if not self._is_outdated(file, s))
        if self._engine.mapping.scope is not None and tally.complete and not fresh:
            for scope in scopes:
                held = self._vanishing.settle(tally, scope) or held
        state = f"held:{held}" if held else "read"
        entry = {"path": file.path, "sha256": file.sha256, "modified_us": file.modified_us, "state": state, "scopes": scopes}
        self._appender.append([], [], [self._pulled_act(files=[entry])])
        return tally

    def _is_outdated(self, file: FileFound, scope: str) -> bool:
        newest = self.seen.scope_file(scope)
        return newest is not None and (file.modified_us, file.path) < newest

    # --- tables

    def _table(self, spec: SqlSpec, *, compare: bool) -> Pulled:
        source = sql_source(self._plug, self._around)
        total = Tally()
        with source.open() as read:
            before, count = self.seen.note("cursor"), read.count()
            today = self._now.astimezone(SHANGHAI).date().isoformat()
            if spec.cursor is not None and before is not None:
                _sum(total, self._since(spec, read, before))
                compare = compare or self.seen.note("compared_day") != today or count != self._expected_rows()
                compare = compare and not self._is_held(count, today)
            else:
                compare = True
            if compare:
                _sum(total, self._whole(spec, read, count, today))
        return self._result(total, self.seen.note("cursor"), ())

    def _since(self, spec: SqlSpec, read: SqlRead, cursor: str) -> Tally:
        what = What(spec.table or "query", False, np.empty(0, np.uint64))
        return self._reading(None, tabular=True).run(
            what, read.rows_since(cursor, self._now + AHEAD), self._cursor_acts
        )

    def _whole(self, spec: SqlSpec, read: SqlRead, count: int, today: str) -> Tally:
        fresh, present = self.seen.is_empty(), self.seen.present()
        keys = read.duplicated_keys(MOST_REPEATED_KEYS)
        repeated = np.empty(0, np.uint64)
        if keys:
            columns = dict(zip(spec.key, zip(*keys, strict=True), strict=True))
            repeated = np.unique(self._recorder().key_hashes(pa.table({n: pa.array(c, pa.string()) for n, c in columns.items()})).to_numpy())
        first = spec.cursor is not None and self.seen.note("cursor") is None
        batches = read.rows_since(None, self._now + AHEAD) if first else read.rows()
        tally = self._reading(None, tabular=True).run(
            What(spec.table or "query", False, repeated), batches, self._cursor_acts if first else lambda _cursor: []
        )
        held = None
        if tally.complete and not fresh and tally.matched != present:
            held = self._vanishing.settle(tally, None)
        elif tally.complete:
            self._vanishing.close_held(None, None)
        self._appender.append([], [], [self._pulled_act(compared_day=today)])
        self.seen.set_note("compared", {"rows": count, "present": self.seen.present(), "held": held, "day": today})
        return tally

    def _cursor_acts(self, cursor: str | None) -> list[dict[str, Any]]:
        return [self._pulled_act(cursor=cursor)] if cursor is not None else []

    def _expected_rows(self) -> int | None:
        """How many rows the source should have if nothing was deleted since the last comparison."""
        last = self.seen.note("compared")
        return None if last is None else int(last["rows"]) + self.seen.present() - int(last["present"])

    def _is_held(self, count: int, today: str) -> bool:
        """The retractions of this very state of the source wait for a person: no need to compare again today."""
        last = self.seen.note("compared") or {}
        held = last.get("held")
        return bool(held) and last["day"] == today and last["rows"] == count and not self.seen.is_approved(held)

    def _result(self, total: Tally, cursor: str | None, moving: tuple[str, ...]) -> Pulled:
        return Pulled(self._connector.name, total.read, total.events + self._vanishing.events, total.unchanged,
                      total.skipped, total.quarantined + self._vanishing.held, cursor, moving)


def _sum(total: Tally, tally: Tally) -> None:
    total.read += tally.read
    total.events += tally.events
    total.unchanged += tally.unchanged
    total.skipped += tally.skipped
    total.quarantined += tally.quarantined


def _repeated(hashes: list[Hashes]) -> Hashes:
    """The hashes that occur more than once (0 stands for keys that cannot be read)."""
    if not hashes:
        return np.empty(0, np.uint64)
    found, counts = np.unique(np.concatenate(hashes), return_counts=True)
    return np.asarray(found[(counts > 1) & (found != 0)], np.uint64)


def file_source(plug: Plug, around: Surroundings) -> FileSource:
    """The files of a connector of kind file."""
    spec = plug.connector.source
    if not isinstance(spec, FileSpec):
        raise TypeError(spec)
    return FileSource(around.folder, spec.path, spec.encoding, spec.sheet, spec.header, plug.connector.drop)


def sql_source(plug: Plug, around: Surroundings) -> SqlSource:
    """The database of a connector of kind sql. RequestWrong where its secret is not there."""
    spec = plug.connector.source
    if not isinstance(spec, SqlSpec):
        raise TypeError(spec)
    cursor = spec.cursor
    return SqlSource(
        around.secret(spec.url), around.folder, spec.table, spec.query, spec.key, cursor.by if cursor else None,
        cursor.lag_seconds if cursor else 0.0, plug.connector.drop, spec.limits.rows_per_second,
        spec.limits.statement_timeout_seconds,
    )
