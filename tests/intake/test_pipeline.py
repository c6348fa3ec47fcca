"""Three stages in three threads: everything arrives in order, and the first failure ends all."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from hub.intake.pipeline import run_stages

STAGES = ("reading", "stating", "appending")


class Broken(Exception):
    """A stage broke."""


@pytest.mark.parametrize("size", [0, 1, 2, 3, 100])
def test_everything_arrives_in_order(size: int) -> None:
    """What the source gives passes the middle and reaches the sink, once and in order."""
    found: list[int] = []
    run_stages(range(size), lambda n: n * 2, found.append)
    assert found == [n * 2 for n in range(size)]


def test_nothing_is_taken_for_the_end() -> None:
    """None, False and empty lists are items like others."""
    found: list[object] = []
    run_stages([None, False, [], 0, "", None], lambda item: item, found.append)
    assert found == [None, False, [], 0, "", None]


@pytest.mark.parametrize("failure", [Broken, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("at", [0, 1, 50])
@pytest.mark.parametrize("stage", STAGES)
def test_the_first_failure_ends_all(stage: str, at: int, failure: type[BaseException]) -> None:
    """Wherever a stage breaks, its error comes out, what was before it arrived in order, and no thread is left."""
    before, found = threading.active_count(), []

    def source() -> Iterator[int]:
        for number in range(1_000_000):
            if stage == "reading" and number == at:
                raise failure
            yield number

    def middle(number: int) -> int:
        if stage == "stating" and number == at:
            raise failure
        return number

    def sink(number: int) -> None:
        if stage == "appending" and number == at:
            raise failure
        found.append(number)

    with pytest.raises(failure):
        run_stages(source(), middle, sink)
    assert found == list(range(len(found)))
    assert len(found) <= at
    assert threading.active_count() == before


def test_a_fast_source_waits_for_a_slow_sink() -> None:
    """Only a few batches are ever between the stages, however long the source is."""
    lead: list[int] = []
    read = appended = 0

    def source() -> Iterator[int]:
        nonlocal read
        for number in range(200):
            read = number
            yield number

    def sink(_: int) -> None:
        nonlocal appended
        lead.append(read - appended)
        appended += 1

    run_stages(source(), lambda n: n, sink)
    assert appended == 200
    assert max(lead) <= 8


def test_the_middle_runs_in_the_callers_thread() -> None:
    """DuckDB and the cache stay in one thread."""
    names: list[str] = []
    run_stages(range(3), lambda _: names.append(threading.current_thread().name), lambda _: None)
    assert set(names) == {threading.current_thread().name}
