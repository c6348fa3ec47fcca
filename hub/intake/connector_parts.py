"""What a connector.yaml says about its records: lists, maps, parts, checks and inline tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath

from hub.intake import event_fields
from hub.intake.connector import Case, Expression, ListSpec, Part
from hub.intake.connector_form import Form, expression_of, is_missing, text_of, wrong_shape
from hub.intake.connector_yaml import BrokenNode, ListNode, MapNode, Node, TextNode, as_plain
from hub.reference.kinds import BASES, KINDS, PRECISIONS, SCHEMES, STREAMS

_LIST_NAME = re.compile(r"[^\W\d]\w{0,63}")
_PART_NAME = re.compile(r"[\w.-]{1,64}")
_FACTOR = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")
_WORDS: dict[str, Mapping[str, object]] = {
    "kind": KINDS,
    "stream": STREAMS,
    "scheme": SCHEMES,
    "basis": BASES,
    "precision": PRECISIONS,
}
_EVENT_FIELDS = (*event_fields.MAPPED, *event_fields.COMPUTED)


def read_lists(top: Form) -> dict[str, ListSpec]:
    """The local lists, by name."""
    lists = {}
    for name, node, form in _members(top, "lists"):
        if not _LIST_NAME.fullmatch(name):
            form.problems.add(form.at_key(name), "LIST_NAME", value=name)
        lists[name] = _list(name, Form(node, form.named(name), form.problems, _LIST_KEYS, ["version"]))
    return lists


_LIST_KEYS = ("version", "unit", "map", "file")


def _list(name: str, form: Form) -> ListSpec:
    file = form.text("file")
    if ("map" in form) == ("file" in form):
        form.problems.add(form.at, "LIST_CONTENT", key=form.path)
    if file and _leads_out(file):
        form.problems.add(form.value_at("file"), "PATH_OUTSIDE", key=form.named("file"), value=file)
    entries = _entries(form, numbers="unit" in form or name == "units") if "map" in form else None
    return ListSpec(name, form.text("version"), form.text("unit") or None, entries, file or None, form.at)


def _leads_out(file: str) -> bool:
    windows = PureWindowsPath(file)
    return bool(windows.drive or windows.root or PurePosixPath(file).is_absolute() or ".." in windows.parts)


def _entries(form: Form, *, numbers: bool) -> dict[str, str]:
    entries = {}
    for key, node, inner in _members(form, "map"):
        value = text_of(node, inner.named(key), form.problems)
        if value and numbers and not (_FACTOR.fullmatch(value) and value.strip("0.")):
            form.problems.add(node.at, "FACTOR_FORM", key=inner.named(key), value=value)
        entries[key] = value
    return entries


def read_parts(top: Form) -> tuple[Part, ...]:
    """The events of a record: the unnamed one of ``map``, or those of ``each`` with ``map`` below their own."""
    shared = _map(top)
    if "each" not in top:
        if _is_map(top, "map"):
            _check_complete(shared, top)
        return (Part("", shared),)
    parts: dict[str, Part] = {}
    for form in _items(top, "each", ["part", "map"], ["part"]):
        name = form.text("part")
        if name and not _PART_NAME.fullmatch(name):
            form.problems.add(form.value_at("part"), "PART_NAME", value=name)
        if name in parts:
            form.problems.add(form.value_at("part"), "PART_TWICE", value=name)
        own = shared | _map(form)
        _check_complete(own, form)
        parts[name] = Part(name, own)
    if not parts:
        top.problems.add(top.value_at("each"), "EACH_EMPTY")
    return tuple(parts.values())


def _map(form: Form) -> dict[str, Expression]:
    node = form.node("map")
    if node is None:
        return {}
    inner = Form(node, form.named("map"), form.problems, known=None)
    found = {}
    for field, (at, value) in inner.entries.items():
        if field in event_fields.COMPUTED:
            form.problems.add(at, "FIELD_COMPUTED", field=field)
        elif field not in event_fields.MAPPED:
            form.problems.add(at, "UNKNOWN_KEY", key=inner.named(field), written=field, valid=event_fields.MAPPED)
        elif not is_missing(value):
            expression = expression_of(value, inner.named(field), form.problems)
            if expression and expression.text in _WORDS.get(field, ()):
                form.problems.add(value.at, "QUOTES_LOST", key=inner.named(field), value=expression.text)
            found[field] = expression or Expression("NULL", value.at)
    return found


def _check_complete(fields: Mapping[str, Expression], form: Form) -> None:
    """What every event needs is mapped: the fields, and value with unit or a count."""
    at, key = form.at_key("map"), form.named("map")
    for field in event_fields.REQUIRED:
        if field not in fields:
            form.problems.add(at, "FIELD_NOT_MAPPED", key=key, field=field)
    if "value" not in fields and "unit" not in fields and "count" not in fields:
        form.problems.add(at, "MEASURE_NOT_MAPPED", key=key)
    for field, other in (("value", "unit"), ("unit", "value")):
        if field in fields and other not in fields:
            form.problems.add(at, "UNIT_NOT_MAPPED", key=key, field=field, other=other)


def read_checks(top: Form) -> dict[str, Expression]:
    """The checks, by name."""
    checks = {}
    for name, node, form in _members(top, "checks"):
        expression = expression_of(node, form.named(name), form.problems)
        if expression:
            checks[name] = expression
    return checks


def read_warn(top: Form) -> frozenset[str]:
    """The checks that only mark a record."""
    checks = top.node("checks")
    written = tuple(checks.entries) if isinstance(checks, MapNode) else ()
    for node in top.nodes("warn"):
        name = node.text if isinstance(node, TextNode) else None
        if name and name.strip() not in written:
            top.problems.add(node.at, "CHECK_UNKNOWN", value=name, valid=written)
    return frozenset(top.names("warn"))


def read_cases(top: Form, parts: Iterable[Part]) -> tuple[Case, ...]:
    """The inline tests."""
    names = tuple(part.name for part in parts)
    return tuple(_case(form, names) for form in _items(top, "tests", ["name", "row", "expect", "quarantine"], ["row"]))


def _case(form: Form, parts: tuple[str, ...]) -> Case:
    if ("expect" in form) == ("quarantine" in form):
        form.problems.add(form.at, "EXPECT_OR_QUARANTINE", key=form.path)
    row = form.node("row")
    if row is not None and not isinstance(row, MapNode):
        wrong_shape(row, form.named("row"), "NOT_A_MAP", form.problems)
    plain = as_plain(row) if row else {}
    return Case(
        name=form.text("name") or form.path,
        row=plain if isinstance(plain, dict) else {},
        expect=tuple(_expected(form, parts)) if "expect" in form else None,
        quarantine=_refusal(form),
        at=form.at,
    )


def _refusal(form: Form) -> dict[str, str] | None:
    node = form.node("quarantine")
    if node is None:
        return None
    keys = ("field", "error")
    wanted = Form(node, form.named("quarantine"), form.problems, keys, keys)
    return {key: wanted.text(key) for key in keys}


def _expected(form: Form, parts: tuple[str, ...]) -> Iterator[dict[str, str | None]]:
    """The events that a case expects: fields as texts, null where a field must be empty."""
    for node in form.nodes("expect"):
        event = Form(node, form.named("expect"), form.problems, _EVENT_FIELDS)
        part = event.text("part")
        if part and part not in parts:
            form.problems.add(event.value_at("part"), "PART_UNKNOWN", value=part, valid=parts)
        yield {
            field: None if is_missing(value) else text_of(value, event.named(field), form.problems)
            for field, (_, value) in event.entries.items()
        }


def _is_map(form: Form, key: str) -> bool:
    return isinstance(form.node(key), MapNode)


def _members(top: Form, key: str) -> Iterator[tuple[str, Node, Form]]:
    """Name, value and the map itself for each entry of the map under ``key``; none where it is absent."""
    node = top.node(key)
    if node is None:
        return
    form = Form(node, top.named(key), top.problems, known=None)
    for name, (at, value) in form.entries.items():
        if is_missing(value):
            top.problems.add(at, "VALUE_MISSING", key=form.named(name))
        elif not isinstance(value, BrokenNode):
            yield name, value, form


def _items(top: Form, key: str, known: Iterable[str], required: Iterable[str]) -> Iterator[Form]:
    """Each map of the list under ``key``; none where it is absent."""
    node = top.node(key)
    if node is None:
        return
    if not isinstance(node, ListNode):
        wrong_shape(node, top.named(key), "NOT_A_LIST", top.problems)
        return
    for index, item in enumerate(node.items, start=1):
        yield Form(item, f"{top.named(key)}[{index}]", top.problems, tuple(known), required)
