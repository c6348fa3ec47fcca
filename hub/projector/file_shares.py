"""One projector at a time: the shares of an embedded store, by locks that the system frees when their owner dies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock

from hub.journal.port import Topic
from hub.projector.port import PROJECTIONS


class FileShares:
    """:class:`hub.projector.port.Shares`: a lock in the folder ``locks`` for every partition; waits for them."""

    def __init__(self, partitions: Mapping[Topic, Sequence[int]], locks: Path) -> None:
        self._files = [
            locks / f"project-{PROJECTIONS[topic]}-{partition}.lock"
            for topic, numbers in partitions.items()
            for partition in numbers
        ]
        self._held = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for path in self._files:
                path.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(FileLock(path))
            self._held = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._held.close()

    def mine(self, topic: Topic, partitions: Sequence[int]) -> list[int]:
        """All of them."""
        return list(partitions)

    def uneven(self, topic: Topic) -> bool:
        """Never: there is nobody else."""
        return False

    def every(self, topic: Topic, partitions: Sequence[int]) -> None:
        """They are, already."""
