"""Random histories of a table."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.intake.histories import DELETED, History, Kind, Row, time_text
from tests.intake.world import World, connector, table_source

Cursor = tuple[str, str]
LAG_MINUTES = 10
KEYS, CHANGES = 40, 25
TABLES = {
    "cursor_and_version": Kind(", cursor: {by: G, lag: 10m}, version: V", "V", "G"),
    "cursor_and_version_in_parts": Kind(", cursor: {by: G, lag: 10m}, version: V", "V", "G", parts=True),
    "cursor": Kind(", cursor: G", "G", "G"),
    "cursor_that_counts": Kind(", cursor: V", None, "V", parts=True),
    "version": Kind(", version: V", "V"),
    "version_in_parts": Kind(", version: V", "V", parts=True),
    "counted": Kind("", None),
    "counted_in_parts": Kind("", None, parts=True),
}


class TableHistory(History):
    """A table that changes between pulls."""

    def __init__(self, folder: Path, kind: str, seed: int) -> None:
        chosen = TABLES[kind]
        yaml = connector(table_source(chosen.source + DELETED), parts=chosen.parts)
        super().__init__(folder, chosen, seed, yaml)
        self.columns = ["K", "M", "N", "V", "G", "D", "S", "X"]
        self.cursor: Cursor | None = None
        self.compared_day: object = None
        self.is_odd = False

    def step(self, here: World, number: int) -> None:
        """Rows change, perhaps a column comes, perhaps a day or the cache goes; then a pull."""
        if number == 3:
            self.columns.append("ADDED")
        if self.chance(0.3):
            here.later(days=1)
        for _ in range(KEYS if number == 0 else CHANGES):
            self.happen()
        here.table(self.rows, self.columns)
        forget = self.chance(0.3)
        if forget:
            here.drop_cache()
        since = [] if self.cursor is None else self.since()
        compare = self.looks_odd() or self.chance(0.2)
        self.oracle.read(since, ordered=False)
        today = here.now.astimezone(ZoneInfo("Asia/Shanghai")).date()
        counts_differ = len(self.rows) != self.oracle.live()
        if self.kind.cursor is None or self.cursor is None or compare or forget or counts_differ or self.compared_day != today:
            self.compared_day = today
            if self.oracle.read(self.rows, ordered=False):
                self.oracle.vanish(self.rows)
        self.move()
        self.pull(here, compare=compare)

    def happen(self) -> None:
        """One thing happens to the table."""
        if len(self.rows) < KEYS // 2 or self.chance(0.2):
            self.rows.append(self.fresh(f"k{self.random.randrange(KEYS)}" if self.chance(0.3) else f"n{self.tick}"))
            if any(row["K"] == self.rows[-1]["K"] for row in self.rows[:-1]):
                self.rows.pop()
            else:
                self.past.setdefault(self.rows[-1]["K"] or "", [dict(self.rows[-1])])
            return
        row = self.random.choice(self.rows)
        if row["K"] is None or self.chance(0.1):
            self.rows.remove(row)
        elif self.chance(0.04):
            self.rows.append(dict(row) | {"K": None, "X": self.number()})
        elif self.kind.cursor and sum(other["K"] == row["K"] for other in self.rows) > 1:
            self.rows.remove(row)
        elif self.chance(0.1):
            self.twin(row)
        else:
            self.change(row)

    def twin(self, row: Row) -> None:
        """Another row with a key that there is. What a cursor's read may find alone of two must be the one that counts."""
        if self.kind.cursor and not (self.kind.version and row["V"] and row["G"]):
            return
        self.rows.append(twin := dict(row))
        if self.kind.version is not None and self.chance(0.5):
            self.stamp(twin)
            twin["V"], twin["G"] = f"{self.tick:06d}", time_text(self.tick)
            twin["M"] = self.number()
        elif self.kind.cursor is None:
            twin["M"] = self.number()

    def looks_odd(self) -> bool:
        """Rows that the count of known keys cannot tell from missing ones: the test then asks for a comparison."""
        keys = [row["K"] for row in self.rows]
        unsaid = any(
            (row.get("D") or not (row.get("M") or row.get("N"))) and self.is_unknown(row["K"] or "") for row in self.rows
        )
        self.is_odd |= unsaid or None in keys or len(set(keys)) < len(keys)
        return self.is_odd

    def is_unknown(self, key: str) -> bool:
        """The hub does not know of the key, or knows it as gone."""
        known = self.oracle.known.get(key)
        return known is None or known.state == "absent"

    def place(self, row: Row) -> Cursor:
        """Where a row lies in the order of the cursor."""
        return row.get(self.kind.cursor or "") or "", row["K"] or ""

    def since(self) -> list[Row]:
        """What a pull reads: rows without a cursor, those after it, and those of the lag again."""
        at = self.cursor
        assert at is not None
        low = at[0] if self.kind.cursor != "G" or "lag" not in self.kind.source else lagged(at[0])
        lag = low if low != at[0] else None
        return [
            row for row in self.rows
            if not row.get(self.kind.cursor or "")
            or self.place(row) > at
            or (row["K"] is None and self.place(row)[0] >= at[0])
            or (lag is not None and lag <= self.place(row)[0])
        ]  # fmt: skip

    def move(self) -> None:
        """The cursor goes to the last row that has one and a key."""
        if self.kind.cursor is not None:
            places = [self.place(row) for row in self.rows if row.get(self.kind.cursor) and row["K"]]
            self.cursor = max([*places, *([self.cursor] if self.cursor else [])], default=None)


def lagged(text: str) -> str:
    """The time LAG_MINUTES before."""
    return str(datetime.fromisoformat(text) - timedelta(minutes=LAG_MINUTES))
