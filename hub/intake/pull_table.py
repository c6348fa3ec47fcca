"""A pull of a table or query: after the cursor, and from time to time the whole of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from hub.errors import ConfigWrong
from hub.events.calendar import SHANGHAI
from hub.intake.connector import SqlSpec
from hub.intake.placing import AHEAD
from hub.intake.plug import Plug
from hub.intake.pulled import Pulled, pulled
from hub.intake.reading import GATHERED, Hashes, What, repeated_hashes
from hub.intake.said import Tally
from hub.intake.session import Session, Surroundings
from hub.intake.sources.port import Batch
from hub.intake.sources.sql import SqlSource
from hub.intake.sources.sql_read import SqlRead

MOST_REPEATED_KEYS = 1_000_000


def sql_source(plug: Plug, around: Surroundings) -> SqlSource:
    """The database of a connector of kind sql. RequestWrong where its secret is not there."""
    spec = plug.connector.source
    if not isinstance(spec, SqlSpec):
        raise TypeError(spec)
    cursor = spec.cursor
    return SqlSource(
        around.secret(spec.url),
        around.folder,
        spec.table,
        spec.query,
        spec.key,
        cursor.by if cursor else None,
        cursor.lag_seconds if cursor else 0.0,
        plug.connector.drop,
        spec.limits.rows_per_second,
        spec.limits.statement_timeout_seconds,
    )


@contextmanager
def opened(plug: Plug, around: Surroundings) -> Iterator[SqlRead]:
    """One snapshot of a connector's database; what its file says wrongly of it is told at its place in the file."""
    path, at = str(plug.connector.path), plug.connector.source.at
    try:
        with sql_source(plug, around).open() as read:
            yield read
    except ConfigWrong as error:
        placed = [p if p.file else replace(p, file=path, line=at.line, column=at.column) for p in error.problems]
        raise ConfigWrong(placed) from error


def pull_table(session: Session, spec: SqlSpec, *, compare: bool) -> Pulled:
    """Read what is new. ``compare``: all keys and texts too."""
    return TablePull(session, spec).run(compare=compare)


@dataclass(frozen=True)
class TablePull:
    """One pull of one connector's table, in one snapshot of it."""

    session: Session
    spec: SqlSpec

    def run(self, *, compare: bool) -> Pulled:
        """After the cursor; and the whole of it where hard deletes, silent edits or late rows are to be looked for."""
        session, spec = self.session, self.spec
        total = Tally()
        with opened(session.plug, session.around) as read:
            before, count = session.seen.note("cursor"), read.count()
            today = session.now.astimezone(SHANGHAI).date().isoformat()
            if spec.cursor is not None and before is not None:
                total.include(self._since(read, before))
                due = session.seen.note("compared_day") != today or count != self._expected_rows()
                compare = compare or (due and not self._is_held(count, today))
            else:
                compare = True
            if compare:
                total.include(self._whole(read, count, today))
        return pulled(session, total, session.seen.note("cursor"))

    def _since(self, read: SqlRead, cursor: str) -> Tally:
        batches = read.rows_since(cursor, self.session.now + AHEAD, GATHERED)
        return self.session.reading(tabular=True).run(self._what(), _numbered(batches), self._cursor_acts)

    def _what(self, repeated: Hashes | None = None) -> What:
        name = self.spec.table or "query"
        return What((name,), (None,), False, np.empty(0, np.uint64) if repeated is None else repeated)

    def _whole(self, read: SqlRead, count: int, today: str) -> Tally:
        session, seen = self.session, self.session.seen
        fresh, present = seen.is_empty(), seen.present()
        repeated = np.union1d(self._repeated(read), np.array(seen.note("alike_keys") or [], np.uint64))
        if self.spec.cursor is not None and seen.note("cursor") is None:
            batches = read.rows_since(None, session.now + AHEAD, GATHERED)
            tally = session.reading(tabular=True).run(self._what(repeated), _numbered(batches), self._cursor_acts)
        else:
            tally = self._rows(read, repeated)
        alike = np.setdiff1d(repeated_hashes(tally.hashes), repeated)
        if alike.size:
            # Keys that the source tells apart and that are one (1 and 1.0): known now, they are settled together.
            repeated = np.union1d(repeated, alike)
            seen.set_note("alike_keys", [int(h) for h in repeated])
            again = self._rows(read, repeated)
            again.include(tally)
            tally = again
        held = None
        if tally.complete and not fresh and tally.matched != present:
            held = session.vanishing.settle(tally, None)
        elif tally.complete:
            session.vanishing.close_held(None, None)
        if seen.note("compared_day") != today:
            session.appender.append([], [], [session.pulled_act(compared_day=today)])
        seen.set_note("compared", {"rows": count, "present": seen.present(), "held": held, "day": today})
        return tally

    def _rows(self, read: SqlRead, repeated: Hashes) -> Tally:
        batches = _numbered(read.rows(GATHERED))
        return self.session.reading(tabular=True).run(self._what(repeated), batches, lambda _cursor: [])

    def _repeated(self, read: SqlRead) -> Hashes:
        """Hashes of the keys that more than one row has."""
        keys = read.duplicated_keys(MOST_REPEATED_KEYS)
        if not keys:
            return np.empty(0, np.uint64)
        columns = {n: pa.array(c, pa.string()) for n, c in zip(self.spec.key, zip(*keys, strict=True), strict=True)}
        return np.unique(self.session.recorder().key_hashes(pa.table(columns)).to_numpy())

    def _cursor_acts(self, cursor: str | None) -> list[dict[str, Any]]:
        return [self.session.pulled_act(cursor=cursor)] if cursor is not None else []

    def _expected_rows(self) -> int | None:
        """How many rows the source should have if nothing was deleted since the last comparison."""
        last = self.session.seen.note("compared")
        return None if last is None else int(last["rows"]) + self.session.seen.present() - int(last["present"])

    def _is_held(self, count: int, today: str) -> bool:
        """The retractions of this very state of the source wait for a person: no need to compare again today."""
        last = self.session.seen.note("compared") or {}
        held = last.get("held")
        same = last.get("day") == today and last.get("rows") == count
        return isinstance(held, str) and same and not self.session.seen.is_approved(held)


def _numbered(batches: Iterable[Batch]) -> Iterator[tuple[int, Batch]]:
    for batch in batches:
        yield 0, batch
