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
    end = object()
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, iterator, end)
        while True:
            item = coming.result()
            if item is end:
                return
            coming = maker.submit(next, iterator, end)
            yield item  # type: ignore[misc]  # ``end`` is told apart by identity, which mypy cannot follow
