"""What the ledger must say, in plain Python, from the text of the design and not from the code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

Event = dict[str, Any]
Row = tuple[Any, ...]
Place = int | tuple[int, int]
"""A position, or (position, partition) where there are several."""

FROM_TO = {
    "GENERATED": ("arisen", "held"), "COLLECTED": ("arisen", "transit"), "STORED": ("held", "stored"),
    "RELEASED": ("stored", "held"), "DISPATCHED": ("held", "transit"), "RECEIVED": ("transit", "held"),
    "BROUGHT_IN": ("outside", "held"), "SENT_OUT": ("held", "outside"), "UTILISED": ("held", "used"),
    "DISPOSED": ("held", "disposed"), "LOST": ("held", "lost"), "OPENING": ("opening", "stored"),
}  # fmt: skip
ENTRY_COLUMNS = (
    "entity_id", "revision", "restated", "event_id", "kind", "stream", "scheme", "code", "method", "mass_g", "count",
    "basis", "period", "business_day", "occurred_at", "precision", "region", "department", "connector", "source_key",
    "holder", "counterparty", "facility", "vehicle", "manifest", "manifest_line",
)  # fmt: skip


class Oracle:
    """All that was appended, and where (in one form). ``chains``: stream → kinds; ``authority``: (stream, kind) → department."""

    def __init__(
        self,
        events: Sequence[tuple[Place, Event]],
        chains: Mapping[str, set[str]] | None = None,
        authority: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self.events, self.authority = events, authority or {}
        self.newest: dict[str, tuple[Place, Event]] = {}
        for place, said in events:
            known = self.newest.get(said["entity_id"])
            if known is None or self._beats(said, place, known):
                self.newest[said["entity_id"]] = (place, said)
        self.standing = [(p, e) for p, e in self.newest.values() if not e["retracted"]]
        self.chains = dict(chains or {})
        for _, said in self.standing:
            if said["stream"] not in (chains or {}) and self.booked(said):
                self.chains.setdefault(said["stream"], set()).add(said["kind"])

    @staticmethod
    def _beats(said: Event, place: Place, known: tuple[Place, Event]) -> bool:
        at, other = known
        mine, theirs = (said["revision"], said["restated"]), (other["revision"], other["restated"])
        if mine != theirs:
            return bool(mine > theirs)
        if said["event_id"] != other["event_id"]:
            return bool(said["event_id"] < other["event_id"])
        return bool(place < at)  # type: ignore[operator] # both of one form

    def booked(self, said: Event) -> int:
        """Whether this department's figure counts."""
        return int(self.authority.get((said["stream"], said["kind"]), said["department"]) == said["department"])

    def entries(self) -> list[Row]:
        """entries_v1."""
        rows = []
        for place, said in self.standing:
            shown = dict(said)
            shown["occurred_at"] = said["occurred_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            shown["business_day"] = said["business_day"].isoformat() if said["business_day"] else None
            at, partition = place if isinstance(place, tuple) else (place, 0)
            rows.append((*(shown.get(name) for name in ENTRY_COLUMNS), self.booked(said), partition, at))
        return sorted(rows, key=repr)

    def lines(self) -> list[Row]:
        """The table behind flows_v1 and accounts_v1."""
        sums: dict[Row, list[int]] = defaultdict(lambda: [0, 0, 0])
        for _, e in self.standing:
            key = (e["period"], e["region"], e["stream"], e["scheme"], e["code"], e["kind"], e["department"])
            line = sums[(*key, self.booked(e), int(e["kind"] == "LOST" and e.get("manifest") is not None))]
            line[0] += e["mass_g"]
            line[1] += e.get("count") or 0
            line[2] += 1
        return sorted((*key, *line) for key, line in sums.items())

    def flows(self) -> list[Row]:
        """flows_v1."""
        sums: dict[Row, Row] = {}
        for *key, _, mass, count, entries in self.lines():
            before = sums.get(tuple(key), (0, 0, 0))
            sums[tuple(key)] = (before[0] + mass, before[1] + count, before[2] + entries)
        return sorted((*key, *line) for key, line in sums.items())

    def accounts(self) -> list[Row]:
        """accounts_v1."""
        sums: dict[Row, list[int]] = defaultdict(lambda: [0, 0])
        opened = set()
        for _, e in self.standing:
            if not self.booked(e) or e["kind"] not in FROM_TO:
                continue
            place = (e["period"], e["region"], e["stream"], e["scheme"], e["code"])
            if e["kind"] == "OPENING":
                opened.add(place[1:])
            credit, debit = self.posting(e["stream"], e["kind"], e.get("manifest") is not None)
            sums[(*place, debit)][0] += e["mass_g"]
            sums[(*place, credit)][1] += e["mass_g"]
        return sorted((*key, *both, self.complete(key, opened)) for key, both in sums.items())

    def posting(self, stream: str, kind: str, manifest: bool) -> tuple[str, str]:
        """(credited, debited)."""
        told = self.chains.get(stream, set())
        credit, debit = FROM_TO[kind]
        if kind == "LOST" and manifest:
            credit = "transit"
        if kind == "COLLECTED" and "GENERATED" in told:
            credit = "held"
        return (credit if self._came_from_somewhere(told, kind, credit) else "unreported"), debit

    @staticmethod
    def _came_from_somewhere(told: set[str], kind: str, credit: str) -> bool:
        if kind == "COLLECTED" or credit in ("outside", "opening"):
            return True
        before = {"arisen": {"GENERATED"}, "transit": {"COLLECTED", "DISPATCHED"}, "stored": {"STORED", "OPENING"}}
        fresh = {"GENERATED", "BROUGHT_IN"}
        before["held"] = fresh | {"RECEIVED", "RELEASED"}
        if kind == "STORED":
            before["held"] = fresh | {"RECEIVED"}
        if kind == "DISPATCHED":
            arrived = {"RECEIVED"} if "COLLECTED" in told else set()
            from_stock = set() if "RECEIVED" in told else {"RELEASED"}
            before["held"] = fresh | arrived | from_stock
        return bool(told & before[credit])

    def complete(self, key: Row, opened: set[Row]) -> int:
        """Whether all that posts to the account is reported."""
        _, region, stream, scheme, code, account = key
        told = self.chains.get(stream, set())
        if account == "unreported":
            return 0
        posting = {kind for kind, accounts in FROM_TO.items() if account in accounts}
        if account == "transit":
            posting.add("LOST")
        if account == "held" and "GENERATED" in told:
            posting.add("COLLECTED")
        if account == "arisen" and "GENERATED" in told:
            posting.discard("COLLECTED")
        if account == "stored" and (region, stream, scheme, code) not in opened:
            return 0
        return int(posting <= told)

    def past(self) -> list[Row]:
        """(entity, revision, restated, event, position, partition) of all that is not newest; each event once."""
        found: dict[Row, Any] = {}
        for place, e in self.events:
            name = (e["entity_id"], e["revision"], e["restated"], e["event_id"])
            if e["event_id"] != self.newest[e["entity_id"]][1]["event_id"]:
                found[name] = min(place, found.get(name, place))
        return sorted((*name, *(at if isinstance(at, tuple) else (at, 0))) for name, at in found.items())

    def counts(self) -> tuple[int, int]:
        """(applied, superseded)."""
        return len(self.newest), len(self.events) - len(self.newest)

    def conflicts(self) -> set[Row]:
        """(entity, revision, restated, how many) said in more than one way."""
        ways = {(e["entity_id"], e["revision"], e["restated"], e["event_id"]) for _, e in self.events}
        return {(*pair, n) for pair, n in Counter(way[:3] for way in ways).items() if n > 1}
