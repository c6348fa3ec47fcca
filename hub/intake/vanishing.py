"""What the source no longer has: retractions, or, where too much vanished at once, a question to a person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.events.identity import canonical_json
from hub.events.standing import Known
from hub.intake.appending import Appender
from hub.intake.outgoing import Stamp, Withdrawal, quarantined, withdrawals
from hub.intake.said import Tally
from hub.intake.seen import QUARANTINED, Seen
from hub.intake.spoilt import Contradiction

MANY = 100
SHARE = 20
"""More than this many keys, and more than one in this many, do not vanish without a person's word."""
_AT_ONCE = 5_000
_SAMPLE = 20


def is_too_many(vanished: int, known: int) -> bool:
    """Over 5 % of the known keys, and over 100."""
    return vanished > MANY and vanished * SHARE > known


class Vanishing:
    """Settles what vanished after a whole read. Counts the ``events`` it made and the questions it ``held``."""

    def __init__(
        self,
        seen: Seen,
        appender: Appender,
        stamp: Stamp,
        last_events: Callable[[Sequence[tuple[int, int]]], list[dict[str, Any]]],
        act: Callable[..., dict[str, Any]],
    ) -> None:
        self._seen, self._appender, self._stamp = seen, appender, stamp
        self._last_events, self._act = last_events, act
        self.events = 0
        self.held = 0

    def settle(self, tally: Tally, scope: str | None) -> str | None:
        """Take back what is known (of ``scope``) and was not read. Returns the digest of what is held back, if it is."""
        vanished = self._seen.vanished(tally.keys, scope)
        known = self._seen.present(scope)
        approved = None
        if is_too_many(len(vanished), known):
            at_stake, bare = self._at_stake(vanished)
            digest = self._digest(at_stake, scope)
            approved = self._seen.is_approved(digest)
            if is_too_many(len(at_stake), known) and approved is None:
                self._take_back(bare, None)
                self._hold(at_stake, known, scope, digest)
                return digest
        for start in range(0, len(vanished), _AT_ONCE):
            self._take_back(vanished[start : start + _AT_ONCE], approved)
        self.close_held(scope, None)
        return None

    def _at_stake(self, vanished: Sequence[str]) -> tuple[list[str], list[str]]:
        """Keys of which something stands or waits, and those of which all was taken back before (soft deletions)."""
        parts = self._seen.parts(vanished)
        at_stake, bare = list[str](), list[str]()
        for key in vanished:
            stands = any(not retracted for _, _, retracted, _, _ in parts.get(key, []))
            (at_stake if stands or self._newest(key).state == QUARANTINED else bare).append(key)
        return at_stake, bare

    def _digest(self, keys: Sequence[str], scope: str | None) -> str:
        """Names these very statements: once they came back and vanished again, it is another question."""
        pairs = ((key, known.revision, known.restated) for key in keys for known in [self._newest(key)])
        return hashlib.sha256(canonical_json([scope, *pairs]).encode()).hexdigest()

    def close_held(self, scope: str | None, but: str | None) -> None:
        """Questions about this scope that no longer arise are closed."""
        acts = [
            self._act("closed", {"because": "no longer so"}, quarantine_id=waiting)
            for waiting in self._seen.held_back(scope)
            if waiting != but
        ]
        if acts:
            self._appender.append([], [], acts)

    def _hold(self, vanished: list[str], known: int, scope: str | None, digest: str) -> None:
        before = self._seen.asked(digest)
        found = {
            "asked": len(before) + 1,
            "digest": digest,
            "known": known,
            "sample": vanished[:_SAMPLE],
            "scope": scope,
            "vanished": len(vanished),
        }
        values = {"vanished": str(len(vanished)), "known": str(known), "scope": scope}
        error = {"field": "key", "error": "VANISHED_MANY", "expression": "", "values": values}
        row = quarantined(
            key=None,
            revision=0,
            restated=0,
            errors=[error],
            record=canonical_json(found),
            place=scope,
            scope=scope,
            stamp=self._stamp,
            stated_sha256=digest,
        )
        waits = next((id_ for id_, closed in before.items() if closed is None), row["quarantine_id"])
        self.close_held(scope, waits)
        if set(before.values()) <= {"resolved"}:
            self.held += 1
            self._appender.append([], [row], [])

    def _take_back(self, keys: list[str], approved: str | None) -> None:
        parts = self._seen.parts(keys)
        items: list[tuple[str, tuple[int, int]]] = []
        acts: list[dict[str, Any]] = []
        for key in keys:
            standing = [(p, pos) for _, _, retracted, p, pos in parts.get(key, []) if not retracted]
            items += [(key, place) for place in standing]
            if not standing:
                acts.append(self._gone(key))
        lasts = self._last_events([place for _, place in items])
        made = [self._withdrawal(key, last, approved) for (key, _), last in zip(items, lasts, strict=True)]
        events = [withdrawals(made, self._stamp)] if made else []
        if events or acts:
            self._appender.append(events, [], acts)
            self.events += len(made)

    def _withdrawal(self, key: str, last: Mapping[str, Any], approved: str | None) -> Withdrawal:
        known = self._newest(key)
        return Withdrawal(last, known.revision, known.restated + 1, None, None, None, approved)

    def _gone(self, key: str) -> dict[str, Any]:
        """Nothing of this key stands: only that it is gone is to be said."""
        known = self._newest(key)
        pair = {"revision": known.revision, "restated": known.restated}
        return self._act("deleted", {"sha256": None}, source_key=key, **pair)

    def _newest(self, key: str) -> Known:
        known = self._seen.known(key)
        if known is None:
            raise Contradiction(f"{key} is not found where it was read")
        return known
