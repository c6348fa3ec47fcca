"""What was set aside, answered from the journal: list, show, map again, approve, reject."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hub.errors import JournalUnavailable, Refused, RequestWrong
from hub.events import columns as codec
from hub.events.refusals import STATES, with_remedies
from hub.intake.appending import catch_up, read_rows
from hub.intake.outgoing import act
from hub.intake.plug import Plug
from hub.intake.pull import Puller
from hub.intake.said import Said
from hub.intake.seen import Seen
from hub.intake.session import Session, Surroundings
from hub.intake.spoilt import CacheSpoilt, thrown_away_if_spoilt
from hub.journal.port import TOPICS, Journal

_READ_AT_ONCE = 20_000
_NOT_MAPPABLE = {"KEY_NOT_UNIQUE", "VANISHED_MANY", "KEY_MISSING", "RECORD_TOO_LONG"}


def identities(journal: Journal) -> list[str]:
    """Every connector identity that ever set something aside, by name."""
    found: set[str] = set()
    start: dict[int, int] = {}
    while runs := journal.read("quarantine", start, _READ_AT_ONCE):
        for run in runs:
            start[run.partition] = run.next
            if run.schema_id is not None and run.values:
                table = codec.decode(run.values, journal.schema(run.schema_id), "quarantine").table
                found |= set(table["identity"].unique().to_pylist())
    return sorted(found)


def listed(journal: Journal, data: Path, state: str = "open") -> list[dict[str, Any]]:
    """Records set aside, in ``state`` (or ``all``), with every error and its remedy."""
    rows: list[dict[str, Any]] = []
    for identity in identities(journal):
        wanted = [w for w in _waiting(journal, data, identity) if state in ("all", w[2])]
        messages = read_rows(journal, "quarantine", [(w[3], w[4]) for w in wanted])
        rows += [_row(message, w[2]) for message, w in zip(messages, wanted, strict=True)]
    return rows


def _waiting(journal: Journal, data: Path, identity: str) -> list[tuple[str, str | None, str, int, int]]:
    """As :meth:`Seen.waiting`, of the cache or, where that is damaged, of one made anew."""
    path = data / "seen" / f"{identity}.db"
    for _ in range(2):
        with suppress(CacheSpoilt), thrown_away_if_spoilt(path), closing(Seen(path)) as seen:
            catch_up(journal, seen, identity)
            return seen.waiting()
    raise JournalUnavailable("the cache {path} cannot be used: {reason}", path=str(path), reason="damaged again")


def shown(journal: Journal, data: Path, quarantine_id: str) -> dict[str, Any]:
    """One record set aside, whole. RequestWrong where there is none of that id (or more than one begins with it)."""
    row = row_of(journal, data, quarantine_id)
    full = row.pop("message")
    more = ("department", "revision", "restated", "scope", "record_bytes", "record_sha256", "mapping", "lists", "batch")
    return {
        **row,
        **{name: full[name] for name in more},
        "parts": json.loads(full["parts"]),
        "record": _record(full["record"]),
    }


def row_of(journal: Journal, data: Path, quarantine_id: str) -> dict[str, Any]:
    """The listed row of one record, with the whole ``message``. The id may be shortened to what tells it apart."""
    found = []
    for identity in identities(journal):
        found += [w for w in _waiting(journal, data, identity) if w[0].startswith(quarantine_id)]
    if len(found) != 1:
        raise RequestWrong(
            "{count} quarantined records begin with {id}",
            count=len(found),
            id=quarantine_id,
            remedy="wastehub quarantine list --state all shows their ids.",
        )
    message = read_rows(journal, "quarantine", [(found[0][3], found[0][4])])[0]
    return {**_row(message, found[0][2]), "message": message}


def _row(message: dict[str, Any], state: str) -> dict[str, Any]:
    return {
        "id": message["quarantine_id"],
        "connector": message["connector"],
        "source_key": message["source_key"],
        "state": state,
        "errors": with_remedies(json.loads(message["errors"])),
        "place": message["place"],
        "observed_at": message["observed_at"].isoformat() + "Z",
    }


def _record(text: str | None) -> Any:
    try:
        return json.loads(text) if text is not None else None
    except (json.JSONDecodeError, RecursionError):  # a piece that was set aside for its depth is only a text
        return text


class Deciding:
    """A person's decisions about one connector's quarantined records; under the lock of its identity."""

    def __init__(self, plug: Plug, journal: Journal, around: Surroundings, person: str, reason: str) -> None:
        self._plug, self._journal, self._around = plug, journal, around
        self._person, self._reason = person, reason

    def redrive(self, ids: Sequence[str] | None) -> dict[str, Any]:
        """Map open records (``ids``, or all) again by the connector as it is now; each keeps its pair.

        Returns {"redriven", "events", "still_open"}: records that fit now, the events they made, and the rest. What
        waits on for another reason than before is set aside anew, under its id, with the errors that it has now.
        """
        act_id = str(self._around.new_id())
        with Puller(self._plug, self._journal, self._around).session(act_id) as session:
            return self._redrive(session, ids, act_id)

    @property
    def _identity(self) -> str:
        return self._plug.connector.identity

    def _redrive(self, session: Session, ids: Sequence[str] | None, act_id: str) -> dict[str, Any]:
        open_ = [w for w in session.seen.waiting() if w[2] == "open" and (ids is None or w[0] in ids)]
        messages = read_rows(self._journal, "quarantine", [(w[3], w[4]) for w in open_])
        able = [m for m in messages if _is_mappable(m)]
        said = Said()
        for start in range(0, len(able), _READ_AT_ONCE):
            session.restate(able[start : start + _READ_AT_ONCE], said)
        fitting = len(able) - len(said.quarantine)
        before = {message["quarantine_id"]: message for message in able}
        still = [_otherwise(before[row["quarantine_id"]], row) for row in said.quarantine]
        changed = [row for row in still if row["errors"] != before[row["quarantine_id"]]["errors"]]
        if fitting or changed:
            body = {"records": fitting, "mapping": self._plug.mapping.digest}
            ended = [
                self._act("deleted", {"sha256": sha}, source_key=key, revision=revision, restated=restated)
                for key, revision, restated, sha in said.deleted
            ]
            session.appender.append(said.events, changed, [self._act("redriven", body, act_id=act_id), *ended])
        return {"redriven": fitting, "events": said.event_count(), "still_open": len(open_) - fitting}

    def approve(self, row: dict[str, Any]) -> dict[str, Any]:
        """Let the retractions go through that ``row`` (a listed row) holds back, by a pull that compares."""
        message = row["message"]
        if not any(e["error"] == "VANISHED_MANY" for e in row["errors"]):
            raise Refused(
                "{id} holds nothing back that could be approved",
                id=row["id"],
                remedy="Correct the mapping and redrive it, or reject it.",
            )
        _must_be_open(row)
        self._decide("approved", row, {"digest": json.loads(message["record"])["digest"]})
        done = Puller(self._plug, self._journal, self._around).pull(wait=True, compare=True)
        return {"id": row["id"], "state": "resolved", "events": done.events}

    def reject(self, row: dict[str, Any]) -> dict[str, Any]:
        """Say that the record shall never count."""
        _must_be_open(row)
        self._decide("rejected", row, {})
        return {"id": row["id"], "state": "rejected"}

    def _decide(self, kind: str, row: dict[str, Any], body: dict[str, Any]) -> None:
        about = {name: row["message"][name] for name in ("source_key", "revision", "restated")}
        with Puller(self._plug, self._journal, self._around).session() as session:
            session.appender.append([], [], [self._act(kind, body, quarantine_id=row["id"], **about)])

    def _act(self, kind: str, body: dict[str, Any], act_id: str | None = None, **about: Any) -> dict[str, Any]:
        seen_up_to = {topic: self._journal.end(topic) for topic in TOPICS}
        made = act(
            self._around.new_id(),
            kind,
            person=self._person,
            at=self._around.now(),
            body=body,
            reason=self._reason or None,
            identity=self._identity,
            positions=json.dumps({t: {str(p): n for p, n in e.items()} for t, e in seen_up_to.items()}),
            **about,
        )
        return made | ({"act_id": act_id} if act_id else {})


def _must_be_open(row: dict[str, Any]) -> None:
    if row["state"] != "open":
        raise Refused("{id} is {state}, not open", id=row["id"], state=STATES[row["state"]])


def _otherwise(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """A record that waits on: as it came and where it stood, with what is wrong with it now."""
    judged = ("errors", "parts", "mapping", "lists", "batch", "observed_at")
    return before | {name: now[name] for name in judged}


def _is_mappable(message: dict[str, Any]) -> bool:
    errors = {error["error"] for error in json.loads(message["errors"])}
    return (
        message["source_key"] is not None
        and not errors & _NOT_MAPPABLE
        and isinstance(_record(message["record"]), dict)
    )
