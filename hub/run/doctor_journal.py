"""What ``doctor`` finds of the journal: how much it holds, and whether its clock and this machine's agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from hub.errors import HubError
from hub.events.calendar import SHANGHAI
from hub.journal.port import TOPICS, Journal, Topic
from hub.projector.lag import lag
from hub.projector.port import PROJECTIONS
from hub.run.checks import Check, amount, bad, good
from hub.run.parts import Parts
from hub.texts import translate

AHEAD_US = 60_000_000
_BACK = (4, 64, 1_024, 16_384)
"""So many places from the end the newest message is looked for; transactions leave places without one."""


def journal_checks(hub: Parts) -> Iterator[Check]:
    """Its messages; the clock."""
    yield good("journal", _messages(hub))
    newest = [time for topic in TOPICS if (time := newest_us(hub.journal(), topic)) is not None]
    now = hub.around().now()
    if newest and max(newest) > int(now.timestamp() * 1_000_000) + AHEAD_US:
        yield bad("clock", translate("the journal's newest message is from the future"), "Set this machine's clock.")
    else:
        yield good("clock", now.astimezone(SHANGHAI).isoformat(" ", "seconds"))


def newest_us(journal: Journal, topic: Topic) -> int | None:
    """When its newest message was appended, µs since the epoch; None where the last places of all its partitions hold
    none."""
    ends, newest = journal.end(topic), []
    waiting = {partition for partition, end in ends.items() if end > 0}
    for back in _BACK:
        start = ends | {partition: max(ends[partition] - back, 0) for partition in waiting}
        for run in journal.read(topic, start, back * len(waiting)) if waiting else ():
            if len(run.values):
                newest.append(int(run.appended_us[-1]))
                waiting.discard(run.partition)
        waiting = {partition for partition in waiting if ends[partition] > back}
    return max(newest, default=None)


def _messages(hub: Parts) -> str:
    """How many there are: what the store has folded was counted then, what is behind is counted now."""
    journal, rows = hub.journal(), list[dict[str, Any]]()
    with suppress(HubError):  # which the store's own check tells of
        hub.store().prepare(hub.projection(), journal.identity)
        rows = hub.store().positions()
    told = {}
    for topic in TOPICS:
        own = [row for row in rows if row["projection"] == PROJECTIONS[topic]]
        behind = lag(journal, topic, {row["partition"]: row["position"] for row in own})
        folded = sum(row["applied"] + row["superseded"] + row["quarantined"] for row in own)
        told[topic] = amount(folded + behind.events, counted=behind.counted)
    return translate("{events} event(s), {quarantine} record(s) set aside, {acts} decision(s)", **told)
