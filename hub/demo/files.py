"""Files that a system writes one after the other, and the ways in which a record comes late, twice or changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from hub.demo.faults import Bad
from hub.demo.statements import Books, Row, Statement


@dataclass(frozen=True)
class Files:
    """The rows of each file, by the day that names it, and what is true of them.

    A record may be: late (only in the later file), resent (again as it was), corrected (again with other figures),
    cancelled (again with ``mark``), mended (bad at first, then good), spoilt (good at first, then bad: the first
    statement stands while the second waits), or have a fault of ``bad``. ``puzzle`` is the fault of mended and
    spoilt records.
    """

    books: Books
    bad: Mapping[str, Bad]
    puzzle: Bad
    correct: Callable[[Statement], Statement]
    mark: Row = field(default_factory=dict)
    rows: defaultdict[date, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def tell(self, statement: Statement, day: date, fault: str | None = None, afterwards: date = date.max) -> None:
        """State a record in ``day``'s file, and again ``afterwards`` where its fault is of that kind."""
        bad = self.bad.get(fault or "")
        if bad is not None:
            self._put(day, bad.spoil(statement.row))
            self.books.set_aside(statement, bad)
            return
        if fault != "late":
            self._put(day, self.puzzle.spoil(statement.row) if fault == "mended" else statement.row)
        last = self.correct(statement) if fault == "corrected" else statement
        if fault == "cancelled":
            self._put(afterwards, last.row | self.mark)
            self.books.withdrawn(last)
            return
        if fault == "spoilt":
            self._put(afterwards, self.puzzle.spoil(last.row))
            self.books.set_aside(statement, self.puzzle)
        elif fault is not None:
            self._put(afterwards, last.row)
        self.books.stands(last)

    def _put(self, day: date, row: Row) -> None:
        self.rows[day].append(row)
        self.books.truth.records += 1
