"""Finding things in the store by what people hold in their hands: a line, an entity, an event, a source key.

Everything is found by an index, but an event by its id alone: that reads all keys, about a second for ten million.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from uuid import UUID

from hub.errors import RequestWrong
from hub.events.identity import entity_id
from hub.projector.query import KEYS, inside_period
from hub.projector.views import Reader, Row, must_be_text

_IN_QUARANTINE = 'id, connector, source_key, errors, state, first_seen, last_seen, place, "partition", "position"'
_ACT = 'act_id, kind, person, reason, acted_at, quarantine_id, source_key, "partition", "position"'


class Lookup:
    """Questions to a store through ``reader``."""

    def __init__(self, reader: Reader) -> None:
        self._rows = reader.rows

    def flows(self, cells: Sequence[str]) -> list[Row]:
        """The rows of flows_v1 that a line's cells (by KEYS; ``*`` any, ``2026+`` all inside) stand for."""
        where, values = _cells(cells)
        return self._rows(f"SELECT * FROM flows_v1 WHERE {where}{_booked(cells)}", values)

    def line_entries(self, cells: Sequence[str], limit: int) -> list[Row]:
        """The first ``limit`` entries behind a line, by row."""
        where, values = _cells(cells)
        return self._rows(f"SELECT * FROM entries_v1 WHERE {where}{_booked(cells)} LIMIT {int(limit)}", values)

    def accounts(self, cells: Sequence[str]) -> list[Row]:
        """The rows of accounts_v1 with these period, region, stream, scheme, code."""
        where = "period = ? AND region = ? AND stream = ? AND scheme = ? AND code = ?"
        return self._rows(f"SELECT * FROM accounts_v1 WHERE {where}", cells)

    def kinds(self, account: str) -> list[str]:
        """The kinds that may post to an account."""
        found = self._rows(
            "SELECT DISTINCT kind FROM postings WHERE ? IN (debit, credit, credit_then, 'unreported') ORDER BY kind",
            [account],
        )
        return [row["kind"] for row in found]

    def entries(self, entities: Iterable[str]) -> list[Row]:
        """The newest statement about each entity, retracted ones included."""
        found = []
        for entity in entities:
            found += self._rows(
                "SELECT entries.* FROM entry_keys JOIN entries ON entries.row_no = entry_keys.row_no"
                " WHERE entry_keys.entity_id = ?",
                [UUID(entity)],
            )
        return found

    def past(self, entity: str) -> list[tuple[int, int]]:
        """(partition, position) of the statements that are no longer the newest, oldest first."""
        found = self._rows(
            'SELECT "partition", "position" FROM past WHERE entity_id = ? ORDER BY revision, restated, event_id',
            [UUID(entity)],
        )
        return [(row["partition"], row["position"]) for row in found]

    def entity_of_event(self, event: str) -> str | None:
        """Whose statement it is. Slow: see above."""
        for table in ("past", "entry_keys"):
            found = self._rows(f"SELECT entity_id FROM {table} WHERE event_id = ? LIMIT 1", [UUID(event)])
            if found:
                return str(found[0]["entity_id"])
        return None

    def entities_of(self, key: str) -> list[str]:
        """The entities that a source key (JSON array) may have, by everything that has ever stated a key."""
        found = self._rows("SELECT DISTINCT identity, part FROM sources ORDER BY identity, part")
        return [entity_id(row["identity"], key, row["part"]) for row in found]

    def quarantined(self, name: str) -> list[Row]:
        """The record or message set aside under this id."""
        return _told(self._rows(f"SELECT {_IN_QUARANTINE} FROM quarantine_v1 WHERE id = ?", [name]))

    def quarantined_of(self, key: str) -> list[Row]:
        """The records set aside under a source key."""
        found = self._rows(
            "SELECT quarantine_id FROM quarantine WHERE source_key = ? AND identity IN"
            " (SELECT identity FROM sources UNION SELECT DISTINCT identity FROM quarantine)",
            [key],
        )
        return [row for name in found for row in self.quarantined(name["quarantine_id"])]

    def acts(self, act: str | None = None, quarantine: str | None = None, key: str | None = None) -> list[Row]:
        """What was decided: the act of that id, about that quarantined record, about that source key."""
        return self._rows(
            f"SELECT {_ACT} FROM acts WHERE act_id = ? UNION SELECT {_ACT} FROM acts WHERE quarantine_id = ?"
            f" UNION SELECT {_ACT} FROM acts WHERE source_key = ? AND identity IN (SELECT identity FROM sources)"
            " ORDER BY acted_at",
            [act, quarantine, key],
        )


def key_of(text: str) -> str:
    """A source key as people write it: the JSON array itself, or the single text of a key of one column."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    texts = [str(cell) for cell in found] if isinstance(found, list) else [text]
    return must_be_text(json.dumps(texts, ensure_ascii=False, separators=(",", ":")))


def line_cells(text: str) -> list[str]:
    """``line:period/region/stream/scheme/code/kind/department`` by its cells; only a code may hold a slash."""
    cells = text.split("/")
    if len(cells) < len(KEYS):
        raise RequestWrong("{id} is no line; a line has {columns}", id=f"line:{text}", columns="/".join(KEYS))
    return [*cells[:4], "/".join(cells[4:-2]), *cells[-2:]]


def account_cells(text: str) -> list[str]:
    """``account:period/region/stream/scheme/code/account`` by its cells."""
    cells = text.split("/")
    if len(cells) < 6:
        raise RequestWrong("{id} is no account; it has {columns}", id=f"account:{text}",
                           columns="period/region/stream/scheme/code/account")  # fmt: skip
    return [*cells[:4], "/".join(cells[4:-1]), cells[-1]]


def line_id(row: Row) -> str:
    """The id of the line that an entry counts in."""
    return "line:" + "/".join(str(row[key]) for key in KEYS)


def _cells(cells: Sequence[str]) -> tuple[str, list[str]]:
    period = cells[0]
    wide = period.endswith("+")
    where = [inside_period(period[:-1] if wide else None)]
    exact = {key: cell for key, cell in zip(KEYS, cells, strict=True) if cell != "*" and not (wide and key == "period")}
    return " AND ".join([*where, *(f"{key} = ?" for key in exact)]), list(exact.values())


def _booked(cells: Sequence[str]) -> str:
    return " AND booked = 1" if cells[-1] == "*" else ""


def _told(rows: list[Row]) -> list[Row]:
    return [{**row, "errors": json.loads(row["errors"])} for row in rows]
