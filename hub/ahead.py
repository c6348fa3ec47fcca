"""Work ahead: while one item is used, the next is made on another thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], depth: int = 1) -> Generator[T]:
    """The same items in the same order; at most ``depth`` more than were asked for are made. What making raises, this
    raises.

    The items' maker runs on one other thread and must not share what is not meant to be shared.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1) as maker:
        coming = deque(maker.submit(_next, iterator) for _ in range(depth))
        while (item := coming.popleft().result()) is not None:
            coming.append(maker.submit(_next, iterator))
            yield item[0]


def _next(iterator: Iterator[T]) -> tuple[T] | None:
    try:
        return (next(iterator),)
    except StopIteration:
        return None
