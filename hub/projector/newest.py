"""Each entity's newest event among very many, told by DuckDB from the keys alone; what is over a gigabyte it
spills to a folder.

Events come in buckets, as a rule a partition each, so that what is newest in one is known while the next is still read.
That is only right while no entity is in two of them: :meth:`Newest.parted` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from hub.projector.entries import Statements, blobs
from hub.projector.fold import PAST

_PIECE = 250_000
_MEMORY = "1GB"
# The same order as hub.projector.fold.ranked.
_RANKED = """
SELECT
  *,
  row_number() OVER entity AS place,
  first_value(event_high) OVER entity = event_high AND first_value(event_low) OVER entity = event_low AS again
FROM keys
WINDOW entity AS (
  PARTITION BY entity_high, entity_low
  ORDER BY revision DESC, restated DESC, event_high, event_low, "position", "partition"
)
"""
_PARTED = """
SELECT count(*) FROM (
  SELECT 1 FROM ranked WHERE place = 1 GROUP BY entity_high, entity_low HAVING count(*) > 1
)
"""
_KEYS = """
SELECT
  entity_high, entity_low, revision, restated, event_high, event_low, number + 1 AS row_no, "partition", "position"
FROM ranked WHERE place = 1 ORDER BY entity_high, entity_low
"""
_PAST = """
SELECT entity_high, entity_low, revision, restated, event_high, event_low, "partition", "position"
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY entity_high, entity_low, revision, restated, event_high, event_low ORDER BY "position", "partition"
  ) AS told
  FROM ranked WHERE place > 1 AND NOT again
)
WHERE told = 1
ORDER BY entity_high, entity_low, revision, restated, event_high, event_low
"""
KEYS = pa.schema(
    {
        "entity_id": pa.binary(16), "revision": pa.int64(), "restated": pa.int64(), "event_id": pa.binary(16),
        "row_no": pa.int64(), "partition": pa.int64(), "position": pa.int64(),
    }
)  # fmt: skip


class Newest:
    """Takes events in the order in which they are numbered from 0; then answers. ``folder``: where it may spill."""

    def __init__(self, folder: Path) -> None:
        # In memory as far as there is room, without compression: a database in a file made a rebuild 7 % slower.
        self._connection = duckdb.connect(
            config={"temp_directory": str(folder), "memory_limit": _MEMORY, "preserve_insertion_order": False}
        )
        self._connection.execute(
            "CREATE TABLE keys (number BIGINT, entity_high UBIGINT, entity_low UBIGINT, revision BIGINT,"
            ' restated BIGINT, event_high UBIGINT, event_low UBIGINT, "partition" BIGINT, "position" BIGINT)'
        )
        self._connection.execute(f"CREATE TABLE ranked AS {_RANKED} LIMIT 0")
        self._count = self._first = 0

    @property
    def count(self) -> int:
        """How many it has taken: the number of the next."""
        return self._count

    def add(self, events: Statements) -> None:
        """The next events."""
        columns = {
            "number": self._count + np.arange(len(events)),
            "entity_high": events.entity[:, 0], "entity_low": events.entity[:, 1],
            "revision": events.numbers("revision"), "restated": events.numbers("restated"),
            "event_high": events.event[:, 0], "event_low": events.event[:, 1],
            "partition": events.numbers("partition"), "position": events.numbers("position"),
        }  # fmt: skip
        self._connection.register("coming", pa.table({name: pa.array(x) for name, x in columns.items()}))
        self._connection.execute("INSERT INTO keys SELECT * FROM coming")
        self._connection.unregister("coming")
        self._count += len(events)

    def winners(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Of the bucket that ends here: whether each is its entity's newest."""
        self._connection.execute(f"INSERT INTO ranked {_RANKED}")
        self._connection.execute("TRUNCATE keys")
        won = np.zeros(self._count - self._first, dtype=np.bool_)
        for batch in self._batches(f"SELECT number FROM ranked WHERE place = 1 AND number >= {self._first}"):
            won[batch.column("number").to_numpy() - self._first] = True
        self._first = self._count
        return won

    def parted(self) -> bool:
        """Whether the buckets have no entity in common. If they have, what was told of them is wrong."""
        return self._connection.execute(_PARTED).fetchall() == [(0,)]

    def won(self) -> Iterator[pa.Table]:
        """Rows of :data:`KEYS` by entity; ``row_no`` is the winning event's number + 1, then where it stands."""
        for batch in self._batches(_KEYS):
            yield _shaped(batch, KEYS)

    def past(self) -> Iterator[pa.Table]:
        """Rows of :data:`hub.projector.fold.PAST`: all other events, each once."""
        for batch in self._batches(_PAST):
            yield _shaped(batch, PAST)

    def applied(self) -> dict[int, int]:
        """Partition → how many winners stand in it."""
        found = self._connection.execute('SELECT "partition", count(*) FROM ranked WHERE place = 1 GROUP BY 1')
        return {int(partition): int(count) for partition, count in found.fetchall()}

    def close(self) -> None:
        """Free what it holds."""
        self._connection.close()

    def _batches(self, select: str) -> Iterator[pa.RecordBatch]:
        yield from self._connection.sql(select).to_arrow_reader(_PIECE)


def _shaped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """Pairs of numbers back to ids."""
    columns = []
    for name in schema.names:
        if name in ("entity_id", "event_id"):
            halves = [batch.column(f"{name[:-3]}_{half}").to_numpy() for half in ("high", "low")]
            columns.append(blobs(np.column_stack(halves).astype(np.uint64)))
        else:
            columns.append(batch.column(name))
    return pa.table(columns, schema=schema)
