"""A record as a system has it, with what it states; and a database table with the faults that such tables have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from hub.demo.faults import Bad
from hub.demo.scene import Scene, spread
from hub.demo.truth import Flow, Truth

Row = dict[str, str | None]


@dataclass(frozen=True)
class Statement:
    """A row, and the entries that it gives the ledger: (line, grams, count of things).

    ``records``: how many records the connector makes of the row (a header with its lines is read as several).
    """

    row: Row
    entries: tuple[tuple[Flow, int, int | None], ...]
    records: int = 1


@dataclass(frozen=True)
class Books:
    """What is true of one connector's records."""

    truth: Truth
    connector: str

    def stands(self, statement: Statement) -> None:
        """It is the last word about its key."""
        for flow, mass_g, count in statement.entries:
            self.truth.add(flow, mass_g, count)

    def withdrawn(self, statement: Statement) -> None:
        """It was read, and then withdrawn."""
        self.truth.retracted += len(statement.entries)

    def set_aside(self, statement: Statement, bad: Bad) -> None:
        """It waits in quarantine."""
        self.truth.quarantined[self.connector, bad.error] += statement.records


@dataclass(frozen=True)
class Table:
    """How a table shows what happened to a record: a mark of deletion, a time of change, and how rows are mended.

    ``deleted`` is at what rate rows are marked from the start; ``later`` the rates of what happens afterwards:
    corrected (with a new time of change), silent (without), soft (marked), hard (gone).
    """

    connector: str
    bad: Mapping[str, Bad]
    mark: Row
    stamp: str
    correct: Callable[[Statement], Statement]
    deleted: float
    later: Mapping[str, float]

    def rows(self, scene: Scene, statements: Sequence[Statement]) -> list[Row]:
        """The rows of the table, with their faults; counts what is true of them."""
        rng = scene.rng(self.connector)
        rates = {"deleted": self.deleted} | {name: bad.rate for name, bad in self.bad.items()}
        faults = spread(rng, len(statements), rates)
        later = spread(rng, len(statements), self.later) if scene.later else {}
        changed = str(datetime.combine(scene.end, time(9)) + timedelta(days=20))
        books = Books(scene.truth, self.connector)
        rows = [
            self._row(books, statement, faults.get(number) or later.get(number), changed)
            for number, statement in enumerate(statements)
        ]
        pairs = zip(rows, statements, strict=True)
        scene.truth.records += sum(statement.records for row, statement in pairs if row is not None)
        return [row for row in rows if row is not None]

    def _row(self, books: Books, statement: Statement, fault: str | None, changed: str) -> Row | None:
        if fault == "deleted":
            return statement.row | self.mark
        if fault in ("soft", "hard"):
            books.withdrawn(statement)
            return None if fault == "hard" else statement.row | self.mark | {self.stamp: changed}
        bad = self.bad.get(fault or "")
        if bad is not None:
            books.set_aside(statement, bad)
            return bad.spoil(statement.row)
        if fault is None:
            books.stands(statement)
            return statement.row
        corrected = self.correct(statement)
        books.stands(corrected)
        return corrected.row | ({self.stamp: changed} if fault == "corrected" else {})
