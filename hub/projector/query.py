"""The ledger as the command line shows it, from the store's views. Only the standard library: it must start fast."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hub.errors import NotInOrder, RequestWrong, StoreUnavailable
from hub.reference.kinds import STREAMS

KEYS = ("period", "region", "stream", "scheme", "code", "kind", "department")
DEFAULT_BY = ("period", "stream", "kind")

_PERIOD = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])|Q[1-4])?", re.ASCII)
_YEAR = """
SELECT stream, kind, account, debit_g, credit_g FROM (
  SELECT stream, '' AS kind, account, SUM(debit_g) AS debit_g, SUM(credit_g) AS credit_g
  FROM accounts_v1 WHERE {inside} GROUP BY stream, account
  UNION ALL
  SELECT stream, kind, '', SUM(mass_g), 0 FROM flows_v1 WHERE booked = 1 AND {inside} GROUP BY stream, kind
)
"""


def ledger(
    store: Path,
    by: Sequence[str] = DEFAULT_BY,
    period: str | None = None,
    region: str | None = None,
    stream: str | None = None,
) -> dict[str, Any]:
    """``{"as_of", "rows", "coarser"}``: the flows summed by the columns ``by``, in their order.

    ``period`` takes all inside it; ``coarser`` counts the lines of longer periods that reach into it. Each row has
    ``id``, which ``explain`` takes. Without ``department`` in ``by`` only booked reports are summed. ``as_of``: when
    the ledger last moved (ISO text), None where there is none yet. Raises RequestWrong, StoreUnavailable, NotInOrder.
    """
    unknown = [column for column in by if column not in KEYS]
    if unknown or not by:
        raise RequestWrong("{unknown} is no column of the ledger; known: {known}",
                           unknown=", ".join(unknown), known=", ".join(KEYS))  # fmt: skip
    if stream is not None and stream not in STREAMS:
        raise RequestWrong("there is no stream {stream}; known: {known}", stream=stream, known=", ".join(STREAMS))
    columns = [*dict.fromkeys(by), *(["booked"] if "department" in by else [])]
    where, values = _where(region=region, stream=stream)
    if "department" not in by:
        where += " AND booked = 1"
    inside, longer = _periods(period)
    listed = ", ".join(columns)
    with reading(store) as connection:
        if connection is None:
            return {"as_of": None, "rows": [], "coarser": 0}
        found = connection.execute(
            f'SELECT {listed}, SUM(mass_g) AS mass_g, SUM("count") AS "count", SUM(entries) AS entries'
            f" FROM flows_v1 WHERE {where} AND {inside} GROUP BY {listed} ORDER BY {listed}",
            values,
        )
        asked = {"period": f"{period}+" if period else None, "region": region, "stream": stream}
        rows = [{"id": _id(row, by, asked), **row} for row in map(dict, found)]
        coarser = connection.execute(f"SELECT COUNT(*) FROM flows_v1 WHERE {where} AND {longer}", values).fetchone()[0]
        as_of = connection.execute("SELECT MAX(updated_at) FROM positions_v1 WHERE projection = 'ledger'").fetchone()[0]
    return {"as_of": as_of or None, "rows": rows, "coarser": coarser}


def regions(store: Path) -> list[str]:
    """Every region that a line of the ledger has."""
    with reading(store) as connection:
        found = connection.execute("SELECT DISTINCT region FROM flows_v1 ORDER BY region") if connection else ()
        return [row[0] for row in found]


def summary(store: Path, period: str | None = None) -> list[dict[str, Any]]:
    """The one ledger (一本账) of all that is inside ``period``: per stream, grams by what became of them.

    ``arisen``, ``collected``, ``stored`` (net), ``used``, ``disposed``, ``under_way`` (set out and not arrived),
    ``unreported`` (came from where nobody reports). None where nobody reports it, or where only one side of a balance
    is reported, so that the balance would mean nothing.
    """
    inside, _ = _periods(period)
    flows: dict[str, dict[str, int]] = {}
    accounts: dict[str, dict[str, tuple[int, int]]] = {}
    with reading(store) as connection:
        if connection is None:
            return []
        for stream, kind, account, debit, credit in connection.execute(_YEAR.format(inside=inside)):
            flows.setdefault(stream, {})
            accounts.setdefault(stream, {})
            if kind:
                flows[stream][kind] = debit
            else:
                accounts[stream][account] = (debit, credit)
    return [_became(stream, flows[stream], accounts[stream]) for stream in sorted(flows)]


def inside_period(period: str | None, column: str = "period") -> str:
    """SQL: the period of a line lies inside ``period`` (None: any). Raises RequestWrong."""
    if period is None:
        return "1 = 1"
    if not _PERIOD.fullmatch(period):
        raise RequestWrong("{period} is no period; write 2026, 2026Q1 or 2026-03", period=period)
    if "Q" in period:
        first = 3 * int(period[-1]) - 2
        months = ", ".join(f"'{period[:4]}-{month:02d}'" for month in range(first, first + 3))
        return f"{column} IN ('{period}', {months})"
    if "-" in period:
        return f"{column} = '{period}'"
    return f"({column} = '{period}' OR {column} LIKE '{period}-%' OR {column} LIKE '{period}Q%')"


def _periods(period: str | None) -> tuple[str, str]:
    """SQL: inside ``period``; and longer than it but reaching into it."""
    inside = inside_period(period)
    if period is None or len(period) == 4:
        return inside, "1 = 0"
    longer = [period[:4]]
    if "-" in period:
        longer.append(f"{period[:4]}Q{(int(period[5:]) + 2) // 3}")
    return inside, f"period IN ({', '.join(repr(text) for text in longer)})"


def _where(**filters: str | None) -> tuple[str, list[str]]:
    given = {column: value for column, value in filters.items() if value is not None}
    return " AND ".join(["1 = 1", *(f"{column} = ?" for column in given)]), list(given.values())


def _id(row: dict[str, Any], by: Sequence[str], asked: dict[str, str | None]) -> str:
    cells = (row[key] if key in by else asked.get(key) or "*" for key in KEYS)
    return "line:" + "/".join(cells)


def _became(stream: str, flows: dict[str, int], accounts: dict[str, tuple[int, int]]) -> dict[str, Any]:
    def balance(account: str, sign: int = 1) -> int | None:
        if account not in accounts:
            return None
        debit, credit = accounts[account]
        return sign * (debit - credit)

    debit, credit = accounts.get("transit", (0, 0))
    return {
        "stream": stream, "arisen": balance("arisen", -1), "collected": flows.get("COLLECTED"),
        "stored": balance("stored") if "STORED" in flows else None, "used": balance("used"),
        "disposed": balance("disposed"), "under_way": debit - credit if debit and credit else None,
        "unreported": balance("unreported", -1),
    }  # fmt: skip


@contextmanager
def reading(store: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection that cannot write; None where nothing was projected yet."""
    if not store.exists():
        yield None
        return
    try:
        with closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            made = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'flows_v1'").fetchone()
            yield connection if made else None
    except sqlite3.OperationalError as error:
        if "integer overflow" in str(error):
            raise NotInOrder("a sum in the store {path} exceeds 64 bits: {reason}",
                             path=str(store), reason=str(error)) from error  # fmt: skip
        raise StoreUnavailable("the store {path} does not take or give rows: {reason}",
                               path=str(store), reason=str(error)) from error  # fmt: skip
    except sqlite3.DatabaseError as error:
        raise NotInOrder("the store {path} is damaged: {reason}", path=str(store), reason=str(error),
                         remedy="Delete it and project again: the journal has everything.") from error  # fmt: skip
