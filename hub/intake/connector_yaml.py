"""YAML as a connector may use it: texts, lists and maps, each with its place; nothing that YAML would guess or build.

Read event by event, so that a bomb is refused where it begins and depth costs no stack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from hub.intake.connector import Position
from hub.intake.connector_problems import Problems

MOST_BYTES = 1 << 20
MOST_LEVELS = 20
MOST_VALUES = 50_000

# What YAML calls printable, without its rarer line breaks and a BOM inside: an editor counts lines as we do.
_BAD_CHARACTER = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_FULLWIDTH_COLON = re.compile(r"^[ ]*(?:- )?[\"']?[\w.-]+[\"']?[ ]*(：)", re.MULTILINE)


@dataclass(frozen=True)
class TextNode:
    """A scalar as text; None where nothing was written (or ``~``). ``raw`` as in the file, from ``at`` on."""

    at: Position
    text: str | None
    raw: str
    style: str | None


@dataclass(frozen=True)
class ListNode:
    """A sequence."""

    at: Position
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class MapNode:
    """A map: key → (where the key stands, value), in the file's order."""

    at: Position
    entries: dict[str, tuple[Position, Node]] = field(default_factory=dict)


@dataclass(frozen=True)
class BrokenNode:
    """Something already reported: whoever meets it keeps silent."""

    at: Position


Node = TextNode | ListNode | MapNode | BrokenNode


def plain_text(text: str) -> str:
    """``text`` without a BOM and with ``\\n`` as the only line break, as :func:`parse_yaml` wants it."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def parse_yaml(text: str, problems: Problems) -> Node | None:
    """The one document of ``text``, or None where it cannot be read at all; every mistake goes to ``problems``."""
    if len(text) > MOST_BYTES:
        problems.add(Position(1, 1), "FILE_TOO_LARGE", most=MOST_BYTES)
        return None
    bad = _BAD_CHARACTER.search(text)
    if bad:
        problems.add(_place(text, bad.start()), "BAD_CHARACTER", character=f"U+{ord(bad[0]):04X}")
        return None
    builder = _Builder(text, problems)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if not builder.take(event):
                return None
    except yaml.MarkedYAMLError as error:
        _report_syntax(error, text, problems)
        return None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # \U00110000 and %YAML 99999… break PyYAML itself
        problems.add(None, "NOT_YAML", reason=str(error))
        return None
    if not isinstance(builder.root, MapNode):
        report_fullwidth_colon(text, problems)
    return builder.root


def report_fullwidth_colon(text: str, problems: Problems) -> None:
    """Point at the first key that is followed by ``：``, a slip of Chinese keyboards that YAML reads as text."""
    found = _FULLWIDTH_COLON.search(text)
    if found:
        problems.add(_place(text, found.start(1)), "FULLWIDTH_COLON")


def _report_syntax(error: yaml.MarkedYAMLError, text: str, problems: Problems) -> None:
    mark, begun = error.problem_mark, error.context_mark
    if begun and not (mark and (begun.line == mark.line or "block" in (error.context or ""))):
        mark = begun  # a quote, bracket or key that never ends tells more than the later line where YAML gave up
    at = Position(mark.line + 1, mark.column + 1) if mark else None
    report_fullwidth_colon(text, problems)
    if mark and text[mark.index : mark.index + 1] == "\t":
        problems.add(at, "TAB")
    else:
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        problems.add(at, "NOT_YAML", reason=reason)


def _place(text: str, index: int) -> Position:
    return Position(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


class _Builder:
    """Makes nodes of events. ``root`` is the document once all are taken."""

    def __init__(self, text: str, problems: Problems) -> None:
        self.root: Node | None = None
        self._text = text
        self._problems = problems
        self._open: list[ListNode | MapNode] = []
        self._keys: list[TextNode | BrokenNode | None] = []  # per open node the key that waits for its value
        self._documents = 0
        self._values = 0

    def take(self, event: yaml.Event) -> bool:
        """One more event; False where reading on makes no sense."""
        at = Position(event.start_mark.line + 1, event.start_mark.column + 1) if event.start_mark else Position(1, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            return self._document(at)
        if isinstance(event, yaml.NodeEvent):
            self._refuse_extras(event, at)
            self._values += 1
            if self._values > MOST_VALUES:
                self._problems.add(at, "TOO_MANY_VALUES", most=MOST_VALUES)
                return False
        if isinstance(event, yaml.AliasEvent):
            self._put(BrokenNode(at))
        elif isinstance(event, yaml.ScalarEvent):
            self._put(self._scalar(event, at))
        elif isinstance(event, yaml.CollectionStartEvent):
            return self._enter(ListNode(at) if isinstance(event, yaml.SequenceStartEvent) else MapNode(at))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._keys.pop()
            self._put(self._open.pop())
        return not self._problems.full

    def _document(self, at: Position) -> bool:
        self._documents += 1
        if self._documents > 1:
            self._problems.add(at, "MANY_DOCUMENTS")
        return self._documents == 1

    def _enter(self, node: ListNode | MapNode) -> bool:
        if len(self._open) == MOST_LEVELS:
            self._problems.add(node.at, "TOO_DEEP", most=MOST_LEVELS)
            return False
        self._open.append(node)
        self._keys.append(None)
        return True

    def _refuse_extras(self, event: yaml.NodeEvent, at: Position) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._problems.add(at, "ALIAS", name=event.anchor)
        elif event.anchor is not None:
            self._problems.add(at, "ANCHOR", name=event.anchor)
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._problems.add(at, "TAG", tag=tag)

    def _scalar(self, event: yaml.ScalarEvent, at: Position) -> TextNode:
        plain = event.style is None
        missing = plain and event.value in ("", "~")
        start, end = event.start_mark, event.end_mark
        raw = self._text[start.index : end.index] if start is not None and end is not None else event.value
        return TextNode(at, None if missing else event.value, raw, event.style)

    def _put(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent, key = self._open[-1], self._keys[-1]
        if isinstance(parent, ListNode):
            parent.items.append(node)
        elif key is None:
            self._keys[-1] = self._key(node)
        else:
            self._keys[-1] = None
            self._pair(parent.entries, key, node)

    def _key(self, node: Node) -> TextNode | BrokenNode:
        if isinstance(node, BrokenNode):
            return node
        if isinstance(node, TextNode) and node.text == "<<" and node.style is None:
            self._problems.add(node.at, "MERGE_KEY")
        elif isinstance(node, TextNode) and node.text is not None:
            return node
        else:
            self._problems.add(node.at, "KEY_NOT_TEXT")
        return BrokenNode(node.at)

    def _pair(self, entries: dict[str, tuple[Position, Node]], key: TextNode | BrokenNode, value: Node) -> None:
        if isinstance(key, BrokenNode) or key.text is None:
            return
        if key.text in entries:
            self._problems.add(key.at, "KEY_TWICE", key=key.text, first=entries[key.text][0].line)
        else:
            entries[key.text] = (key.at, value)


def as_plain(node: Node) -> str | list[object] | dict[str, object] | None:
    """The node without its places: texts, None, lists and dicts."""
    if isinstance(node, TextNode):
        return node.text
    if isinstance(node, ListNode):
        return [as_plain(item) for item in node.items]
    if isinstance(node, MapNode):
        return {key: as_plain(value) for key, (_, value) in node.entries.items()}
    return None
