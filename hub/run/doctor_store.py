"""What ``doctor`` finds of the store: what became of the messages, how far it is behind, and whether anybody projects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.events.calendar import SHANGHAI
from hub.journal.port import TOPICS
from hub.projector.port import Store
from hub.projector.project import must_reach, report
from hub.projector.query import undecodable
from hub.run.checks import Check, amount, bad, good
from hub.run.parts import Parts
from hub.texts import translate

LARGEST_LAG = 100_000
LONGEST_LAG_SECONDS = 3600
SHOWN = 10
ALIVE = timedelta(seconds=10)
"""Who projects moves on, or is at work, at least so often while something waits."""


def store_checks(hub: Parts) -> Iterator[Check]:
    """Each projection; what cannot be decoded; who projects; two statements under one revision; the database."""
    store, journal = hub.store(), hub.journal()
    store.prepare(hub.projection(), journal.identity)
    for topic in TOPICS:
        must_reach(journal, topic, store)
    rows = report(journal, store, dict.fromkeys(TOPICS, 0))["projections"]
    yield from map(_projection, rows)
    yield _undecodable(hub)
    yield _projectors(store, rows, hub.around().now())
    conflicts = store.conflicts(SHOWN)
    if conflicts:
        found = translate(
            "two events say different things under one revision: {entities}", entities=", ".join(conflicts)
        )
        yield bad("store", found, "Look at them with wastehub explain; did two hubs write to this journal?")
    yield good("store", store.server())


def _projection(row: dict[str, Any]) -> Check:
    """What became of its messages, and how many wait."""
    behind = row["lag_events"]
    standing = translate(
        "{name}: {lag} message(s) behind the journal, the oldest for {seconds} s; last moved at {moved}",
        name=row["name"], lag=amount(behind, counted=row["lag_counted"]), seconds=row["lag_seconds"],
        moved=_city_time(row["moved_at"]),
    ) if behind else translate("{name}: nothing behind the journal", name=row["name"])  # fmt: skip
    found = translate(
        "{standing}; {applied} applied, {superseded} superseded, {quarantined} not decodable, {not_a_record} no record",
        standing=standing, **{name: row[name] for name in ("applied", "superseded", "quarantined", "not_a_record")},
    )  # fmt: skip
    if behind > LARGEST_LAG or row["lag_seconds"] > LONGEST_LAG_SECONDS:
        told = bad("store", found, "Run wastehub project, or let wastehub run go on.")
    else:
        told = good("store", found)
    return told | {"projection": {name: value for name, value in row.items() if name != "read"}}


def _undecodable(hub: Parts) -> Check:
    """Messages that stand in the journal and of which nothing is known."""
    count, ids = undecodable(hub.views(), SHOWN)
    if not count:
        return good("store", translate("every message could be decoded")) | {"undecodable": 0}
    shown = ", ".join(ids) + (" …" if count > len(ids) else "")
    found = translate("{count} message(s) cannot be decoded, and count nowhere: {ids}", count=count, ids=shown)
    return bad(
        "store", found,
        "wastehub explain ID says why. Was a schema registry named in hub.toml, or taken out, after messages were written?"
        " Does anybody else write into these topics? Once they can be decoded: wastehub project --rebuild ledger for those"
        " of events, a new store for the others. To let one be: wastehub quarantine reject ID.",
    ) | {"undecodable": count}  # fmt: skip


def _projectors(store: Store, rows: Sequence[dict[str, Any]], now: datetime) -> Check:
    """Whether anybody projects; an embedded store cannot tell."""
    count = store.projectors()
    moved = max((row["moved_at"] for row in rows if row["moved_at"]), default=None)
    facts = {"count": count, "moved": _city_time(moved)}
    if count is None:
        return good("projectors", translate("a position last moved at {moved}", **facts))
    found = translate("{count} at work at this moment; a position last moved at {moved}", **facts)
    waits = max(row["lag_seconds"] for row in rows) > ALIVE.total_seconds()
    if waits and not count and (moved is None or now - datetime.fromisoformat(moved) > ALIVE):
        return bad("projectors", found, "Messages wait and nobody projects: start wastehub project, or wastehub run.")
    return good("projectors", found)


def _city_time(moved: str | None) -> str:
    if moved is None:
        return "–"
    return datetime.fromisoformat(moved).astimezone(SHANGHAI).isoformat(" ", "seconds")
