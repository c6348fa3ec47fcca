"""Projectors that share the partitions of a journal, by locks in the database alone.

Everyone who takes part has a session that holds a shared lock (so all can be counted) and a lock for each partition
that is his. A thread keeps the session awake; a process that is stopped, cut off or dead lets it sleep, the server
ends it after some seconds, and its partitions are free. Should it wake up, its claims are no longer the newest.
The same thread ends sessions of others that were stopped where the server itself would wait for ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import psycopg

from hub.errors import Fenced, StoreUnavailable
from hub.journal.port import TOPICS, Topic
from hub.projector.postgres_server import Server
from hub.projector.postgres_stuck import Stuck

# Classes of advisory locks: the first half of their keys.
TAKES_PART, _OWNS = 0x7761_7301, 0x7761_7302
_PAUSE_SECONDS = 0.1
COUNT = """
SELECT count(DISTINCT pid) FROM pg_locks
WHERE locktype = 'advisory' AND classid = %s AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class PostgresShares:
    """:class:`hub.projector.port.Shares` among all projectors of one database."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._held: dict[Topic, set[int]] = {topic: set() for topic in TOPICS}
        self._asked: dict[Topic, int] = dict.fromkeys(TOPICS, 0)
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        with self._translated():
            self._connection = self._server.connect({"idle_session_timeout": self._server.milliseconds})
            self._connection.autocommit = True
            self._connection.execute("SELECT pg_advisory_lock_shared(%s, 0)", (TAKES_PART,))
        self._beat = threading.Thread(target=self._stay_awake, name="wastehub-shares", daemon=True)
        self._beat.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._beat.join()
        with suppress(psycopg.Error):  # else the server would see only a moment later that it has gone
            self._connection.execute("SELECT pg_advisory_unlock_all()")
        self._connection.close()
        if isinstance(error, Fenced):
            raise StoreUnavailable(
                "another projector took over what this one had in the store {path}", path=self._server.name,
                remedy="It was stopped or cut off for more than {seconds:.0f} seconds; it takes part again at the next try.",
                seconds=self._server.patience,
            ) from error  # fmt: skip

    def mine(self, topic: Topic, partitions: Sequence[int]) -> list[int]:
        """As the port says."""
        with self._translated():
            self._asked[topic], most = len(partitions), self._share(len(partitions))
            held = self._held[topic]
            for partition in sorted(held - {*sorted(held & {*partitions})[:most]}):
                self._ask("pg_advisory_unlock", topic, partition)
                held.remove(partition)
            for partition in partitions:
                if len(held) < most and partition not in held:
                    self._try(topic, partition)
            return sorted(held)

    def uneven(self, topic: Topic) -> bool:
        """As the port says."""
        with self._translated():
            return len(self._held[topic]) > self._share(self._asked[topic])

    def every(self, topic: Topic, partitions: Sequence[int]) -> None:
        """As the port says: others give theirs back when they have come to the journal's end. One after the other:
        of two who want all, the second holds nothing that the first one still waits for."""
        held = self._held[topic]
        for partition in sorted(partitions):
            while partition not in held:
                with self._translated():
                    self._try(topic, partition)
                if partition not in held:
                    time.sleep(_PAUSE_SECONDS)

    def _share(self, count: int) -> int:
        """A fair part of so many partitions, rounded up."""
        everyone: int = self._one(COUNT, TAKES_PART)
        return -(-count // max(everyone, 1))

    def _try(self, topic: Topic, partition: int) -> None:
        if self._ask("pg_try_advisory_lock", topic, partition):
            self._held[topic].add(partition)

    def _ask(self, function: str, topic: Topic, partition: int) -> Any:
        return self._one(f"SELECT {function}(%s, %s)", _OWNS, lock_key(topic, partition))

    def _one(self, statement: str, *values: object) -> Any:
        row = self._connection.execute(statement.encode(), values).fetchone()
        return row[0] if row is not None else None

    def _stay_awake(self) -> None:
        stuck = Stuck(self._server.patience)
        while not self._ended.wait(self._server.patience / 5):
            try:
                stuck.look(self._connection, time.monotonic())
            except psycopg.Error:
                return  # whoever uses the session next is told

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            translated = self._server.error(error)
            if translated is None:
                raise
            raise translated from error


def lock_key(topic: Topic, partition: int) -> int:
    """The second half of the key of a partition's lock."""
    return TOPICS.index(topic) << 24 | partition
