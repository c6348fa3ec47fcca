"""What a pull came to."""

from __future__ import annotations

from dataclasses import dataclass

from hub.intake.said import Tally
from hub.intake.session import Session


@dataclass(frozen=True)
class Pulled:
    """The keys of the command's JSON; ``moving``: files that were still being written and are left for the next pull."""

    name: str
    read: int
    events: int
    unchanged: int
    skipped: int
    quarantined: int
    cursor: str | None
    moving: tuple[str, ...] = ()


def pulled(session: Session, total: Tally, cursor: str | None, moving: tuple[str, ...] = ()) -> Pulled:
    """The reads of a session, and what vanished."""
    return Pulled(
        session.connector.name,
        total.read,
        total.events + session.vanishing.events,
        total.unchanged,
        total.skipped,
        total.quarantined + session.vanishing.held,
        cursor,
        moving,
    )
