"""The journal's topics: found, or made where there are none, and checked before anything is read or written, and
again and again for as long as they are used.

What makes a topic useless as a journal is refused here: another number of partitions than the journal was made with, a
setting by which it would forget, messages that are gone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from hub.journal.kafka_client import SETTINGS, Client, Cluster
from hub.journal.kafka_faults import FOREIGN, FORGOT, GONE, lost, not_made, wrong_partitions, wrong_setting
from hub.journal.port import Topic

_MAKING_SECONDS: Final = 30.0
_PAUSE: Final = 0.05


class Topics:
    """The topics by the names they have on the cluster. ``identity`` names this very journal; ``believed`` is for how
    many seconds it is taken for granted that they are still as they were when they were checked."""

    def __init__(self, client: Client, names: Mapping[Topic, str], partitions: int, believed: float) -> None:
        self._client, self._names, self._partitions, self._believed = client, names, partitions, believed
        cluster = client.describe(list(names.values()))
        if len(cluster.topics) < len(names):
            cluster = self._made(cluster)
        self.identity = self._identity(cluster)
        self._check_memory()

    def check(self) -> None:
        """Raises JournalCorrupt where the topics are not those of the start any more or lost messages, Refused where
        they were given other partitions, or settings by which they would forget."""
        cluster = self._client.describe(list(self._names.values()))
        for name in self._names.values():
            if name not in cluster.topics:
                raise lost(name, 0, 0, GONE)
        if self._identity(cluster) != self.identity:
            raise lost(next(iter(self._names)), 0, 0, FOREIGN)
        self._check_memory()

    def check_in_time(self) -> None:
        """Check, unless it was done a moment ago."""
        if time.monotonic() >= self._checked + self._believed:
            self.check()

    def _made(self, cluster: Cluster) -> Cluster:
        missing = [name for name in self._names.values() if name not in cluster.topics]
        for name, state in cluster.topics.items():
            ends = self._client.offsets(name, range(state.partitions), "high watermark")
            if any(ends.values()):  # this was a journal already, of which a part is gone
                raise lost(missing[0], 0, 0, GONE)
        self._client.create(missing, self._partitions)
        deadline = time.monotonic() + _MAKING_SECONDS
        while len(cluster.topics) < len(self._names):
            if time.monotonic() > deadline:
                raise not_made(missing)
            time.sleep(_PAUSE)
            cluster = self._client.describe(list(self._names.values()))
        return cluster

    def _identity(self, cluster: Cluster) -> str:
        for name, state in cluster.topics.items():
            if state.partitions != self._partitions:
                raise wrong_partitions(name, state.partitions, self._partitions)
        return ":".join([cluster.id, *(cluster.topics[name].id for name in self._names.values())])

    def _check_memory(self) -> None:
        """That nothing will be forgotten, nor was."""
        self._check_settings()
        self._check_beginnings()
        self._checked = time.monotonic()

    def _check_settings(self) -> None:
        for name, found in self._client.settings(list(self._names.values())).items():
            for key, wanted in SETTINGS.items():
                if found[key] != wanted and not (key == "max.message.bytes" and int(found[key]) > int(wanted)):
                    raise wrong_setting(name, key, found[key], wanted)

    def _check_beginnings(self) -> None:
        for name in self._names.values():
            for partition, first in self._client.offsets(name, range(self._partitions), "first").items():
                if first > 0:
                    raise lost(name, partition, first, FORGOT)
