"""Up to where a topic may be read, and the wait until that is far enough."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from hub.errors import HubError
from hub.journal.kafka_client import TRANSACTION_MS, Client
from hub.journal.kafka_faults import SHORT, TOO_LATE, lost, unavailable

_PAUSES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
_LONGEST: Final = 2 * TRANSACTION_MS / 1_000 + 5  # the broker looks for overdue transactions every 10 seconds


class Ends:
    """The last stable offsets of one topic; asked for again only when a reader has come up to them."""

    def __init__(self, client: Client, topic: str, partitions: Sequence[int]) -> None:
        self._client, self._topic, self._partitions = client, topic, partitions
        self._lock = threading.Lock()
        self._known = dict.fromkeys(partitions, 0)
        self._owed = dict.fromkeys(partitions, 0)

    def owe(self, upto: Mapping[int, int]) -> None:
        """From now on whoever asks must be shown what lies below these offsets."""
        with self._lock:
            self._owed = {p: max(offset, upto.get(p, 0)) for p, offset in self._owed.items()}

    def owe_all(self) -> None:
        """From now on whoever asks must be shown everything that is there now, or was undone."""
        self.owe(self._client.offsets(self._topic, self._partitions, "high watermark"))

    def settle(self, seconds: float) -> None:
        """Wait until everybody can see what is owed, for ``seconds`` at most."""
        if any(self._known[partition] < offset for partition, offset in self._owed.items()):
            with suppress(HubError):
                self.now(seconds)

    def now(self, seconds: float = _LONGEST) -> dict[int, int]:
        """As they are now. Raises JournalUnavailable where what is owed does not come to be seen within ``seconds``."""
        owed = self._owed
        deadline, turn = time.monotonic() + seconds, 0
        while True:
            found = self._client.offsets(self._topic, self._partitions, "last stable")
            if all(found[partition] >= offset for partition, offset in owed.items()):
                self._known = found
                return dict(found)
            if time.monotonic() > deadline:
                raise unavailable(TOO_LATE)
            time.sleep(_PAUSES[min(turn, len(_PAUSES) - 1)])
            turn += 1

    def beyond(self, standing: Mapping[int, int]) -> dict[int, int]:
        """Ends that leave something to read for one who stands there, if there is something. Raises JournalCorrupt
        where the topic does not even reach to where he stands."""
        known, owed = self._known, self._owed
        seen = all(known[partition] >= offset for partition, offset in owed.items())
        if seen and any(known[partition] > offset for partition, offset in standing.items()):
            return dict(known)
        found = self.now()
        ahead = {p: offset for p, offset in standing.items() if offset > found[p]}
        if ahead:  # he may have seen, or written, what cannot be seen from here yet
            there = self._client.offsets(self._topic, list(ahead), "high watermark")
            for partition, offset in ahead.items():
                if offset > there[partition]:
                    raise lost(self._topic, partition, offset, SHORT)
        return found
