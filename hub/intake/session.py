"""A session: one connector's identity held, what is known caught up, ready to read, append and withdraw."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa

from hub.errors import Interrupted, Refused
from hub.intake.appending import Appender, catch_up, read_events, read_rows
from hub.intake.engine import Engine
from hub.intake.outgoing import Stamp, act
from hub.intake.placing import Placing
from hub.intake.plug import Plug
from hub.intake.reading import Reading
from hub.intake.record import Recorder
from hub.intake.said import Origin, Said
from hub.intake.seen import Seen
from hub.intake.stating import Stating
from hub.intake.vanishing import Vanishing
from hub.journal.port import Journal


@dataclass(frozen=True)
class Surroundings:
    """What intake needs from outside: where the hub is, the clock, fresh ids, secrets, where progress goes,
    and whether it is time to stop: asked while it waits, and after every batch."""

    folder: Path
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    secret: Callable[[str], str]
    progress: Callable[[str, int], None] = lambda _name, _rows: None
    stopping: Callable[[], bool] = lambda: False

    def go_on(self) -> None:
        """Raises Interrupted where this process was told to stop."""
        if self.stopping():
            raise Interrupted("this process was told to stop", remedy="The next pull goes on where this one ended.")

    def seen_path(self, identity: str) -> Path:
        """The cache of what is known about an identity."""
        return self.folder / "data" / "seen" / f"{identity}.db"


class Session:
    """For one pull or one decision, under the lock of the identity. ``close`` frees the cache."""

    def __init__(
        self, plug: Plug, journal: Journal, around: Surroundings, engine: Engine, act_id: str | None = None
    ) -> None:
        self.plug, self.around, self.engine = plug, around, engine
        self.connector = plug.connector
        self._journal = journal
        fence = journal.fence(self.connector.identity)
        self.seen = Seen(around.seen_path(self.connector.identity))
        catch_up(journal, self.seen, self.connector.identity)
        self.now = around.now()
        self.stamp = Stamp(
            identity=self.connector.identity,
            connector=self.connector.name,
            department=self.connector.department,
            mapping=plug.mapping.digest,
            lists=plug.mapping.list_versions(plug.lists),
            batch=str(around.new_id()),
            observed_at=self.now,
            parts=tuple(part.name for part in self.connector.parts),
            act=act_id,
        )
        self._writing = self.seen.reader()
        self.appender = Appender(journal, fence, self._writing)
        self.vanishing = Vanishing(self.seen, self.appender, self.stamp, self.last_events, self.act)

    def close(self) -> None:
        """Free the cache."""
        self.seen.close()
        self._writing.close()

    def last_events(self, places: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        """The events at these places of the journal."""
        return read_events(self._journal, places)

    def keyless(self) -> list[dict[str, Any]]:
        """Open quarantined records without a readable key, as messages."""
        places = [(w[3], w[4]) for w in self.seen.waiting() if w[1] is None and w[2] == "open"]
        found = read_rows(self._journal, "quarantine", places)
        return [m for m in found if all(e["error"] != "VANISHED_MANY" for e in json.loads(m["errors"]))]

    def act(self, kind: str, body: dict[str, Any], **about: Any) -> dict[str, Any]:
        """An act of the hub itself about this identity."""
        return act(
            self.around.new_id(), kind, person="hub", at=self.now, body=body, identity=self.connector.identity, **about
        )

    def pulled_act(self, **body: Any) -> dict[str, Any]:
        """The act by which the journal remembers how far a source was read."""
        return self.act("pulled", {"key": list(self.connector.source.key), **body})

    def recorder(self) -> Recorder:
        """Makes records of this connector's batches."""
        return Recorder(self.connector.source.key, self.plug.mapping.columns)

    def reading(self, *, tabular: bool) -> Reading:
        """A read of the source; ``tabular``: every row has the same columns, so that a missing one is a fault."""
        placing = Placing(self.engine, self.now)
        return Reading(
            self.engine,
            self.recorder(),
            self.seen,
            self.appender,
            Stating(self.engine, self.seen, placing, self.stamp, self.last_events),
            placing,
            self.stamp,
            self.act,
            tabular=tabular,
            progress=self._progress,
        )

    def _progress(self, rows: int) -> None:
        """After every batch."""
        self.around.progress(self.connector.name, rows)
        self.around.go_on()

    def restate(self, messages: Sequence[dict[str, Any]], said: Said) -> None:
        """Map quarantined records again, each under the pair it was set aside with; adds to ``said``.

        A column that the source did not have is not empty: while the mapping reads it, the record waits on.
        """
        records = [json.loads(message["record"]) for message in messages]
        names = list(dict.fromkeys(name for record in records for name in record))
        rows = pa.table({n: pa.array([r.get(n) for r in records], pa.string()) for n in names})
        table = self.recorder().records(rows, pa.array([0] * len(records), pa.int64()))
        for name, kind in (("scope", pa.string()), ("revision", pa.int64()), ("restated", pa.int64())):
            table = table.append_column(name, pa.array([message[name] for message in messages], kind))
        lacking = [frozenset(_lacking(message)).intersection(self.plug.mapping.columns) for message in messages]
        origins = {missing: number for number, missing in enumerate(dict.fromkeys(lacking))}
        table = table.append_column("origin", pa.array([origins[missing] for missing in lacking], pa.int64()))
        table = table.append_column("version_default", pa.nulls(len(records), pa.int64()))
        placing = Placing(self.engine, self.now)
        stating = Stating(self.engine, self.seen, placing, self.stamp, self.last_events)
        stating.again(table, [Origin("redrive", missing) for missing in origins], said)

    def refuse_changed_shape(self) -> None:
        """A changed key, or parts that are no longer yielded, would leave entities that nothing speaks about. Refused."""
        known = self.seen.note("key")
        if known is not None and tuple(known) != tuple(self.connector.source.key) and not self.seen.is_empty():
            raise Refused(
                "the key of {name} changed from {before} to {after}",
                name=self.connector.name,
                before=", ".join(known),
                after=", ".join(self.connector.source.key),
                remedy="Keep the old key until a replay has settled the old entities.",
            )
        lost = self.seen.lost_parts(set(self.stamp.parts))
        if lost:
            raise Refused(
                "{name} no longer yields the part(s) {parts}",
                name=self.connector.name,
                parts=", ".join(sorted(lost)),
                remedy="Keep them until a replay has settled the old entities.",
            )


def _lacking(message: dict[str, Any]) -> list[str]:
    """The columns that a quarantined record's source did not have."""
    return [error["field"] for error in json.loads(message["errors"]) if error["error"] == "COLUMN_MISSING"]
