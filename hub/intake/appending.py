"""What was said goes into the journal, in one transaction, and then into the cache of what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hub.errors import JournalCorrupt, RequestWrong, Stop
from hub.events import columns as codec
from hub.events.schema import FOR_TOPIC, arrow
from hub.intake import functions, selecting
from hub.intake.outgoing import table_of
from hub.intake.seen import Seen
from hub.intake.seen_folding import fold_act, fold_quarantine, fold_statements, statements
from hub.journal.port import Appended, Fence, Journal, Outgoing, Run, Topic

_READ_AT_ONCE = 50_000


class Appender:
    """Appends for one identity under its fence, and keeps the cache up to date."""

    def __init__(self, journal: Journal, fence: Fence, seen: Seen) -> None:
        self._journal, self._fence, self._seen = journal, fence, seen

    def append(
        self,
        events: Sequence[pa.Table],
        quarantine: Sequence[Mapping[str, Any]],
        acts: Sequence[Mapping[str, Any]],
        alike: Sequence[tuple[str, str, str]] = (),
    ) -> None:
        """All of it or nothing. Raises Fenced where a later puller has taken over."""
        said = pa.concat_tables(events) if events else None
        outgoing: list[Outgoing] = []
        tables: list[tuple[Topic, pa.Table]] = []
        if said is not None and said.num_rows:
            outgoing.append(_outgoing("events", said, said["entity_id"]))
            tables.append(("events", said))
        if quarantine:
            tables.append(("quarantine", table_of(quarantine, "quarantine")))
            outgoing.append(_outgoing("quarantine", tables[-1][1], tables[-1][1]["quarantine_id"]))
        if acts:
            tables.append(("acts", table_of(acts, "act")))
            # One partition for all acts of an identity: what the last one says counts, so their order must be certain.
            outgoing.append(_outgoing("acts", tables[-1][1], pa.repeat(self._fence.identity, len(acts))))
        appended = self._journal.append(self._fence, outgoing) if outgoing else []
        self._fold(tables, appended, acts, alike)

    def _fold(
        self,
        tables: Sequence[tuple[Topic, pa.Table]],
        appended: Sequence[Appended],
        acts: Sequence[Mapping[str, Any]],
        alike: Sequence[tuple[str, str, str]],
    ) -> None:
        placed = {t: _placed(rows, p.partitions, p.positions) for (t, rows), p in zip(tables, appended, strict=True)}
        with _folding(self._seen, placed.pop("events", None)):
            if "quarantine" in placed:
                fold_quarantine(self._seen.db, placed["quarantine"])
            for act in acts:
                fold_act(self._seen.db, act)
            for (topic, _), places in zip(tables, appended, strict=True):
                self._note(topic, places)
            self._seen.remember_alike(alike)

    def _note(self, topic: Topic, places: Appended) -> None:
        folded = dict(self._seen.note(f"folded_{topic}") or {})
        for partition in np.unique(places.partitions):
            last = int(places.positions[places.partitions == partition].max())
            folded[str(partition)] = max(folded.get(str(partition), 0), last + 1)
        self._seen.set_note(f"folded_{topic}", folded)


def _outgoing(topic: Topic, table: pa.Table, keys: pa.StringArray | pa.ChunkedArray) -> Outgoing:
    keys = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    return Outgoing(topic, keys, codec.encode(table, FOR_TOPIC[topic]))


def _placed(table: pa.Table, partitions: Any, positions: Any) -> pa.Table:
    return table.append_column("partition", pa.array(partitions, pa.int64())).append_column(
        "position", pa.array(positions, pa.int64())
    )


def catch_up(journal: Journal, seen: Seen, identity: str) -> None:
    """Fold into the cache what the journal has of this identity and the cache does not know yet.

    Raises Stop where the journal is not the one that it was: a topic made anew has lost what was said.
    """
    _must_be_of(journal, seen)
    for topic in ("events", "quarantine", "acts"):
        start = {int(p): int(n) for p, n in (seen.note(f"folded_{topic}") or {}).items()}
        while runs := journal.read(topic, start, _READ_AT_ONCE, identity):
            ours = [table for run in runs if (table := _ours(journal, topic, run, identity)).num_rows]
            table = pa.concat_tables(ours) if ours else None
            start |= {run.partition: run.next for run in runs}
            with _folding(seen, _with_content(table) if table is not None and topic == "events" else None):
                if table is not None and topic == "quarantine":
                    fold_quarantine(seen.db, table)
                for act in table.to_pylist() if table is not None and topic == "acts" else ():
                    fold_act(seen.db, act)
                seen.set_note(f"folded_{topic}", {str(p): n for p, n in start.items()})


def _must_be_of(journal: Journal, seen: Seen) -> None:
    """A cache of a journal elsewhere is forgotten: the hub was pointed to this one. Raises Stop where it is of another
    journal at the same place."""
    mine, found = {"place": journal.place, "identity": journal.identity}, seen.note("journal")
    if found is not None and found["place"] == mine["place"] and found["identity"] != mine["identity"]:
        raise Stop(
            "the journal {place} is not the one that this hub pulled into before ({found}, not {wanted})",
            place=journal.place, found=mine["identity"], wanted=found["identity"],
            remedy="Restore it from its backup or mirror: what was said and decided is in it alone. To begin anew all the "
            "same, with nothing of it, delete the folder data/seen and the store.",
        )  # fmt: skip
    if found != mine:
        seen.forget()
        seen.set_note("journal", mine)


def _ours(journal: Journal, topic: Topic, run: Run, identity: str) -> pa.Table:
    """What a run of the journal has of an identity, with its places; what cannot be read is not of ours."""
    writer = writer_of(journal, run)
    if writer is None:
        return arrow(FOR_TOPIC[topic]).empty_table()
    decoded = codec.decode(run.values, writer, FOR_TOPIC[topic])
    table = _placed(decoded.table, np.full(len(decoded.kept), run.partition), run.positions[decoded.kept])
    return table.filter(pc.fill_null(pc.equal(table["identity"], identity), False))


def writer_of(journal: Journal, run: Run) -> str | None:
    """The schema of a run; None where it has none that anybody knows."""
    if run.schema_id is None or not run.values:
        return None
    try:
        return journal.schema(run.schema_id)
    except RequestWrong:
        return None


@contextmanager
def _folding(seen: Seen, events: pa.Table | None) -> Iterator[None]:
    """One change of the cache: ``events`` (with partition, position and content), and what is done meanwhile."""
    if events is None:
        with seen.changing():
            yield
        return
    with seen.lent(statements(events)) as relation, seen.changing():
        fold_statements(seen.db, relation, pc.unique(events["part"]).to_pylist())
        yield


def _with_content(events: pa.Table) -> pa.Table:
    return events.append_column("content", contents(events))


def contents(events: pa.Table) -> pa.ChunkedArray:
    """The content hash of every event of a table in the schema's columns."""
    connection = duckdb.connect(":memory:", config={"threads": 1, "enable_external_access": False})
    for macro in functions.MACROS:
        connection.execute(macro)
    connection.register("said", events)
    sql = f"SELECT sha1({selecting.content_sql()}) AS content FROM said"
    return connection.sql(sql).to_arrow_table()["content"]


def read_events(journal: Journal, places: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """The events at these (partition, position), as rows of the current schema, times as naive UTC."""
    return read_rows(journal, "events", places)


def read_rows(journal: Journal, topic: Topic, places: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """The messages of a topic at these places as rows of its current schema."""
    if not places:
        return []
    stored = journal.read_at(topic, list(places))
    rows: dict[int, dict[str, Any]] = {}
    for schema_id in {message.schema_id for message in stored}:
        numbers = [i for i, message in enumerate(stored) if message.schema_id == schema_id]
        writer = journal.schema(schema_id) if schema_id is not None else ""
        decoded = codec.decode([stored[i].value for i in numbers], writer, FOR_TOPIC[topic])
        if decoded.bad:
            bad = stored[numbers[decoded.bad[0].index]]
            raise JournalCorrupt(
                "{topic}/{partition}/{position} cannot be read: {reason}",
                topic=topic,
                partition=bad.partition,
                position=bad.position,
                reason=decoded.bad[0].reason,
            )
        rows |= {numbers[kept]: row for kept, row in zip(decoded.kept, decoded.table.to_pylist(), strict=True)}
    return [rows[i] for i in range(len(stored))]
