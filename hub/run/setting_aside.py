"""``quarantine``: what was set aside, and a person's decisions about it.

What maps and decides is imported where it is used: the list must start fast.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hub.errors import ConfigWrong, RequestWrong
from hub.events.refusals import REFUSALS
from hub.intake import quarantine
from hub.projector.query import undecodable_state

if TYPE_CHECKING:
    from hub.intake.deciding import Deciding
    from hub.intake.plug import Plug
    from hub.run.parts import Parts

Row = dict[str, Any]


def quarantine_list(
    hub: Parts, state: str = "open", connector: str | None = None, error: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    """A row per record in ``state`` (or in any with ``all``), of ``connector`` and with ``error`` where these are given.

    Returns {"rows": at most ``limit`` of them, "more": how many others there are, "counts": [{connector, error,
    records}] over all, the most frequent first}. RequestWrong where no such connector or error can be.
    """
    if error is not None and error not in REFUSALS:
        near = difflib.get_close_matches(error.upper(), REFUSALS, 1)
        raise RequestWrong("there is no error {error}", error=error, near=near[0] if near else "",
                           remedy="Did you mean {near}?" if near else "docs/reference.md has the closed list.")  # fmt: skip
    rows = quarantine.listed(hub.journal(), hub.config.data, state)
    if connector is not None:
        name = _known_name(hub, connector, rows)
        rows = [row for row in rows if row["connector"] == name]
    if error is not None:
        rows = [row for row in rows if any(one["error"] == error for one in row["errors"])]
    shown = rows[:limit]
    return {"rows": shown, "more": len(rows) - len(shown), "counts": _counts(rows)}


def _known_name(hub: Parts, connector: str, rows: Sequence[Row]) -> str:
    """``connector`` where it has set something aside, though it runs no more; else one that this hub runs."""
    if any(row["connector"] == connector for row in rows):
        return connector
    from hub.intake.connector_file import written_name

    return written_name(hub.connector(connector)) or connector


def _counts(rows: Sequence[Row]) -> list[Row]:
    found = Counter((row["connector"], error) for row in rows for error in {one["error"] for one in row["errors"]})
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [{"connector": connector, "error": error, "records": count} for (connector, error), count in ordered]


def quarantine_show(hub: Parts, id_: str) -> dict[str, Any]:
    """One record set aside, whole."""
    return quarantine.shown(hub.journal(), hub.config.data, id_)


def redrive(hub: Parts, ids: list[str], connector: str | None, person: str, reason: str) -> dict[str, Any]:
    """Map open records again: those of ``ids``, or all of ``connector``."""
    from hub.intake.deciding import Deciding

    wanted: list[tuple[Plug, list[str] | None]]
    if connector is not None:
        wanted = [(plug, None) for plug in hub.plugs([connector])]
    else:
        chosen: dict[str, list[Row]] = {}
        for id_ in ids:
            row = quarantine.row_of(hub.journal(), hub.config.data, id_)
            chosen.setdefault(row["message"]["identity"], []).append(row)
        wanted = [(_plug_of(hub, rows[0]), [row["id"] for row in rows]) for rows in chosen.values()]
    total = {"redriven": 0, "events": 0, "still_open": 0}
    for plug, those in wanted:
        done = Deciding(plug, hub.journal(), hub.around(), person, reason).redrive(those)
        total = {key: total[key] + done[key] for key in total}
    return total


def approve(hub: Parts, id_: str, person: str, reason: str) -> dict[str, Any]:
    """Let held-back retractions go through."""
    deciding, row = _deciding(hub, id_, person, reason)
    return deciding.approve(row)


def reject(hub: Parts, id_: str, person: str, reason: str) -> dict[str, Any]:
    """Close a record that shall never count, or a message that cannot be decoded (topic/partition/position)."""
    state = undecodable_state(hub.views(), id_) if "/" in id_ else None
    if state is not None:
        from hub.intake.deciding import reject_message

        return reject_message(hub.journal(), hub.around(), {"id": id_, "state": state}, person, reason)
    deciding, row = _deciding(hub, id_, person, reason)
    return deciding.reject(row)


def _deciding(hub: Parts, id_: str, person: str, reason: str) -> tuple[Deciding, Row]:
    from hub.intake.deciding import Deciding

    row = quarantine.row_of(hub.journal(), hub.config.data, id_)
    return Deciding(_plug_of(hub, row), hub.journal(), hub.around(), person, reason), row


def _plug_of(hub: Parts, row: Row) -> Plug:
    """The connector that set ``row`` aside, by its identity: its name may have changed since."""
    plugs, broken = hub.all_plugs()
    for plug in plugs:
        if plug.connector.identity == row["message"]["identity"]:
            return plug
    if broken:  # it may be one of these
        raise ConfigWrong([problem for error in broken.values() for problem in error.problems])
    raise RequestWrong("this hub no longer runs the connector {name}", name=row["connector"])
