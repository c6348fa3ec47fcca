"""Progress bars: on a terminal only, silent otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.cli.out import on_terminal

#: What is being done, how much of it is done, and of how much (None: nobody knows).
Progress = Callable[[str, int, int | None], None]


@contextmanager
def shown() -> Iterator[Progress]:
    """Give a function to tell how far each piece of work is; a bar per piece while the context lasts."""
    if not on_terminal():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}
    lock = threading.Lock()

    def tell(what: str, done: int, total: int | None) -> None:
        with lock:  # connectors tell it, each from a thread of its own
            if what not in tasks:
                for before in tasks.values():  # one thing after the other: what came before is done
                    bars.update(before, total=bars.tasks[before].completed)
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

    with bars:
        yield tell
