"""``quarantine``: what was set aside, and a person's decisions about it."""

from __future__ import annotations

from typing import Any

from hub.errors import RequestWrong
from hub.intake import quarantine
from hub.intake.plug import Plug
from hub.run.parts import Parts


def quarantine_list(hub: Parts, state: str) -> dict[str, Any]:
    """{"rows": [...]}: a row per record in ``state``, or in any with ``all``."""
    return {"rows": quarantine.listed(hub.journal(), hub.config.data, state)}


def quarantine_show(hub: Parts, id_: str) -> dict[str, Any]:
    """One record set aside, whole."""
    return quarantine.shown(hub.journal(), hub.config.data, id_)


def redrive(hub: Parts, ids: list[str], connector: str | None, person: str, reason: str) -> dict[str, Any]:
    """Map open records again: those of ``ids``, or all of ``connector``."""
    if connector is not None:
        plugs: dict[str, Plug] = {plug.connector.name: plug for plug in hub.plugs([connector])}
        wanted: dict[str, list[str] | None] = dict.fromkeys(plugs)
    else:
        rows = [quarantine.row_of(hub.journal(), hub.config.data, id_) for id_ in ids]
        wanted = {row["connector"]: [r["id"] for r in rows if r["connector"] == row["connector"]] for row in rows}
        plugs = {name: hub.plugs([name])[0] for name in wanted}
    total = {"redriven": 0, "events": 0, "still_open": 0}
    for name, chosen in wanted.items():
        done = quarantine.Deciding(plugs[name], hub.journal(), hub.around(), person, reason).redrive(chosen)
        total = {key: total[key] + done[key] for key in total}
    return total


def approve(hub: Parts, id_: str, person: str, reason: str) -> dict[str, Any]:
    """Let held-back retractions go through."""
    row = quarantine.row_of(hub.journal(), hub.config.data, id_)
    return _deciding(hub, row, person, reason).approve(row)


def reject(hub: Parts, id_: str, person: str, reason: str) -> dict[str, Any]:
    """Close a record that shall never count."""
    row = quarantine.row_of(hub.journal(), hub.config.data, id_)
    return _deciding(hub, row, person, reason).reject(row)


def _deciding(hub: Parts, row: dict[str, Any], person: str, reason: str) -> quarantine.Deciding:
    for plug in hub.plugs([]):
        if plug.connector.identity == row["message"]["identity"]:
            return quarantine.Deciding(plug, hub.journal(), hub.around(), person, reason)
    raise RequestWrong("this hub no longer runs the connector {name}", name=row["connector"])
