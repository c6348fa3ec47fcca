"""Which rows of a batch are news, and under which pair: hub.events.standing over whole batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hub.events.calendar import utc_sql
from hub.events.standing import place_sql
from hub.intake.engine import Engine, failed_sql
from hub.intake.expressions import Kind
from hub.intake.seen import KNOWN, Seen

AHEAD = timedelta(days=1)
"""A version further ahead of the clock than this is not believed."""


@dataclass(frozen=True)
class Placed:
    """``rows``: the records that state something, with revision, restated, always, deleted, k_state and the like.

    ``strangers``: how many of the batch had a key that was not known to be in the source.
    """

    rows: pa.Table
    unchanged: int
    skipped: int
    strangers: int


class Placing:
    """For one session. Statements are ordered by the mapping's version, else by the row's ``version_default`` (its
    file's time in µs), else the hub counts."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self._engine = engine
        self._limit_us = int((now.astimezone(UTC) + AHEAD).timestamp() * 1_000_000)
        self._lenient = engine.mapping.lenient
        self._declared = engine.mapping.version is not None

    def place(self, records: pa.Table, seen: Seen, mapping: str, *, fresh: bool) -> Placed:
        """Compare with what is known and give the rest their pairs."""
        news = records if fresh else self._news(records, seen, mapping)
        unchanged = records.num_rows - news.num_rows
        if fresh:
            nothing = {f.name: pa.nulls(news.num_rows, f.type) for f in KNOWN if f.name != "rn"}
            for name, column in nothing.items():
                news = news.append_column(name, column)
        if news.num_rows == 0:
            return Placed(news, unchanged, 0, 0)
        news = self.with_versions(news)
        if fresh:
            return Placed(_as_first(news), 0, 0, news.num_rows)
        connection = self._engine.connection
        texts = place_sql(
            "news.sha", "news.version", self._declared, "(news.version_state NOT IN ('unreadable', 'future'))", "k"
        )
        columns = ", ".join(f"{sql} AS {name}" for name, sql in texts.items())
        known = "k_sha AS sha256, k_revision AS revision, k_restated AS restated, k_state AS state"
        connection.register("news", news)
        try:
            table = connection.sql(
                f"SELECT news.*, {columns} FROM news, LATERAL (SELECT {known}) AS k ORDER BY rn"
            ).to_arrow_table()
        finally:
            connection.unregister("news")
        stated = pc.equal(table["outcome"], "stated")
        rows = table if pc.all(stated).as_py() else table.filter(stated)
        again = pc.sum(pc.equal(table["outcome"], "unchanged")).as_py() or 0
        strangers = table.num_rows - (
            pc.sum(pc.is_in(table["k_state"], pa.array(["good", "quarantined"]))).as_py() or 0
        )
        return Placed(rows, unchanged + again, table.num_rows - rows.num_rows - again, strangers)

    def _news(self, records: pa.Table, seen: Seen, mapping: str) -> pa.Table:
        known = seen.differing(records.select(["rn", "skey", "sha"]))
        if known.num_rows == 0:
            return pa.table(
                [*records.slice(0, 0).columns, *known.columns[1:]],
                names=[*records.column_names, *known.column_names[1:]],
            )
        rows = records if known.num_rows == records.num_rows else records.filter(pc.is_in(records["rn"], known["rn"]))
        rows = pa.table([*rows.columns, *known.columns[1:]], names=[*rows.column_names, *known.column_names[1:]])
        alike = pc.and_(
            pc.and_(pc.equal(rows["memo_sha"], rows["sha"]), pc.equal(rows["memo_mapping"], mapping)),
            pc.equal(rows["k_state"], "good"),
        )
        return rows.filter(pc.invert(pc.fill_null(alike, False)))

    def with_versions(self, rows: pa.Table) -> pa.Table:
        """Adds version, version_state (none, ok, unreadable, future), version_text, deleted, deleted_failed."""
        deleted = self._engine.mapping.deleted
        if deleted is None and self._engine.mapping.version is None:
            return _unversioned(rows)
        first = {
            "deleted": f"coalesce({deleted.sql}, false)" if deleted else "false",
            "deleted_failed": failed_sql(deleted) if deleted else "false",
        }
        found = self._engine.evaluate(rows, *self._steps(first))
        wanted = [*first, *_WANTED]
        return pa.table([*rows.columns, *(found[name] for name in wanted)], names=[*rows.column_names, *wanted])

    def versions(self, records: pa.Table) -> pa.ChunkedArray:
        """The version of every record (bigint); null where it has none or it is not to be believed."""
        found = self._engine.evaluate(records, *self._steps({}))
        doubtful = pc.is_in(found["version_state"], pa.array(["unreadable", "future"]))
        return pc.if_else(doubtful, pa.scalar(None, pa.int64()), found["version"])

    def _steps(self, first: dict[str, str]) -> tuple[dict[str, str], ...]:
        """The expressions of a version step by step: its text or time, its number, what is to be thought of it."""
        value = self._engine.mapping.version
        if value is None:
            return (
                {**first, "version": "version_default", "version_state": "'none'", "version_text": "NULL::VARCHAR"},
            )
        whole, wall = "NULL::BOOLEAN", "NULL::TIMESTAMP"
        number = f"epoch_us({utc_sql('version_wall')})"
        if value.kind is Kind.NUMBER:
            whole, number = (
                "true",
                f"TRY(CAST(CASE WHEN {value.sql} = trunc({value.sql}) THEN {value.sql} END AS BIGINT))",
            )
        elif value.kind is Kind.TIME:
            whole, wall = "false", value.sql
        else:
            whole = f"coalesce(regexp_full_match({value.sql}, '\\d{{1,18}}'), false)"
            wall = f"CASE WHEN NOT {whole} THEN ts({value.sql}) END"
            counted = "NULL" if self._lenient else f"TRY_CAST({value.sql} AS BIGINT)"
            number = f"CASE WHEN version_whole THEN {counted} ELSE {number} END"
        unreadable = (
            "false"
            if self._lenient
            else (f"({failed_sql(value)} OR (version_text IS NOT NULL AND version_number IS NULL))")
        )
        state = (
            f"CASE WHEN {unreadable} THEN 'unreadable' WHEN version_number IS NULL THEN 'none'"
            f" WHEN NOT version_whole AND version_number > {self._limit_us} THEN 'future' ELSE 'ok' END"
        )
        return (
            {**first, "version_text": f"({value.sql})::VARCHAR", "version_whole": whole, "version_wall": wall},
            {"version_number": number},
            {"version": "coalesce(version_number, version_default)", "version_state": state},
        )


_WANTED = ("version", "version_state", "version_text")


def _unversioned(rows: pa.Table) -> pa.Table:
    """What a mapping without a version and without deletions says of its rows."""
    size = rows.num_rows
    never = pa.repeat(pa.scalar(False), size)
    return (
        rows.append_column("deleted", never)
        .append_column("deleted_failed", never)
        .append_column("version", rows["version_default"])
        .append_column("version_state", pa.repeat(pa.scalar("none"), size))
        .append_column("version_text", pa.nulls(size, pa.string()))
    )


def _as_first(news: pa.Table) -> pa.Table:
    """hub.events.standing.place where nothing is known of any key."""
    doubtful = pc.is_in(news["version_state"], pa.array(["unreadable", "future"]))
    revision = pc.if_else(doubtful, 0, pc.fill_null(news["version"], 1)).cast(pa.int64())
    nothing = pa.array(np.zeros(news.num_rows, np.int64))
    always = pa.array(np.ones(news.num_rows, np.bool_))
    return news.append_column("revision", revision).append_column("restated", nothing).append_column("always", always)
