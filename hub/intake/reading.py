"""One read of a source, from its first batch to what vanished: the same for a file and for a table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hub.ahead import ahead
from hub.events.standing import Statement, place
from hub.intake.appending import Appender
from hub.intake.engine import Engine, failed_sql
from hub.intake.outgoing import KEPT_OF_LONG, Stamp, quarantined
from hub.intake.pipeline import run_stages
from hub.intake.placing import Placing
from hub.intake.record import Recorder
from hub.intake.said import Origin, Said, Tally
from hub.intake.seen import Seen
from hub.intake.settling import settle
from hub.intake.sources.port import Batch, Unreadable, Whole
from hub.intake.stating import Stating

Hashes = npt.NDArray[np.uint64]


GATHERED = 50_000
"""Small files are mapped together: up to this many rows at a time."""


@dataclass(frozen=True)
class What:
    """What is read: one table, or one or more files in the order of their times.

    ``names`` says where rows stand, ``versions`` orders what has no version of its own (a file's time in µs). Of
    several records with a key the last line counts where ``last_wins`` (files). ``repeated``: hashes of keys that are
    known to be stated more than once. ``is_outdated``: whether a newer file has replaced a scope of file number n.
    """

    names: tuple[str, ...]
    versions: tuple[int | None, ...]
    last_wins: bool
    repeated: Hashes
    is_outdated: Callable[[int, str], bool] = lambda _number, _scope: False


@dataclass(frozen=True)
class _Recorded:
    records: pa.Table
    unreadable: tuple[tuple[int, Unreadable], ...]
    cursor: str | None


class Reading:
    """Runs one read. ``tabular``: every row has the same columns, so that one that the mapping reads must be there."""

    def __init__(
        self,
        engine: Engine,
        recorder: Recorder,
        seen: Seen,
        appender: Appender,
        stating: Stating,
        placing: Placing,
        stamp: Stamp,
        act: Callable[..., dict[str, Any]],
        *,
        tabular: bool,
        progress: Callable[[int], None],
    ) -> None:
        self._engine, self._recorder, self._seen, self._appender = engine, recorder, seen, appender
        self._stating, self._placing, self._stamp = stating, placing, stamp
        self._act, self._tabular, self._progress = act, tabular, progress
        self._origins: list[Origin] = []

    def run(
        self, what: What, batches: Iterable[tuple[int, Batch]], acts_of: Callable[[str | None], list[dict[str, Any]]]
    ) -> Tally:
        """Read, state and append everything: (number in ``what``, batch). What several records say about one key comes
        last. ``acts_of``: the acts that go with a batch, by the cursor that it moved to."""
        tally, aside = Tally(), list[pa.Table]()
        fresh = self._seen.is_empty()
        self._origins = [Origin(name) for name in what.names]

        def state(item: _Recorded) -> tuple[Said, str | None]:
            said = self._say(item, what, tally, aside, fresh=fresh)
            tally.add(said)
            return said, item.cursor

        def append(item: tuple[Said, str | None]) -> None:
            said, cursor = item
            self._append(said, acts_of(cursor))
            self._progress(said.read)

        run_stages(self._recorded(what, batches), state, append)
        for said in self._settled(aside, what):
            tally.add(said)
            self._append(said, [])
            self._progress(said.read)
        return tally

    def _recorded(self, what: What, batches: Iterable[tuple[int, Batch]]) -> Iterator[_Recorded]:
        gathered, unreadable, rows = list[pa.Table](), list[tuple[int, Unreadable]](), 0
        for number, batch in ahead(batches):
            gathered.append(self._records(what, number, batch))
            unreadable += [(number, piece) for piece in batch.unreadable]
            rows += batch.rows.num_rows
            if rows >= GATHERED or batch.cursor is not None:
                yield _Recorded(_numbered(gathered), tuple(unreadable), batch.cursor)
                gathered, unreadable, rows = [], [], 0
        if gathered:
            yield _Recorded(_numbered(gathered), tuple(unreadable), None)

    def _records(self, what: What, number: int, batch: Batch) -> pa.Table:
        if self._tabular and batch.rows.num_rows:
            missing = self._recorder.missing(batch.rows.column_names)
            self._origins[number] = Origin(what.names[number], self._origins[number].missing | missing)
        table = self._recorder.records(batch.rows, batch.lines)
        origin = pa.repeat(pa.scalar(number, pa.int64()), table.num_rows)
        version = pa.repeat(pa.scalar(what.versions[number], pa.int64()), table.num_rows)
        return table.append_column("origin", origin).append_column("version_default", version)

    def _append(self, said: Said, acts: list[dict[str, Any]]) -> None:
        acts = acts + [
            self._act("deleted", {"sha256": sha}, source_key=key, revision=revision, restated=restated)
            for key, revision, restated, sha in said.deleted
        ]
        if said.events or said.quarantine or acts or said.alike:
            self._appender.append(said.tables(), said.quarantine, acts, said.alike)

    def _say(self, item: _Recorded, what: What, tally: Tally, aside: list[pa.Table], *, fresh: bool) -> Said:
        records = self._scoped(item.records, tally)
        tally.keys.append(records["skey"].combine_chunks())
        tally.hashes.append(records["kh"].filter(pc.is_valid(records["skey"])).to_numpy())
        tally.complete &= not (item.unreadable or records["skey"].null_count)
        current = self._current(records, what)
        repeated = _repeated(current, what)
        if repeated.any():
            aside.append(current.filter(pa.array(repeated)))
        said = self._stating.say(
            current.filter(pa.array(~repeated)) if repeated.any() else current, self._origins, fresh=fresh
        )
        said.read += records.num_rows - current.num_rows
        said.skipped += records.num_rows - current.num_rows
        for number, piece in item.unreadable:
            said.read += 1
            self._stating.set_aside_once(self._unreadable(piece, number), number, said)
        return said

    def _scoped(self, records: pa.Table, tally: Tally) -> pa.Table:
        scope = self._engine.mapping.scope
        if scope is None:
            return records.append_column("scope", pa.nulls(records.num_rows, pa.string()))
        found = self._engine.evaluate(records, {"scope": f"nullif(trim({scope.sql}), '')", "failed": failed_sql(scope)})
        tally.complete &= not (found["scope"].null_count or pc.any(found["failed"]).as_py())
        tally.scopes |= {s for s in pc.unique(found["scope"]).to_pylist() if s is not None}
        return records.append_column("scope", found["scope"])

    def _current(self, records: pa.Table, what: What) -> pa.Table:
        """Without the rows of scopes that a newer file has replaced."""
        for number in range(len(what.names)) if self._engine.mapping.scope is not None else ():
            scopes = pc.unique(records["scope"].filter(pc.equal(records["origin"], number))).to_pylist()
            old = [scope for scope in scopes if scope is not None and what.is_outdated(number, scope)]
            if old:
                gone = pc.and_(
                    pc.equal(records["origin"], number), pc.is_in(records["scope"], pa.array(old, pa.string()))
                )
                records = records.filter(pc.invert(gone))
        return records

    def _unreadable(self, piece: Unreadable, number: int) -> dict[str, Any]:
        error = {"field": "record", "error": piece.error, "expression": "", "values": {"found": piece.found}}
        whole = piece.whole or Whole(hashlib.sha256(piece.raw).hexdigest(), len(piece.raw))
        return quarantined(
            key=None,
            revision=0,
            restated=0,
            errors=[error],
            record=piece.raw[:KEPT_OF_LONG].decode("utf-8", "backslashreplace"),
            place=self._origins[number].place(piece.line),
            scope=None,
            stamp=self._stamp,
            sha256=whole.sha256,
            length=whole.size,
        )

    def _settled(self, aside: list[pa.Table], what: What) -> Iterator[Said]:
        """The records whose key was stated more than once: one statement per file, one file after the other."""
        if not aside:
            return
        table = pa.concat_tables(aside)
        table = _numbered([table]).append_column("version", self._placing.versions(_numbered([table])))
        rows = table.sort_by([("skey", "ascending"), ("origin", "ascending"), ("rn", "ascending")]).to_pylist()
        rounds: list[list[dict[str, Any]]] = []
        first = Said()
        for _, same_key in groupby(rows, key=lambda row: row["skey"]):
            for turn, (_, same_file) in enumerate(groupby(same_key, key=lambda row: row["origin"])):
                winner = self._settle(list(same_file), what, first)
                if winner is not None:
                    rounds += [[] for _ in range(turn + 1 - len(rounds))]
                    rounds[turn].append(winner)
        yield first
        for winners in rounds:
            yield self._stating.say(_table(winners, table.schema), self._origins)

    def _settle(self, rows: list[dict[str, Any]], what: What, said: Said) -> dict[str, Any] | None:
        """The one row that counts; None where all were set aside."""
        settled = settle(rows, last_wins=what.last_wins)
        counted = 1 if settled.row is not None else len(settled.rows)
        said.read += len(rows) - (1 if settled.row is not None else 0)
        said.unchanged += len(rows) - counted
        if settled.row is not None:
            return dict(settled.row)
        self._not_unique([dict(row) for row in settled.rows], settled.stated_sha256, said)
        return None

    def _not_unique(self, rows: list[dict[str, Any]], stated: str, said: Said) -> None:
        found = self._seen.known(rows[0]["skey"])
        versions = [row["version"] for row in rows if row["version"] is not None]
        placed = place(Statement(stated, max(versions, default=None), declared=bool(versions)), found)
        said.matched += found is not None and found.state != "absent"
        if placed.outcome != "stated":
            said.unchanged += len(rows)
            return
        error = {"field": "key", "error": "KEY_NOT_UNIQUE", "expression": "", "values": {"key": rows[0]["skey"]}}
        said.quarantine += [
            quarantined(
                key=row["skey"],
                revision=placed.revision,
                restated=placed.restated,
                errors=[error],
                record=row["rec"],
                place=self._origins[row["origin"]].place(row["line"]),
                scope=row["scope"],
                stamp=self._stamp,
                stated_sha256=stated,
            )
            for row in rows
        ]


def _numbered(tables: Sequence[pa.Table]) -> pa.Table:
    """One table, its rows numbered anew."""
    table = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
    numbers = pa.array(np.arange(table.num_rows), pa.int64())
    return table.set_column(table.column_names.index("rn"), "rn", numbers)


def _repeated(records: pa.Table, what: What) -> npt.NDArray[np.bool_]:
    """Rows whose key stands elsewhere in this read, or twice in this batch."""
    hashes = records["kh"].to_numpy()
    has_key = pc.is_valid(records["skey"]).to_numpy(zero_copy_only=False)
    found, counts = np.unique(hashes, return_counts=True)
    many = np.concatenate([found[counts > 1], what.repeated])
    return np.asarray(np.isin(hashes, many) & has_key, np.bool_) if len(many) else np.zeros(len(hashes), np.bool_)


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as records again."""
    kept = [f for f in schema if f.name != "version"]
    return _numbered([pa.table({f.name: pa.array([row[f.name] for row in rows], f.type) for f in kept})])


def repeated_hashes(hashes: Sequence[Hashes]) -> Hashes:
    """The hashes that occur more than once (0 stands for keys that cannot be read)."""
    if not hashes:
        return np.empty(0, np.uint64)
    found, counts = np.unique(np.concatenate(hashes), return_counts=True)
    return np.asarray(found[(counts > 1) & (found != 0)], np.uint64)
