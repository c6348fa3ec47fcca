"""The tree of errors. The class says what happens next.

    HubError
    ├── Stop                     do not go on; a person must change something
    │   ├── RequestWrong         the command asks for what cannot be          (exit 2)
    │   ├── ConfigWrong          hub.toml or a connector.yaml; lists every problem at once (exit 2)
    │   ├── Refused              allowed in principle, but not now: replay first, other schema, … (exit 2)
    │   ├── NotInOrder           done, but what was asked about is broken     (exit 1)
    │   │   └── JournalCorrupt   a stored message is not what was written
    │   │       └── NoMessage    there is none at a place: where nobody knows of one, the request is wrong
    │   └── Fenced               a later puller or projector took over; this one stops (exit 3)
    ├── Retry                    an outside system did not answer; the same call may go through later (exit 3)
    │   ├── SourceUnavailable    a department's system
    │   ├── JournalUnavailable   the journal: locked, disk full, broker away
    │   └── StoreUnavailable     the projections' database
    ├── Interrupted              told to stop in the midst of it; what was done stands, the next one goes on (exit 3)
    └── SetAside                 this record or message cannot be used: quarantine it, go on with the others

Every error carries its facts as fields (``facts``) and a template that is translated where it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One mistake in a file that a person wrote; ``message`` is a template over ``facts``."""

    file: str
    line: int | None
    column: int | None
    error: str
    message: str
    suggestion: str | None = None
    source_line: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The message in English."""
        return self.message.format(**self.facts)


class HubError(Exception):
    """Base of all. ``template`` is an English sentence over ``facts``; ``remedy`` says what to do next."""

    exit_code = 1

    def __init__(self, template: str, *, remedy: str = "", **facts: Any) -> None:
        super().__init__(template, facts)
        self.template = template
        self.remedy = remedy
        self.facts = facts

    def __str__(self) -> str:
        text = self.template.format(**self.facts)
        return f"{text} {self.remedy.format(**self.facts)}".strip()


class Stop(HubError):
    """Do not go on."""

    exit_code = 2


class RequestWrong(Stop):
    """The command asks for something that cannot be."""


class ConfigWrong(Stop):
    """A configuration file is wrong; ``problems`` has all of its mistakes."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("{count} problem(s) in the configuration", count=len(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(f"{p.file}:{p.line or 0}:{p.column or 0}: {p.error}: {p.text()}" for p in self.problems)


class Refused(Stop):
    """Allowed in principle, but not in the present state."""


class NotInOrder(Stop):
    """Done, but what was asked about is not in order."""

    exit_code = 1


class JournalCorrupt(NotInOrder):
    """A stored message is not what was written; facts: topic, partition, position."""


class NoMessage(JournalCorrupt):
    """No message stands at a place within the journal: damage, if there was one; same facts."""


_SEE_LATER = (
    "Nothing is lost: the later one goes on. Where only one was meant to run, end the other; then start this one again."
)


class Fenced(Stop):
    """A later process took over this identity or partition."""

    exit_code = 3

    def __init__(self, template: str, *, remedy: str = "", **facts: Any) -> None:
        super().__init__(template, remedy=remedy or _SEE_LATER, **facts)


class Retry(HubError):
    """An outside system did not answer."""

    exit_code = 3


_SEE_SOURCE = "Look whether the system is there and lets this hub in; it is read again at the next pull."
_SEE_DISK = (
    "Look whether the disk is full or the folder cannot be written to; what was not done is done at the next try."
)


class SourceUnavailable(Retry):
    """A department's system did not answer; facts: connector, reason."""

    def __init__(self, template: str, *, remedy: str = "", **facts: Any) -> None:
        super().__init__(template, remedy=remedy or _SEE_SOURCE, **facts)


class JournalUnavailable(Retry):
    """The journal did not take or give messages; facts: reason."""

    def __init__(self, template: str, *, remedy: str = "", **facts: Any) -> None:
        super().__init__(template, remedy=remedy or _SEE_DISK, **facts)


class StoreUnavailable(Retry):
    """The projections' database did not answer; facts: reason."""

    def __init__(self, template: str, *, remedy: str = "", **facts: Any) -> None:
        super().__init__(template, remedy=remedy or _SEE_DISK, **facts)


class Interrupted(HubError):
    """This process was told to stop."""

    exit_code = 3


class SetAside(HubError):
    """This message cannot be used; the others go on."""
