"""Reading one map of a connector.yaml: known keys, the shape of each value, and what its text says.

Every reader returns a value of its type even where the text is wrong: the mistake is then among the problems, and a
file with problems gives no connector.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from hub.events.quantities import MAX_MASS_G
from hub.intake.connector import Expression, Position
from hub.intake.connector_problems import Problems
from hub.intake.connector_yaml import BrokenNode, ListNode, MapNode, Node, TextNode

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_SECONDS = 366 * 86400.0
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(ms|s|m|h|d)")
_GRAMS = {"": 1, "g": 1, "克": 1, "kg": 1000, "千克": 1000, "公斤": 1000, "t": 10**6, "吨": 10**6}
_MASS = re.compile(r"([0-9]{1,14}(?:\.[0-9]{1,6})?)\s*(|g|克|kg|千克|公斤|t|吨)")
_WINDOW = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
_NUMBER = re.compile(r"[0-9]{1,9}")
_SPELLING = {"x": 4, "u": 6, "U": 10}


class Form:
    """A map of the file under the name ``path`` (empty: the whole file). Opening it reports keys that are not
    ``known`` and ``required`` ones that are absent or empty; later readers stay silent about these."""

    def __init__(
        self, node: Node, path: str, problems: Problems, known: Iterable[str] | None, required: Iterable[str] = ()
    ) -> None:
        self.at = node.at
        self.path = path
        self.problems = problems
        self.entries = node.entries if isinstance(node, MapNode) else {}
        if not isinstance(node, MapNode):
            wrong_shape(node, path, "NOT_A_MAP", problems)
            return
        names = None if known is None else tuple(known)
        for key, (at, _) in self.entries.items():
            if names is not None and key not in names:
                problems.add(at, "UNKNOWN_KEY", key=self.named(key), written=key, valid=names)
        self.require(required)

    def require(self, keys: Iterable[str]) -> None:
        """Report those of ``keys`` that are absent or empty."""
        for key in keys:
            if key not in self.entries:
                self.problems.add(self.at, "MISSING_KEY", key=self.named(key))
            elif is_missing(self.entries[key][1]):
                self.problems.add(self.entries[key][0], "VALUE_MISSING", key=self.named(key))

    def named(self, key: str) -> str:
        """The key with the way to it: ``source.limits.quiet``."""
        return f"{self.path}.{key}" if self.path else key

    def node(self, key: str) -> Node | None:
        """What stands under ``key``; None where nothing does."""
        entry = self.entries.get(key)
        return None if entry is None or is_missing(entry[1]) else entry[1]

    def __contains__(self, key: str) -> bool:
        return self.node(key) is not None

    def at_key(self, key: str) -> Position:
        """Where the key stands, else where the map begins."""
        return self.entries[key][0] if key in self.entries else self.at

    def value_at(self, key: str) -> Position:
        """Where the value stands, else where the map begins."""
        return self.entries[key][1].at if key in self.entries else self.at

    def text(self, key: str) -> str:
        """A text, trimmed; '' where there is none."""
        return text_of(self.node(key), self.named(key), self.problems)

    def one_of(self, key: str, known: Iterable[str], error: str, default: str = "") -> str:
        """One of ``known``, else ``error``."""
        value, names = self.text(key), tuple(known)
        if value and value not in names:
            self.problems.add(self.value_at(key), error, value=value, known=", ".join(names), valid=names)
        return value if value in names else default

    def expression(self, key: str) -> Expression | None:
        """An expression; None where there is none."""
        node = self.node(key)
        return None if node is None else expression_of(node, self.named(key), self.problems)

    def names(self, key: str) -> tuple[str, ...]:
        """One text or a list of texts, each at most once."""
        found: dict[str, None] = {}
        for node in self.nodes(key):
            name = text_of(node, self.named(key), self.problems)
            if name in found:
                self.problems.add(node.at, "COLUMN_TWICE", key=self.named(key), column=name)
            if name:
                found[name] = None
        return tuple(found)

    def nodes(self, key: str) -> Iterator[Node]:
        """The items of a list, or the one thing that stands there without one."""
        node = self.node(key)
        if isinstance(node, ListNode):
            yield from node.items
        elif node is not None:
            yield node

    def number(self, key: str) -> int | None:
        """A whole number from 1."""
        value = self.text(key)
        if not value:
            return None
        if not _NUMBER.fullmatch(value) or int(value) == 0:
            self.problems.add(self.value_at(key), "NUMBER_FORM", key=self.named(key), value=value)
            return None
        return int(value)

    def seconds(self, key: str, *, zero: bool = False) -> float | None:
        """A duration such as ``10m`` in seconds; over 0 unless ``zero`` passes."""
        value = self.text(key)
        if not value:
            return None
        found = _DURATION.fullmatch(value)
        seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
        if not found or seconds > _LONGEST_SECONDS or (seconds == 0 and not zero):
            self.problems.add(self.value_at(key), "DURATION_FORM", key=self.named(key), value=value)
            return None
        return seconds

    def grams(self, key: str, default: int) -> int:
        """A mass such as ``500t``, ``100kg`` or plain grams, as whole grams."""
        value = self.text(key)
        if not value:
            return default
        found = _MASS.fullmatch(value)
        grams = Decimal(found[1]) * _GRAMS[found[2]] if found else Decimal(0)
        if not 0 < grams <= MAX_MASS_G or grams != int(grams):
            self.problems.add(self.value_at(key), "MASS_FORM", key=self.named(key), value=value)
            return default
        return int(grams)

    def windows(self, key: str) -> tuple[tuple[int, int], ...]:
        """Times of day such as ``08:30-09:30`` as pairs of minutes; the end may lie past midnight."""
        found = []
        for node in self.nodes(key):
            text = text_of(node, self.named(key), self.problems)
            if not text:
                continue
            minutes = _minutes(text)
            if minutes is None:
                self.problems.add(node.at, "QUIET_FORM", value=text)
            else:
                found.append(minutes)
        return tuple(found)


def is_missing(node: Node) -> bool:
    """Nothing was written, or ``~``."""
    return isinstance(node, TextNode) and node.text is None


def wrong_shape(node: Node, key: str, error: str, problems: Problems) -> None:
    """Report that ``node`` is not what it must be, unless something broken there was reported before."""
    if not isinstance(node, BrokenNode):
        problems.add(node.at, error, key=key)


def text_of(node: Node | None, key: str, problems: Problems) -> str:
    """The trimmed text of a scalar; '' where ``node`` is None, and with a problem where it is no text or blank."""
    if node is None:
        return ""
    if not isinstance(node, TextNode):
        wrong_shape(node, key, "NOT_A_TEXT", problems)
        return ""
    text = (node.text or "").strip()
    if not text:
        problems.add(node.at, "VALUE_MISSING", key=key)
    return text


def expression_of(node: Node, key: str, problems: Problems) -> Expression | None:
    """The expression of a scalar with its place, or None and a problem."""
    text = text_of(node, key, problems)
    if not text or not isinstance(node, TextNode):
        return None
    raw, at = node.raw, node.at
    if node.style in ("'", '"'):
        raw, at = raw[1:-1], Position(at.line, at.column + 1)
    elif node.style in ("|", ">"):
        raw, at = raw[raw.find("\n") + 1 :], Position(at.line + 1, 1)
    skipped = len(raw) - len(raw.lstrip())
    return Expression(text, _walk(at, raw[:skipped]), raw.strip())


def locate(expression: Expression, offset: int) -> Position:
    """Where the character ``offset`` of the expression's text stands in the file; ``len(text)`` is just behind it."""
    text, raw = expression.text, expression.raw or expression.text
    offset = max(0, min(offset, len(text)))
    start, end = 0, 0
    for character in text[: offset + 1]:
        if not character.isspace():
            start, end = _spelled(raw, end, character)
    within = offset < len(text) and not text[offset].isspace()
    return _walk(expression.at, raw[: start if within else end])


def _spelled(raw: str, index: int, character: str) -> tuple[int, int]:
    """Start and end of what spells ``character``, the next one of the text, in ``raw`` from ``index`` on. Between
    them may stand blanks, the second quote of a pair and escaped blanks; ``\\u4e2d`` spells as a whole."""
    while index < len(raw) - 1 and raw[index] != character:
        if raw[index] == "\\" and raw[index + 1] in _SPELLING:
            return index, index + _SPELLING[raw[index + 1]]
        blank = raw[index] == "\\" and raw[index + 1] != character
        index += 2 if blank else 1
    return index, index + 1


def _walk(at: Position, passed: str) -> Position:
    lines = passed.count("\n")
    if not lines:
        return Position(at.line, at.column + len(passed))
    return Position(at.line + lines, len(passed) - passed.rfind("\n"))


def _minutes(window: str) -> tuple[int, int] | None:
    found = _WINDOW.fullmatch(window)
    if not found:
        return None
    hours_from, from_, hours_to, to = (int(part) for part in found.groups())
    start, end = hours_from * 60 + from_, hours_to * 60 + to
    right = from_ < 60 and to < 60 and start < 24 * 60 and end <= 24 * 60 and start != end
    return (start, end) if right else None
