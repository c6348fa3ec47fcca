"""The ledger as the command line shows it, from the store's views. Only the standard library: it must start fast."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hub.errors import RequestWrong
from hub.projector.views import Views, must_be_text
from hub.reference.kinds import STREAMS

KEYS = ("period", "region", "stream", "scheme", "code", "kind", "department")
DEFAULT_BY = ("period", "stream", "kind")

_PERIOD = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])|Q[1-4])?", re.ASCII)
_SUM = "CAST(SUM(CAST({0} AS decimal(38,0))) AS bigint)"
_YEAR = f"""
SELECT stream, '' AS kind, account, {_SUM.format("debit_g")} AS debit_g, {_SUM.format("credit_g")} AS credit_g
FROM accounts_v1 WHERE {{inside}} GROUP BY stream, account
UNION ALL
SELECT stream, kind, '', {_SUM.format("mass_g")}, 0 FROM flows_v1 WHERE booked = 1 AND {{inside}} GROUP BY stream, kind
"""


def undecodable(views: Views, limit: int) -> tuple[int, list[str]]:
    """How many messages could not be decoded and were closed by nobody; the first ids (``topic/partition/position``)."""
    those = "FROM quarantine_v1 WHERE id LIKE '%/%' AND state = 'open'"
    with views.reading() as reader:
        if reader is None:
            return 0, []
        count = reader.rows(f"SELECT COUNT(*) AS messages {those}")[0]["messages"]
        shown = reader.rows(f"SELECT id {those} ORDER BY id LIMIT ?", (limit,))
    return int(count), [str(row["id"]) for row in shown]


def undecodable_state(views: Views, id_: str) -> str | None:
    """The state in quarantine_v1 of a message that could not be decoded; None where ``id_`` is none of those."""
    with views.reading() as reader:
        found = [] if reader is None else reader.rows("SELECT state FROM quarantine_v1 WHERE id LIKE '%/%' AND id = ?", (id_,))
    return str(found[0]["state"]) if found else None


def ledger(
    views: Views,
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
    if region is not None:
        must_be_text(region)
    columns = [*dict.fromkeys(by), *(["booked"] if "department" in by else [])]
    where, values = _where(region=region, stream=stream)
    if "department" not in by:
        where += " AND booked = 1"
    inside, longer = _periods(period)
    listed = ", ".join(columns)
    sums = ", ".join(f'{_SUM.format(column)} AS {column}' for column in ("mass_g", '"count"', "entries"))
    with views.reading() as reader:
        if reader is None:
            return {"as_of": None, "rows": [], "coarser": 0}
        found = reader.rows(
            f"SELECT {listed}, {sums} FROM flows_v1 WHERE {where} AND {inside} GROUP BY {listed} ORDER BY {listed}",
            values,
        )
        asked = {"period": f"{period}+" if period else None, "region": region, "stream": stream}
        rows = [{"id": _id(row, by, asked), **row} for row in found]
        (left_out,) = reader.rows(f"SELECT COUNT(*) AS lines FROM flows_v1 WHERE {where} AND {longer}", values)
        (moved,) = reader.rows("SELECT MAX(updated_at) AS as_of FROM positions_v1 WHERE projection = 'ledger'")
    return {"as_of": moved["as_of"] or None, "rows": rows, "coarser": left_out["lines"]}


def regions(views: Views) -> list[str]:
    """Every region that a line of the ledger has."""
    with views.reading() as reader:
        found = reader.rows("SELECT DISTINCT region FROM flows_v1 ORDER BY region") if reader else []
        return [row["region"] for row in found]


def summary(views: Views, period: str | None = None) -> list[dict[str, Any]]:
    """The one ledger (一本账) of all that is inside ``period``: per stream, grams by what became of them.

    ``arisen``, ``collected``, ``stored`` (net), ``used``, ``disposed``, ``under_way`` (set out and not arrived),
    ``unreported`` (came from where nobody reports). None where nobody reports it, or where only one side of a balance
    is reported, so that the balance would mean nothing.
    """
    inside, _ = _periods(period)
    flows: dict[str, dict[str, int]] = {}
    accounts: dict[str, dict[str, tuple[int, int]]] = {}
    with views.reading() as reader:
        for row in reader.rows(_YEAR.format(inside=inside)) if reader else []:
            of_stream = flows.setdefault(row["stream"], {}), accounts.setdefault(row["stream"], {})
            if row["kind"]:
                of_stream[0][row["kind"]] = row["debit_g"]
            else:
                of_stream[1][row["account"]] = (row["debit_g"], row["credit_g"])
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
