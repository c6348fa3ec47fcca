"""Where the time goes: timers around the product's own functions, put there for a measurement and taken away again.

A stage's time excludes that of the stages called within it. Stages run on several threads, so their walls overlap and
may wait for each other; their CPU seconds add up, and with ``other`` they are all that the process has used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

Places = Mapping[str, Sequence[tuple[Any, str]]]
"""Stage → (owner, name of its function) of everything that belongs to it."""


@dataclass
class Spent:
    """Seconds of one stage: of its threads' CPU, and of the clock."""

    cpu: float = 0.0
    wall: float = 0.0


@dataclass
class Stopwatch:
    """Seconds by stage; ``wall`` and ``cpu`` of the whole process while it ran."""

    stages: dict[str, Spent] = field(default_factory=dict)
    wall: float = 0.0
    cpu: float = 0.0
    _running: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def over(self, places: Places) -> Iterator[None]:
        """Time everything within, and the stages that ``places`` names."""
        with ExitStack() as stack:
            for stage, functions in places.items():
                self.stages[stage] = Spent()
                for owner, name in functions:
                    function = getattr(owner, name)
                    stack.callback(setattr, owner, name, function)
                    setattr(owner, name, self._timed(stage, function))
            wall, cpu = time.perf_counter(), time.process_time()
            yield
            self.wall += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu

    def other(self) -> float:
        """CPU seconds that no stage has used."""
        return max(self.cpu - sum(spent.cpu for spent in self.stages.values()), 0.0)

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **named: Any) -> Any:
            with self._span(stage):
                result = function(*args, **named)
            return self._steps(stage, result) if isinstance(result, Generator) else result

        return timed

    def _steps(self, stage: str, items: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self._span(stage):
                item = next(items, _END)
            if item is _END:
                return
            yield item

    @contextmanager
    def _span(self, stage: str) -> Iterator[None]:
        outer: list[Spent] = self._running.__dict__.setdefault("inner", [])
        outer.append(Spent())
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            spent = Spent(time.thread_time() - cpu, time.perf_counter() - wall)
            inside = outer.pop()
            if outer:
                outer[-1].cpu += spent.cpu
                outer[-1].wall += spent.wall
            with self._lock:
                self.stages[stage].cpu += spent.cpu - inside.cpu
                self.stages[stage].wall += spent.wall - inside.wall


_END = object()
