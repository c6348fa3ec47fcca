"""Reading a connector.yaml: the file, its :class:`Connector`, and every mistake at once with its place.

connector_yaml makes nodes of the text, connector_form reads one map, connector_source and connector_parts know what
may stand where, connector_problems lists the refusals.
"""

from __future__ import annotations

import re
from pathlib import Path

from hub.errors import ConfigWrong, Problem
from hub.events.quantities import MAX_MASS_G
from hub.intake.connector import DEPARTMENTS, Connector, Position
from hub.intake.connector_form import Form, locate
from hub.intake.connector_parts import read_cases, read_checks, read_lists, read_parts, read_warn
from hub.intake.connector_problems import REFUSALS, Problems
from hub.intake.connector_source import check_dropped, read_source
from hub.intake.connector_yaml import MOST_BYTES, MapNode, Node, parse_yaml, plain_text

__all__ = [
    "REFUSALS",
    "draft_connector",
    "examine_connector",
    "locate",
    "parse_connector",
    "read_connector",
    "written_name",
]

_KEYS = (
    "hub",
    "name",
    "identity",
    "title",
    "department",
    "source",
    "every",
    "drop",
    "lists",
    "map",
    "checks",
    "warn",
    "max_mass",
    "each",
    "tests",
)
_REQUIRED = ("hub", "name", "department", "source")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9][A-Za-z0-9_-]*)*")
_NAME_LINE = re.compile(rb"^name:[ \t]*[\"']?([A-Za-z0-9_.-]+)", re.MULTILINE)
_LONGEST_NAME = 100
_EVERY_SECONDS = 300.0


def read_connector(path: Path) -> Connector:
    """The connector that the file describes. Raises ConfigWrong with every mistake of the file."""
    connector, problems = examine_connector(path)
    if connector is None:
        raise ConfigWrong(problems)
    return connector


def examine_connector(path: Path) -> tuple[Connector | None, list[Problem]]:
    """Like :func:`parse_connector`, from the file; one that cannot be read, or is not UTF-8, is a problem too."""
    connector, problems = draft_connector(path)
    return (None if problems else connector), problems


def draft_connector(path: Path) -> tuple[Connector | None, list[Problem]]:
    """Like :func:`examine_connector`, but beside problems stands the connector as far as the file says it: what is
    wrong is empty there, and more mistakes can be looked for in the rest."""
    problems = Problems(path, ())
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problems.add(None, "FILE_UNREADABLE", reason=reason or str(error))
        return None, problems.found
    if len(raw) > MOST_BYTES:
        problems.add(None, "FILE_TOO_LARGE", most=MOST_BYTES)
        return None, problems.found
    try:
        return _draft(raw.decode("utf-8"), path)
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        lines = plain_text(before + "\n").split("\n")
        problems = Problems(path, lines)
        problems.add(Position(len(lines) - 1, len(lines[-2]) + 1), "NOT_UTF8", offset=error.start)
        return None, problems.found


def parse_connector(text: str, path: Path) -> tuple[Connector | None, list[Problem]]:
    """The connector that ``text``, the content of ``path``, describes: None exactly where there are problems, which
    are all there are, in the order of the file."""
    connector, problems = _draft(text, path)
    return (None if problems else connector), problems


def written_name(path: Path) -> str | None:
    """The name that the file gives its connector, as far as it can be told: also where the rest of it is wrong."""
    connector = draft_connector(path)[0]
    if connector is not None:
        return connector.name
    try:
        found = _NAME_LINE.search(path.read_bytes()[:MOST_BYTES])
    except OSError:
        return None
    return found[1].decode() if found else None


def _draft(text: str, path: Path) -> tuple[Connector | None, list[Problem]]:
    text = plain_text(text)
    lines = tuple(text.split("\n"))
    problems = Problems(path, lines)
    node = parse_yaml(text, problems)
    connector = _connector(node, path, lines, problems) if node is not None else None
    if not problems.found and connector is None:
        problems.add(Position(1, 1), "NO_CONNECTOR")
    found = sorted(problems.found, key=lambda problem: (problem.line is None, problem.line, problem.column))
    return connector, found


def _connector(node: Node, path: Path, lines: tuple[str, ...], problems: Problems) -> Connector | None:
    if not isinstance(node, MapNode):
        problems.add(node.at, "NO_CONNECTOR")
        return None
    form = Form(node, "", problems, _KEYS)
    required = _REQUIRED if "each" in form else (*_REQUIRED, "map")
    form.require(required)
    _check_version(form)
    name, identity, title = _name(form, "name"), _name(form, "identity"), form.text("title")
    department = form.one_of("department", DEPARTMENTS, "DEPARTMENT_UNKNOWN")
    source_node = form.node("source")
    source = read_source(source_node, problems) if source_node is not None else None
    every, drop, max_mass = form.seconds("every"), form.names("drop"), form.grams("max_mass", MAX_MASS_G)
    if source is not None:
        check_dropped(source, form)
    lists, parts, checks, warn = read_lists(form), read_parts(form), read_checks(form), read_warn(form)
    tests = read_cases(form, parts)
    if source is None:
        return None
    return Connector(
        path=path,
        name=name,
        identity=identity or name,
        title=title or name,
        department=department,
        source=source,
        every_seconds=every or _EVERY_SECONDS,
        drop=drop,
        lists=lists,
        parts=parts,
        checks=checks,
        warn=warn,
        max_mass_g=max_mass,
        tests=tests,
        source_lines=lines,
    )


def _check_version(form: Form) -> None:
    value = form.text("hub")
    if value and value != "1":
        form.problems.add(form.value_at("hub"), "HUB_VERSION", value=value)


def _name(form: Form, key: str) -> str:
    value = form.text(key)
    if value and (len(value) > _LONGEST_NAME or not _NAME.fullmatch(value)):
        form.problems.add(form.value_at(key), "NAME_FORM", key=key, value=value)
    return value
