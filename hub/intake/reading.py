"""One read of a source, from its first batch to what vanished: the same for a file and for a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hub.events.standing import Known, Statement, place
from hub.intake.appending import Appender
from hub.intake.engine import Engine, failed_sql
from hub.intake.outgoing import Stamp, quarantined
from hub.intake.pipeline import run_stages
from hub.intake.placing import Placing
from hub.intake.record import Recorder
from hub.intake.seen import Seen
from hub.intake.settling import settle
from hub.intake.sources.port import Batch, Unreadable
from hub.intake.stating import Origin, Said, Stating

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class What:
    """What is read: its name for places, whether the last of several lines with a key wins (a file), the hashes of keys
    that are known to stand there more than once, and which scopes a newer file has already replaced."""

    name: str
    last_wins: bool
    repeated: Hashes
    is_outdated: Callable[[str], bool] = lambda _: False


@dataclass
class Tally:
    """What a read came to. ``keys``: every key that the source has, batch by batch; ``complete``: all could be read."""

    read: int = 0
    events: int = 0
    unchanged: int = 0
    skipped: int = 0
    quarantined: int = 0
    matched: int = 0
    complete: bool = True
    keys: list[pa.Array] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)

    def add(self, said: Said) -> None:
        """Count what a batch came to."""
        self.read += said.read
        self.events += said.event_count()
        self.unchanged += said.unchanged
        self.skipped += said.skipped
        self.quarantined += len(said.quarantine)
        self.matched += said.matched


@dataclass(frozen=True)
class _Recorded:
    records: pa.Table
    batch: Batch
    missing: frozenset[str]


class Reading:
    """Runs one read. ``acts_of``: makes the acts that go with a batch (the cursor that it moved)."""

    def __init__(
        self, engine: Engine, recorder: Recorder, seen: Seen, appender: Appender, stating: Stating, placing: Placing,
        stamp: Stamp, act: Callable[..., dict[str, Any]], *, tabular: bool, progress: Callable[[int], None],
    ) -> None:
        self._engine, self._recorder, self._seen, self._appender = engine, recorder, seen, appender
        self._stating, self._placing, self._stamp = stating, placing, stamp
        self._act, self._tabular, self._progress = act, tabular, progress

    def run(self, what: What, batches: Iterable[Batch], acts_of: Callable[[str | None], list[dict[str, Any]]]) -> Tally:
        """Read, state and append everything; what several records say about one key comes last."""
        tally, aside = Tally(), list[dict[str, Any]]()
        fresh = self._seen.is_empty()

        def state(item: _Recorded) -> tuple[Said, str | None]:
            said = self._say(item, what, tally, aside, fresh=fresh)
            tally.add(said)
            return said, item.batch.cursor

        def append(item: tuple[Said, str | None]) -> None:
            said, cursor = item
            self._append(said, acts_of(cursor))
            self._progress(said.read)

        run_stages(self._recorded(batches), state, append)
        said = self._settle(aside, what)
        tally.add(said)
        self._append(said, [])
        return tally

    def _recorded(self, batches: Iterable[Batch]) -> Iterator[_Recorded]:
        for batch in batches:
            names = batch.rows.column_names
            missing = self._recorder.missing(names) if self._tabular and batch.rows.num_rows else frozenset()
            yield _Recorded(self._recorder.records(batch.rows, batch.lines), batch, missing)

    def _append(self, said: Said, acts: list[dict[str, Any]]) -> None:
        acts = acts + [
            self._act("deleted", {"sha256": sha}, source_key=key, revision=revision, restated=restated)
            for key, revision, restated, sha in said.deleted
        ]
        if said.events or said.quarantine or acts or said.alike:
            self._appender.append(said.events, said.quarantine, acts, said.alike)

    def _say(self, item: _Recorded, what: What, tally: Tally, aside: list[dict[str, Any]], *, fresh: bool) -> Said:
        records = self._scoped(item.records, tally)
        tally.keys.append(records["skey"].combine_chunks())
        tally.complete &= not (item.batch.unreadable or records["skey"].null_count)
        outdated = self._outdated(records, what)
        kept = records.filter(pc.invert(outdated)) if outdated is not None else records
        repeated = self._repeated(kept, what)
        if repeated.any():
            aside += [{**row, "origin": Origin(what.name, item.missing)} for row in kept.filter(pa.array(repeated)).to_pylist()]
            kept = kept.filter(pa.array(~repeated))
        said = self._stating.say(kept, Origin(what.name, item.missing), fresh=fresh)
        if outdated is not None:
            said.read += records.num_rows - kept.num_rows - int(repeated.sum())
            said.skipped += records.num_rows - kept.num_rows - int(repeated.sum())
        for piece in item.batch.unreadable:
            said.read += 1
            self._stating.set_aside_once(self._unreadable(piece, what), said)
        return said

    def _scoped(self, records: pa.Table, tally: Tally) -> pa.Table:
        scope = self._engine.mapping.scope
        if scope is None:
            return records.append_column("scope", pa.nulls(records.num_rows, pa.string()))
        found = self._engine.evaluate(records, {"scope": f"nullif(trim({scope.sql}), '')", "failed": failed_sql(scope)})
        tally.complete &= not (found["scope"].null_count or pc.any(found["failed"]).as_py())
        tally.scopes |= {s for s in pc.unique(found["scope"]).to_pylist() if s is not None}
        return records.append_column("scope", found["scope"])

    def _outdated(self, records: pa.Table, what: What) -> pa.Array | None:
        old = [s for s in pc.unique(records["scope"]).to_pylist() if s is not None and what.is_outdated(s)]
        return pc.is_in(records["scope"], pa.array(old, pa.string())) if old else None

    def _repeated(self, records: pa.Table, what: What) -> npt.NDArray[np.bool_]:
        """Rows whose key stands elsewhere in this read, or twice in this batch."""
        hashes = records["kh"].to_numpy()
        has_key = pc.is_valid(records["skey"]).to_numpy()
        found, counts = np.unique(hashes, return_counts=True)
        many = np.concatenate([found[counts > 1], what.repeated])
        return np.asarray(np.isin(hashes, many) & has_key, np.bool_) if len(many) else np.zeros(len(hashes), np.bool_)

    def _unreadable(self, piece: Unreadable, what: What) -> dict[str, Any]:
        error = {"field": "record", "error": piece.error, "expression": "", "values": {"found": piece.found}}
        return quarantined(
            key=None, revision=0, restated=0, errors=[error], record=piece.raw[:64 << 10].decode("utf-8", "backslashreplace"),
            place=Origin(what.name).place(piece.line), scope=None, stamp=self._stamp, length=len(piece.raw),
        )

    def _settle(self, aside: list[dict[str, Any]], what: What) -> Said:
        """The records whose key was stated more than once in this read."""
        said = Said()
        if not aside:
            return said
        aside.sort(key=lambda row: row["skey"])
        rows = self._with_versions(aside)
        winners: list[dict[str, Any]] = []
        for _, group in groupby(rows, key=lambda row: row["skey"]):
            same_key = list(group)
            settled = settle(same_key, last_wins=what.last_wins)
            said.read += len(same_key)
            if settled.row is not None:
                winners.append(dict(settled.row))
                said.unchanged += len(same_key) - 1
            else:
                said.unchanged += len(same_key) - len(settled.rows)
                self._not_unique(list(settled.rows), settled.stated_sha256, said)
        for origin, group in groupby(winners, key=lambda row: row["origin"]):
            found = self._stating.say(_table(list(group)), origin)
            said.events += found.events
            said.quarantine += found.quarantine
            said.deleted += found.deleted
            said.alike += found.alike
            said.unchanged, said.skipped = said.unchanged + found.unchanged, said.skipped + found.skipped
            said.matched += found.matched
        return said

    def _with_versions(self, aside: list[dict[str, Any]]) -> list[dict[str, Any]]:
        table = _table(aside)
        versions = self._placing.versions(table).to_pylist()
        return [{**row, "version": found} for row, found in zip(aside, versions, strict=True)]

    def _not_unique(self, rows: list[dict[str, Any]], stated: str, said: Said) -> None:
        found = self._seen.known(rows[0]["skey"])
        known = Known(found[0], found[1], found[2], found[3]) if found else None  # type: ignore[arg-type] # a stored state
        versions = [row["version"] for row in rows if row["version"] is not None]
        placed = place(Statement(stated, max(versions, default=None), declared=bool(versions)), known)
        said.matched += known is not None and known.state != "absent"
        if placed.outcome != "stated":
            said.unchanged += len(rows)
            return
        error = {"field": "key", "error": "KEY_NOT_UNIQUE", "expression": "", "values": {"key": rows[0]["skey"]}}
        said.quarantine += [
            quarantined(key=row["skey"], revision=placed.revision, restated=placed.restated, errors=[error],
                        record=row["rec"], place=row["origin"].place(row["line"]), scope=row["scope"], stamp=self._stamp,
                        stated_sha256=stated)
            for row in rows
        ]


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as records again, numbered anew."""
    kinds = {"rn": pa.int64(), "line": pa.int64(), "odd": pa.bool_(), "kh": pa.uint64()}
    names = [name for name in rows[0] if name not in ("origin", "version")]
    columns = {name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in names}
    columns["rn"] = pa.array(range(len(rows)), pa.int64())
    return pa.table(columns)
