"""A pull: one connector's source is read, what it says is appended, and what it no longer has is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from hub.intake.cache_file import as_left
from hub.intake.connector import SqlSpec
from hub.intake.engine import Engine
from hub.intake.memory import system_memory
from hub.intake.plug import Plug
from hub.intake.pull_files import pull_files
from hub.intake.pull_table import pull_table
from hub.intake.pulled import Pulled
from hub.intake.session import Session, Surroundings
from hub.intake.spoilt import CacheSpoilt, thrown_away_if_spoilt
from hub.journal.port import Journal

_LOOK_SECONDS = 0.5
"""So often one who waits for a lock looks whether it is to stop."""


class Puller:
    """Pulls one connector, as often as it is asked. While it does, it holds the lock of the connector's identity."""

    def __init__(self, plug: Plug, journal: Journal, around: Surroundings) -> None:
        self._plug, self._journal, self._around = plug, journal, around

    @cached_property
    def _engine(self) -> Engine:
        return self._plug.engine()

    def pull(self, *, wait: bool = False, compare: bool = False) -> Pulled:
        """Read the source once. ``wait``: for files that still move. ``compare``: all keys and texts, cursor or not.

        Waits for another pull of the same connector. Raises Refused where the key or the parts changed, Fenced where a
        later puller took over, SourceUnavailable and JournalUnavailable where it may be tried again, Interrupted where it
        is to stop.
        """
        try:
            return self._pull(wait=wait, compare=compare)
        except CacheSpoilt:
            return self._pull(wait=wait, compare=compare)

    def _pull(self, *, wait: bool, compare: bool) -> Pulled:
        with self.session() as session:
            session.refuse_changed_shape()
            spec = session.connector.source
            if isinstance(spec, SqlSpec):
                return pull_table(session, spec, compare=compare)
            return pull_files(session, wait=wait)

    @contextmanager
    def session(self, act_id: str | None = None) -> Iterator[Session]:
        """Hold the identity: its lock (freed by the system when its holder dies) and the journal's fence."""
        locks = self._around.folder / "data" / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        cache = self._around.seen_path(self._plug.connector.identity)
        with (
            self._lock(locks / f"{self._plug.connector.identity}.lock"),
            system_memory,
            thrown_away_if_spoilt(cache),
            as_left(cache),
            closing(Session(self._plug, self._journal, self._around, self._engine, act_id)) as session,
        ):
            yield session

    @contextmanager
    def _lock(self, path: Path) -> Iterator[None]:
        lock = FileLock(path)
        while not lock.is_locked:
            self._around.go_on()
            with suppress(Timeout):
                lock.acquire(timeout=_LOOK_SECONDS)
        try:
            yield
        finally:
            lock.release()
