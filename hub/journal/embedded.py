"""The journal on one machine: a SQLite file. One partition, 0, per topic; many processes may read and write it.

A row per chunk of messages. Readers never wait for a writer (WAL); writers take turns, each for the length of one
insert: compression happens before. What is acknowledged is on the disk (synchronous=FULL).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from hub.errors import Fenced, JournalUnavailable, RequestWrong
from hub.events.schema import FOR_TOPIC
from hub.journal import registry
from hub.journal.chunk import Chunk, Packed, corrupt, messages, packed
from hub.journal.embedded_file import connect, create
from hub.journal.port import TOPICS, Appended, Fence, Outgoing, Run, Stored, Topic
from hub.journal.runs import Runs
from hub.texts import N_

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BROKEN: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_READ_BYTES: Final = 256 << 20  # a read stops here whatever its limit: a batch must fit in memory
_COLUMNS: Final = "topic, first, count, appended_us, schema_id, writer, raw_size"
_AROUND: Final = "first >= coalesce((SELECT max(first) FROM chunks WHERE topic = :topic AND first <= :position), 0)"


class EmbeddedJournal:
    """:class:`hub.journal.port.Journal` in the SQLite file ``path``, made where there is none.

    May be shared by threads (each gets a connection of its own), not carried through a fork. ``clock`` gives µs since
    the epoch; ``busy_seconds`` is how long a writer waits for another before JournalUnavailable. Raises Refused where
    the file is no journal or one of a newer wastehub.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], int] = lambda: time.time_ns() // 1000, busy_seconds: float = 30.0
    ) -> None:
        self._path, self._clock, self._busy_seconds = path, clock, busy_seconds
        self._local = threading.local()
        self._lock = threading.Lock()
        self._opened: list[sqlite3.Connection] = []
        with _translated():
            if not path.exists():
                create(path)
            connection = self._connection()
            self._identity = str(connection.execute("SELECT identity FROM journal").fetchone()[0])
            self._schema_ids: Mapping[str, int] = registry.known(connection)
        if len(self._schema_ids) < len(FOR_TOPIC):
            with self._writing() as connection:
                self._schema_ids = registry.register(connection)

    @property
    def identity(self) -> str:
        """A UUID made with the file."""
        return self._identity

    @property
    def place(self) -> str:
        """Its path."""
        return str(self._path)

    @property
    def partitions(self) -> Mapping[Topic, Sequence[int]]:
        """Always partition 0."""
        return dict.fromkeys(TOPICS, (0,))

    def schema(self, schema_id: int) -> str:
        """The Avro schema that messages with ``schema_id`` were written with. RequestWrong where there is none."""
        with _translated():
            return registry.text(self._connection(), schema_id)

    def fence(self, identity: str) -> Fence:
        """Become the only writer for ``identity``."""
        raised = (
            "INSERT INTO epochs (identity, epoch) VALUES (?, 1) "
            "ON CONFLICT (identity) DO UPDATE SET epoch = epoch + 1 RETURNING epoch"
        )
        with self._writing() as connection:
            return Fence(identity, int(connection.execute(raised, (identity,)).fetchall()[0][0]))

    def append(self, fence: Fence, outgoing: Sequence[Outgoing]) -> list[Appended]:
        """Append all in one transaction."""
        for item in outgoing:
            if len(item.keys) != len(item.values) or item.values.null_count:
                raise RequestWrong("each message of {topic} needs a key and a value", topic=item.topic)
        pieces = [(item.topic, list(packed(item.values))) for item in outgoing]
        with self._writing() as connection:
            row = connection.execute("SELECT epoch FROM epochs WHERE identity = ?", (fence.identity,)).fetchone()
            if row is None or row[0] != fence.epoch:
                raise Fenced("a later process took over {identity}; this one stops", identity=fence.identity)
            return [self._insert(connection, topic, found, fence.identity) for topic, found in pieces]

    def read(self, topic: Topic, start: Mapping[int, int], limit: int, identity: str | None = None) -> list[Run]:
        """Up to ``limit`` messages (fewer where they are large); what other identities wrote is not even unpacked."""
        position = start.get(0, 0)
        runs = Runs(topic, position, max(limit, 1), _READ_BYTES)
        with self._reading(topic, position) as connection:
            end = self._end(connection, topic)
            if position > end:
                raise corrupt(topic, position, N_("it ends before this place: it lost messages, or is another journal"))
            with closing(_chunks(connection, topic, position, identity)) as chunks:
                while runs.next < end and not runs.full:
                    chunk = next(chunks, None)
                    if chunk is None or not chunk.first <= runs.next < chunk.next:
                        raise corrupt(topic, runs.next, N_("a chunk is missing"))
                    if identity in (None, chunk.writer):
                        runs.add(chunk)
                    else:
                        runs.skip(chunk)
        return runs.finished()

    def read_at(self, topic: Topic, places: Sequence[tuple[int, int]]) -> list[Stored]:
        """The messages at these places, each chunk unpacked once."""
        found: dict[int, Stored] = {}
        wanted = sorted({position for _, position in places})
        for partition, position in places:
            if partition != 0:
                raise corrupt(topic, position, f"there is no partition {partition}")
        with self._reading(topic, wanted[0] if wanted else 0) as connection:
            for position in wanted:
                if position not in found:
                    found.update(_around(connection, topic, position, wanted))
        return [found[position] for _, position in places]

    def end(self, topic: Topic) -> dict[int, int]:
        """The position that the next message will have."""
        with _translated(topic):
            return {0: self._end(self._connection(), topic)}

    def at(self, topic: Topic, time: datetime) -> dict[int, int]:
        """First position appended after ``time``; final once ``time`` is past and no append of then still runs."""
        first_later = (
            "SELECT coalesce((SELECT first FROM chunks WHERE topic = :topic AND appended_us > :time "
            "ORDER BY appended_us, first LIMIT 1), next) FROM topics WHERE topic = :topic"
        )
        wanted = {"topic": topic, "time": (time - _EPOCH) // timedelta(microseconds=1)}
        with _translated(topic):
            return {0: int(self._connection().execute(first_later, wanted).fetchone()[0])}

    def close(self) -> None:
        """Close every thread's connection; the journal cannot be used afterwards."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

    def _insert(self, connection: sqlite3.Connection, topic: Topic, pieces: Sequence[Packed], writer: str) -> Appended:
        asked = connection.execute("SELECT next, appended_us FROM topics WHERE topic = ?", (topic,))
        start, last = asked.fetchone()
        now = max(self._clock(), last)  # a clock set back must not make time run backwards in the journal
        position = start
        for piece in pieces:
            chunk = Chunk(
                topic, position, piece.count, now, self._schema_ids[FOR_TOPIC[topic]], writer, piece.raw_size,
                piece.payload,
            )  # fmt: skip
            connection.execute(
                f"INSERT INTO chunks ({_COLUMNS}, payload, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", chunk.sealed()
            )
            position = chunk.next
        if position > start:
            connection.execute("UPDATE topics SET next = ?, appended_us = ? WHERE topic = ?", (position, now, topic))
        return Appended(np.zeros(position - start, np.int64), np.arange(start, position, dtype=np.int64))

    def _connection(self) -> sqlite3.Connection:
        """This thread's."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self._path, self._busy_seconds)
            self._local.connection = connection
            with self._lock:
                self._opened.append(connection)
        return connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction from the first statement on: one that turns into it later fails at once when busy."""
        with _translated(), self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _reading(self, topic: Topic, position: int) -> Iterator[sqlite3.Connection]:
        """One state of the journal for all statements within."""
        with _translated(topic, position), self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute(begin)
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @staticmethod
    def _end(connection: sqlite3.Connection, topic: Topic) -> int:
        return int(connection.execute("SELECT next FROM topics WHERE topic = ?", (topic,)).fetchone()[0])


@contextmanager
def _translated(topic: Topic = "events", position: int = 0) -> Iterator[None]:
    """SQLite's and the system's errors as the hub's; the place is named where the file is damaged."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)  # None: not from SQLite but a wrong call, which is our bug
        if code is None:
            raise
        if code & 0xFF in _BROKEN:
            raise corrupt(topic, position, str(error)) from error
        raise JournalUnavailable("the journal does not answer: {reason}", reason=str(error)) from error
    except OSError as error:
        raise JournalUnavailable("the journal does not answer: {reason}", reason=str(error)) from error


def _chunks(
    connection: sqlite3.Connection, topic: Topic, position: int, identity: str | None
) -> Generator[Chunk, None, None]:
    """From the one with ``position`` on; without payload where another identity wrote it."""
    rows = connection.execute(
        f"SELECT {_COLUMNS}, CASE WHEN :writer IS NULL OR writer = :writer THEN payload ELSE x'' END, seal "
        f"FROM chunks WHERE topic = :topic AND {_AROUND} ORDER BY first",
        {"topic": topic, "position": position, "writer": identity},
    )
    with closing(rows):
        for row in rows:
            yield Chunk(*row)


def _around(connection: sqlite3.Connection, topic: Topic, position: int, wanted: Sequence[int]) -> dict[int, Stored]:
    """The wanted messages that lie in the chunk of ``position``, that one among them."""
    with closing(_chunks(connection, topic, position, None)) as chunks:
        chunk = next(chunks, None)
    if chunk is None or not chunk.first <= position < chunk.next:
        raise corrupt(topic, position, N_("there is no such place"))
    values = messages(*chunk.unpacked(), 0, chunk.count)
    inside = wanted[bisect_left(wanted, chunk.first) : bisect_left(wanted, chunk.next)]
    return {p: Stored(0, p, chunk.schema_id, chunk.appended_us, values[p - chunk.first]) for p in inside}
