"""What is behind a figure, and what came of a record: line → entries → events → source records, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, cast

from hub.errors import NoMessage, RequestWrong
from hub.events.schema import FOR_TOPIC
from hub.events.single import decode_one
from hub.journal.port import Journal, Stored, Topic
from hub.projector.lookup import Lookup, account_cells, key_of, line_cells, line_id
from hub.projector.views import Views, must_be_text

Document = dict[str, Any]

SHOWN = 20
"""Of so many entries behind a line the events are shown; reading one is a matter of a millisecond or two."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACE = re.compile(r"(events|quarantine|acts)/([0-9]{1,9})/([0-9]{1,18})")


def explain(journal: Journal, views: Views, id_: str) -> Document:
    """Everything behind and before ``id_``.

    ``id_``: ``line:period/region/stream/scheme/code/kind/department`` (a cell may be ``*``, and the period ``2026+``
    for all inside it; the rows of ``ledger`` have such ids), ``account:period/region/stream/scheme/code/account``,
    an entity_id, an event_id, the id of a quarantined record, a place (``events/0/123``), or a source key: a JSON
    array, or the bare text of a key of one column.

    The answer has ``what`` it is; ``lines`` (flows), ``accounts``, ``entries`` (with ``entries_in_all``), ``events``
    (all statements about an entity, oldest first, each with its record), ``quarantine`` and ``acts``, as far as there
    are any. Raises RequestWrong where nothing has that id, or nothing can have it.
    """
    name = must_be_text(id_.strip())
    with views.reading() as reader:
        found = None if reader is None else _Explainer(journal, Lookup(reader)).of(name)
    if found is None:
        raise RequestWrong("nothing has the id {id}", id=id_,
                           remedy="Was it projected? Run: wastehub project --once")  # fmt: skip
    return {"id": id_, **found}


class _Explainer:
    def __init__(self, journal: Journal, lookup: Lookup) -> None:
        self._journal, self._lookup = journal, lookup

    def of(self, name: str) -> Document | None:
        for prefix, answer in (("line:", self._line), ("account:", self._account)):
            if name.startswith(prefix):
                return answer(name.removeprefix(prefix))
        ways: list[Callable[[str], Document | None]] = [self._source_key]
        if _UUID.fullmatch(name):
            ways = [self._entity, self._quarantined, self._event, self._source_key]
        elif _PLACE.fullmatch(name):
            ways = [self._quarantined, self._placed, self._source_key]
        return next((found for way in ways if (found := way(name)) is not None), None)

    def _line(self, text: str) -> Document | None:
        cells = line_cells(text)
        lines = self._lookup.flows(cells)
        if not lines:
            return None
        sums = {name: sum(line[name] for line in lines) for name in ("mass_g", "count", "entries")}
        entries = self._lookup.line_entries(cells, SHOWN)
        places = {tuple(line[k] for k in ("period", "region", "stream", "scheme", "code")) for line in lines[:SHOWN]}
        accounts = [row for place in sorted(places) for row in self._lookup.accounts(place)]
        return {
            "what": "line", **sums, "lines": [{"id": line_id(line), **line} for line in lines[:SHOWN]],
            "lines_in_all": len(lines), "accounts": accounts, "entries": entries, "entries_in_all": sums["entries"],
            "events": self._events([(row["partition"], row["position"]) for row in entries]),
        }  # fmt: skip

    def _account(self, text: str) -> Document | None:
        *place, account = account_cells(text)
        accounts = [row for row in self._lookup.accounts(place) if row["account"] == account]
        if not accounts:
            return None
        kinds = self._lookup.kinds(account)
        lines = [row for kind in kinds for row in self._lookup.flows([*place, kind, "*"])]
        return {"what": "account", "accounts": accounts, "lines": [{"id": line_id(line), **line} for line in lines]}

    def _entity(self, name: str) -> Document | None:
        return self._entities("entity", [name])

    def _event(self, name: str) -> Document | None:
        entity = self._lookup.entity_of_event(name)
        return None if entity is None else self._entities("event", [entity])

    def _source_key(self, name: str) -> Document | None:
        key = key_of(name)
        found = self._entities("source_key", self._lookup.entities_of(key))
        quarantine = self._quarantine(self._lookup.quarantined_of(key))
        if found is None and quarantine:
            found = {"what": "source_key", "quarantine": quarantine, "acts": self._lookup.acts(key=key)}
        return found

    def _quarantined(self, name: str) -> Document | None:
        found = self._lookup.quarantined(name)
        if not found:
            return None
        acts = self._lookup.acts(quarantine=name, key=found[0]["source_key"])
        key = found[0]["source_key"]
        entities = self._entities("quarantine", self._lookup.entities_of(key)) if key is not None else None
        return {**(entities or {}), "what": "quarantine", "quarantine": self._quarantine(found), "acts": acts}

    def _placed(self, name: str) -> Document | None:
        match = _PLACE.fullmatch(name)
        if match is None or match[1] != "events":
            return None
        place = (int(match[2]), int(match[3]))
        if place[1] >= self._journal.end("events").get(place[0], 0):
            return None
        try:
            events = self._events([place])
        except NoMessage as error:
            raise RequestWrong(
                "there is no message at {id}", id=name,
                remedy="On Kafka the ends of transactions take places too: ask for one before or after it.",
            ) from error  # fmt: skip
        return self._entities("event", [events[0]["entity_id"]])

    def _entities(self, what: str, names: Sequence[str]) -> Document | None:
        """All that was ever said about these entities, and the lines in which it counts."""
        entries = self._lookup.entries(names)
        if not entries:
            return None
        events: list[Document] = []
        lines: list[Document] = []
        quarantine: dict[str, Document] = {}
        acts: dict[str, Document] = {}
        for entry in entries:
            places = [*self._lookup.past(entry["entity_id"]), (entry["partition"], entry["position"])]
            events += self._events(places)
            if not entry["retracted"]:
                lines += self._lookup.flows([str(x) for x in line_cells(line_id(entry).removeprefix("line:"))])
            for row in self._lookup.quarantined_of(entry["source_key"]):
                quarantine[row["id"]] = row
            for act in {None, *(event.get("act") for event in events)}:
                acts |= {row["act_id"]: row for row in self._lookup.acts(act=act, key=entry["source_key"])}
        return {
            "what": what, "lines": [{"id": line_id(line), **line} for line in lines],
            "entries": [{name: value for name, value in entry.items() if name != "row_no"} for entry in entries],
            "entries_in_all": len(entries), "events": events, "quarantine": self._quarantine([*quarantine.values()]),
            "acts": [*acts.values()],
        }  # fmt: skip

    def _events(self, places: Sequence[tuple[int, int]]) -> list[Document]:
        """The events at these places, as they were said, with the records they were made of."""
        return [self._message("events", stored) for stored in self._journal.read_at("events", places)]

    def _quarantine(self, rows: Sequence[Document]) -> list[Document]:
        """With what was set aside, as it came."""
        return [{**row, **self._raw(row)} for row in rows]

    def _raw(self, row: Document) -> Document:
        """The record of a quarantined row; of a message that cannot be read its first bytes."""
        match = _PLACE.fullmatch(row["id"])
        topic = cast(Topic, match[1]) if match else "quarantine"
        (stored,) = self._journal.read_at(topic, [(row["partition"], row["position"])])
        return {"raw": stored.value[:256].hex()} if match else {"record": self._message(topic, stored).get("record")}

    def _message(self, topic: Topic, stored: Stored) -> Document:
        schema = self._journal.schema(stored.schema_id if stored.schema_id is not None else -1)
        said = decode_one(stored.value, schema, FOR_TOPIC[topic])
        shown = {name: _plain(name, value) for name, value in said.items() if value is not None}
        return {"partition": stored.partition, "position": stored.position, **shown}


def _plain(name: str, value: Any) -> Any:
    """As JSON can hold it; a record as the object that it is."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if name == "record":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
