"""A person's decisions about what was set aside: map again, approve, reject."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from hub.errors import Refused
from hub.events import columns as codec
from hub.events.refusals import STATES
from hub.intake.appending import read_rows
from hub.intake.outgoing import act, table_of
from hub.intake.plug import Plug
from hub.intake.pull import Puller
from hub.intake.quarantine import READ_AT_ONCE, record_of
from hub.intake.said import Said
from hub.intake.session import Session, Surroundings
from hub.journal.port import TOPICS, Journal, Outgoing

_NOT_MAPPABLE = {"KEY_NOT_UNIQUE", "VANISHED_MANY", "KEY_MISSING", "RECORD_TOO_LONG"}
_NO_CONNECTOR = "hub"
"""Who writes acts that concern no connector: every connector's identity has a dot."""


class Deciding:
    """A person's decisions about one connector's quarantined records; under the lock of its identity."""

    def __init__(self, plug: Plug, journal: Journal, around: Surroundings, person: str, reason: str) -> None:
        self._plug, self._journal, self._around = plug, journal, around
        self._person, self._reason = person, reason

    def redrive(self, ids: Sequence[str] | None) -> dict[str, Any]:
        """Map open records (``ids``, or all) again by the connector as it is now; each keeps its pair.

        Returns {"redriven", "events", "still_open"}: records that fit now, the events they made, and the rest. What
        waits on for another reason than before is set aside anew, under its id, with the errors that it has now.
        Refused where the connector's key or parts have changed.
        """
        act_id = str(self._around.new_id())
        with Puller(self._plug, self._journal, self._around).session(act_id) as session:
            session.refuse_changed_shape()  # mapped under another key, they would be other records
            return self._redrive(session, ids, act_id)

    @property
    def _identity(self) -> str:
        return self._plug.connector.identity

    def _redrive(self, session: Session, ids: Sequence[str] | None, act_id: str) -> dict[str, Any]:
        open_ = [w for w in session.seen.waiting() if w[2] == "open" and (ids is None or w[0] in ids)]
        messages = read_rows(self._journal, "quarantine", [(w[3], w[4]) for w in open_])
        able = [m for m in messages if _is_mappable(m)]
        said = Said()
        for start in range(0, len(able), READ_AT_ONCE):
            session.restate(able[start : start + READ_AT_ONCE], said)
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
            session.appender.append(said.tables(), changed, [self._act("redriven", body, act_id=act_id), *ended])
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


def reject_message(journal: Journal, around: Surroundings, row: dict[str, Any], person: str, reason: str) -> dict[str, Any]:
    """Say of a message that nobody can decode that it is known: ``row`` has its id (topic/partition/position) and state.
    No connector is concerned."""
    _must_be_open(row)
    fence = journal.fence(_NO_CONNECTOR)
    decided = act(
        around.new_id(), "rejected", person=person, at=around.now(), body={}, reason=reason or None,
        quarantine_id=row["id"],
    )  # fmt: skip
    acts = codec.encode(table_of([decided], "act"), "act")
    journal.append(fence, [Outgoing("acts", pa.array([_NO_CONNECTOR]), acts)])
    return {"id": row["id"], "state": "rejected"}


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
        and isinstance(record_of(message["record"]), dict)
    )
