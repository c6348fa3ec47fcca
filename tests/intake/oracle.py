"""What the hub must know after a history of reads, in plain Python, from the text of the contract and not from the code.

Records are dicts of texts: K key, M and N the kilograms of the parts a and b (blank: none, not a number: a record that
cannot be mapped), D = '1' deleted, V and G versions, X what the mapping does not read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Record = Mapping[str, str | None]
Pair = tuple[int, int]
Masses = dict[str, int]
Text = tuple[tuple[str, str], ...]


class Unmappable(Exception):
    """The record waits in quarantine."""


def text_of(record: Record) -> Text:
    """The record as evidence: an added column that is empty, and blanks, change nothing."""
    return tuple(sorted((name, value) for name, value in record.items() if value is not None and value.strip()))


def masses_of(record: Record, parts: Mapping[str, str], *, optional: bool) -> Masses:
    """Part → grams. ``optional``: a part without a value yields no event (each); else the value is required."""
    said: Masses = {}
    for part, column in parts.items():
        value = (record.get(column) or "").strip()
        if not value and optional:
            continue
        if not value.isdigit():
            raise Unmappable
        said[part] = int(value) * 1000
    return said


@dataclass
class Known:
    """The newest statement about one key."""

    text: object
    pair: Pair
    state: str


@dataclass
class Oracle:
    """``parts``: part → column. ``declared``: the version that a record declares (None: it does not); ``counts``: a
    connector whose versions are declared; ValueError where it cannot be read."""

    parts: Mapping[str, str]
    optional: bool
    declares: bool
    declared: Callable[[Record], int | None]
    scoped: bool = False
    known: dict[str, Known] = field(default_factory=dict)
    standing: dict[str, Masses] = field(default_factory=dict)
    stated: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    scope: dict[str, str | None] = field(default_factory=dict)
    waiting: set[tuple[str, Pair, Text]] = field(default_factory=set)
    keyless: Counter[tuple[object, ...]] = field(default_factory=Counter)
    events: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    # --- what stands

    def ledger(self) -> dict[tuple[str, str], int]:
        """(key, part) → grams."""
        return {(key, part): mass for key, said in self.standing.items() for part, mass in said.items()}

    def open(self) -> set[tuple[str, Text]]:
        """(key, record) of what waits in quarantine: the newest statement about its key."""
        return {
            (key, text) for key, pair, text in self.waiting
            if self.known[key].state == "quarantined" and self.known[key].pair == pair
        }  # fmt: skip

    def live(self) -> int:
        """Keys that the source has, as far as is known."""
        return sum(known.state != "absent" for known in self.known.values())

    # --- one read

    def read(self, records: Sequence[Record], *, ordered: bool, default: int | None = None) -> bool:
        """One read of a table, or (``ordered``) of a file with its time as ``default``. False where the key or scope of
        a row cannot be read, so that nothing may be taken back."""
        complete = True
        without: Counter[tuple[object, ...]] = Counter()
        by_key: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            if self.scoped and self._scope(record) is None:
                complete = False
            if not (record.get("K") or "").strip():
                without[text_of(record)] += 1
                complete = False
            else:
                by_key[(record["K"] or "").strip()].append(record)
        self.keyless |= without  # alike in one read they are as many; in another read they are the same
        for key, same in by_key.items():
            self._one_key(key, same, ordered=ordered, default=default)
        return complete

    def _one_key(self, key: str, records: list[Record], *, ordered: bool, default: int | None) -> None:
        """One read states a key once: equal texts count once; else the newest version; else the last line, or none."""
        distinct = {text_of(record): record for record in records}
        if len(distinct) > 1:
            versions = {text: self._believed(record, default) for text, record in distinct.items()}
            newest = max((v for v in versions.values() if v is not None), default=None)
            if newest is not None:
                distinct = {text: record for text, record in distinct.items() if versions[text] == newest}
        if len(distinct) == 1 or ordered:
            last = [record for record in records if text_of(record) in distinct][-1]
            self._state(key, last, default)
        else:
            all_of_them = {text_of(record) for record in records}
            version = max((v for r in records if (v := self._believed(r, default)) is not None), default=None)
            placed = self._place(key, frozenset(all_of_them), version)
            if placed is not None:
                self._set_aside(key, frozenset(all_of_them), placed[0], all_of_them, self._scope(records[-1]))

    def _scope(self, record: Record) -> str | None:
        return ((record.get("S") or "").strip() or None) if self.scoped else None

    def _believed(self, record: Record, default: int | None) -> int | None:
        try:
            version = self.declared(record)
        except ValueError:
            return None
        return default if version is None else version

    def _place(self, key: str, text: object, version: int | None, readable: bool = True) -> tuple[Pair, bool] | None:
        """(pair, whether it always makes an event); None where nothing new is said."""
        known = self.known.get(key)
        if known is None:
            return ((0, 0) if not readable else (1 if version is None else version, 0)), True
        if known.state != "absent" and known.text == text:
            return None
        revision, restated = known.pair
        waits = known.state != "good"
        if not readable:
            return (revision, restated + 1), True
        if version is None:
            return (revision + 1, 0), waits
        if version > revision:
            return (version, 0), waits or self.declares
        if version == revision or known.state == "absent":
            return (revision, restated + 1), waits
        return None

    def _state(self, key: str, record: Record, default: int | None) -> None:
        text, scope = text_of(record), self._scope(record)
        try:
            version, readable = self.declared(record), True
        except ValueError:
            version, readable = None, False
        placed = self._place(key, text, default if version is None else version, readable)
        if placed is None:
            return
        pair, always = placed
        if not readable or (self.scoped and scope is None):
            self._set_aside(key, text, pair, {text}, scope)
        elif (record.get("D") or "").strip() == "1":
            self._delete(key, text, pair, always, scope)
        else:
            try:
                said = masses_of(record, self.parts, optional=self.optional)
            except Unmappable:
                self._set_aside(key, text, pair, {text}, scope)
            else:
                self._say(key, text, pair, said, always, scope)

    def _set_aside(self, key: str, text: object, pair: Pair, records: set[Text], scope: str | None) -> None:
        self._newest(key, text, pair, "quarantined", scope)
        self.waiting |= {(key, pair, record) for record in records}

    def _say(self, key: str, text: object, pair: Pair, said: Masses, always: bool, scope: str | None) -> None:
        before = self.standing.get(key, {})
        if not always and said == before:
            return
        made = len(said.keys() | before.keys())
        self.standing[key] = said
        self.stated[key] = set(said.keys() | before.keys()) or self.stated[key]
        self.events[(key, *pair)] += made
        if made or (key in self.known and self.known[key].state == "quarantined"):
            self._newest(key, text, pair, "good", scope)

    def _delete(self, key: str, text: object, pair: Pair, always: bool, scope: str | None) -> None:
        """A retraction of everything that the last statement spoke of; of what only waited, the waiting ends."""
        if self.stated[key] and (always or self.standing[key]):
            self.events[(key, *pair)] += len(self.stated[key])
            self.standing[key] = {}
            self._newest(key, text, pair, "good", scope)
        elif key in self.known and self.known[key].state == "quarantined":
            self._newest(key, text, pair, "good", scope)

    def _newest(self, key: str, text: object, pair: Pair, state: str, scope: str | None) -> None:
        self.known[key] = Known(text, pair, state)
        if scope is not None:
            self.scope[key] = scope

    # --- what is gone

    def vanish(self, present: Sequence[Record], scope: str | None = None) -> None:
        """After a whole read: known keys (of the scope) that were not there are taken back."""
        here = {(record.get("K") or "").strip() for record in present}
        for key, known in self.known.items():
            if key in here or known.state == "absent" or (scope is not None and self.scope.get(key) != scope):
                continue
            gone = len(self.standing.get(key, {}))
            revision, restated = known.pair
            self.stated[key] = set(self.standing.get(key, {})) or self.stated[key]
            self.standing[key] = {}
            self.events[(key, revision, restated + 1)] += gone
            self.known[key] = Known(None, (revision, restated + 1) if gone else (revision, restated), "absent")
