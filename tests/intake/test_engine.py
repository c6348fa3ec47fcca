"""The DuckDB that runs mappings: walled in, in order, and clear about whose fault a failure is."""

from __future__ import annotations

import threading

import pyarrow as pa
import pytest

from hub.errors import Refused, SetAside
from hub.intake.engine import Engine
from tests.intake.plugging import connector_text, trial_of

ROWS = {"rn": pa.array([3, 1, 2], pa.int64()), **{f"c{i}": pa.array(["1", "x", None], pa.string()) for i in range(4)}}


@pytest.fixture
def engine() -> Engine:
    """The engine of a connector with columns V, U, T, R (c0 to c3, in the order of its map)."""
    return trial_of(connector_text())._engine


def test_rows_come_back_in_their_order(engine: Engine) -> None:
    """Whatever order a batch has, results are by row number."""
    found = engine.evaluate(pa.table(ROWS), {"a": "c0"})
    assert found.to_pydict() == {"rn": [1, 2, 3], "a": ["x", None, "1"]}


def test_a_later_step_sees_the_columns_of_the_steps_before(engine: Engine) -> None:
    """Steps are computed one after the other."""
    found = engine.evaluate(pa.table(ROWS), {"a": "length(c0)"}, {"b": "a + 1"}, {"c": "b * 10"})
    assert found.column_names == ["rn", "a", "b", "c"]
    assert found["c"].to_pylist() == [20, None, 20]


def test_what_fails_over_a_record_is_the_records_fault(engine: Engine) -> None:
    """A failure that only some texts bring about sets those records aside."""
    with pytest.raises(SetAside):
        engine.evaluate(pa.table(ROWS), {"a": "CAST(c0 AS INTEGER)"})
    assert engine.evaluate(pa.table(ROWS).slice(0, 1), {"a": "CAST(c0 AS INTEGER)"})["a"].to_pylist() == [1]


FIVE = " * ".join(["CAST(1 AS DECIMAL(24,9))"] * 5)


@pytest.mark.parametrize("sql", ["no_such_column", "no_such_function(c0)", "c0 +", "regexp_matches(c0, '(')", FIVE])
@pytest.mark.parametrize("size", [0, 3])
def test_what_fails_over_any_record_is_the_mappings_fault(engine: Engine, sql: str, size: int) -> None:
    """What DuckDB cannot do over no rows at all is refused at once; no record is set aside for it."""
    with pytest.raises(Refused):
        engine.evaluate(pa.table(ROWS).slice(0, size), {"a": sql})


def test_a_failure_leaves_the_engine_as_it_was(engine: Engine) -> None:
    """After a failure the next batch is mapped as if nothing had happened."""
    with pytest.raises(SetAside):
        engine.evaluate(pa.table(ROWS), {"a": "CAST(c0 AS INTEGER)"})
    assert engine.evaluate(pa.table(ROWS), {"a": "c0"}).num_rows == 3
    engine.prepare()


class Slow(threading.Timer):
    """Takes a moment to end, as on a busy machine."""

    def run(self) -> None:
        """As a timer, and then on for a moment."""
        super().run()
        threading.Event().wait(0.05)


def test_who_watches_over_a_statement_is_gone_with_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that still held the connection as the process ends would close it, and that aborts the process: seen
    once in ten commands of a busy machine."""
    monkeypatch.setattr(threading, "Timer", Slow)
    engine.evaluate(pa.table(ROWS), {"a": "c0"})
    assert not [thread for thread in threading.enumerate() if isinstance(thread, Slow)]
