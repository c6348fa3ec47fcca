"""What was set aside, answered from the journal. No source and no mapping is needed for it: it must start fast."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hub.errors import JournalUnavailable, RequestWrong
from hub.events import columns as codec
from hub.events.refusals import with_remedies
from hub.intake.appending import catch_up, read_rows, writer_of
from hub.intake.seen import Seen
from hub.intake.spoilt import CacheSpoilt, thrown_away_if_spoilt
from hub.journal.port import Journal
from hub.texts import N_

READ_AT_ONCE = 20_000


def identities(journal: Journal) -> list[str]:
    """Every connector identity that ever set something aside, by name."""
    found: set[str] = set()
    start: dict[int, int] = {}
    while runs := journal.read("quarantine", start, READ_AT_ONCE):
        for run in runs:
            start[run.partition] = run.next
            if (writer := writer_of(journal, run)) is not None:
                table = codec.decode(run.values, writer, "quarantine").table
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
    raise JournalUnavailable("the cache {path} cannot be used: {reason}", path=str(path), reason=N_("damaged again"))


def shown(journal: Journal, data: Path, quarantine_id: str) -> dict[str, Any]:
    """One record set aside, whole. RequestWrong where there is none of that id (or more than one begins with it)."""
    row = row_of(journal, data, quarantine_id)
    full = row.pop("message")
    more = ("department", "revision", "restated", "scope", "record_bytes", "record_sha256", "mapping", "lists", "batch")
    return {
        **row,
        **{name: full[name] for name in more},
        "parts": json.loads(full["parts"]),
        "record": record_of(full["record"]),
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


def record_of(text: str | None) -> Any:
    """The record as the object that it is; what is none, or too deep, as text."""
    try:
        return json.loads(text) if text is not None else None
    except (json.JSONDecodeError, RecursionError):  # a piece that was set aside for its depth is only a text
        return text
