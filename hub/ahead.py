"""Work one step ahead: while one item is used, the next is made on another thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items in the same order; at most one more than was asked for is made. What making raises, this raises.

    The items' maker runs on one other thread and must not share what is not meant to be shared.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(_next, iterator)
        while (item := coming.result()) is not None:
            coming = maker.submit(_next, iterator)
            yield item[0]


def _next(iterator: Iterator[T]) -> tuple[T] | None:
    try:
        return (next(iterator),)
    except StopIteration:
        return None
