"""A connector ready to run: its file read, its lists loaded, its mapping compiled, every mistake named with its place."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigWrong, Problem, Refused
from hub.intake.connector import Connector, ListSpec, Position
from hub.intake.connector_file import draft_connector, locate
from hub.intake.engine import Engine, connect
from hub.intake.mapping import Located, Mapping, MappingWrong, compile_mapping
from hub.reference.lists import LocalList, load_list


@dataclass(frozen=True)
class Plug:
    """One connector with its lists and its compiled mapping."""

    connector: Connector
    lists: MappingType[str, LocalList]
    mapping: Mapping

    def engine(self) -> Engine:
        """A DuckDB of its own that runs the mapping."""
        return Engine(self.mapping, connect(self.lists))


def examine(path: Path, *, thoroughly: bool = False) -> tuple[Plug | None, list[Problem]]:
    """The connector, or every mistake in its file, its lists and its expressions, in the order of the file.

    ``thoroughly``: DuckDB too has bound every statement, which a pull does only when it has something to map.
    """
    connector, problems = draft_connector(path)
    if connector is None:
        return None, problems
    lists, wrong = _lists(connector, drafted=bool(problems))
    problems += wrong
    try:
        plug = Plug(connector, lists, compile_mapping(connector, lists))
        if thoroughly and not problems:
            plug.engine().prepare()
    except MappingWrong as mistakes:
        problems += [_problem(connector, found) for found in mistakes.mistakes if not _follows(found, connector, lists)]
    except ConfigWrong as error:
        problems += [_in_file(problem, connector, None) for problem in error.problems]
    except Refused as error:
        problems.append(
            Problem(
                str(path),
                1,
                1,
                "EXPRESSION_REFUSED",
                "the mapping cannot be run: {reason}",
                facts=dict(error.facts),
                source_line=connector.source_lines[0],
            )
        )
    if problems:
        return None, sorted(problems, key=lambda p: (p.file != str(path), p.line is None, p.line, p.column))
    return plug, []


def _lists(connector: Connector, *, drafted: bool) -> tuple[dict[str, LocalList], list[Problem]]:
    """The lists that can be loaded, and what is wrong with the others; of one in a file with mistakes of form
    (``drafted``) these are said already."""
    lists: dict[str, LocalList] = {}
    problems: list[Problem] = []
    for name, spec in connector.lists.items():
        try:
            lists[name] = load_list(name, spec.version, spec.unit, spec.entries, _list_file(connector.path, spec))
        except ConfigWrong as error:
            if spec.file is not None or not drafted:
                problems += [_in_file(problem, connector, spec) for problem in error.problems]
    return lists, problems


def _follows(found: Located, connector: Connector, lists: MappingType[str, LocalList]) -> bool:
    """A mistake that is none: it calls a list that is there but could not be loaded, for which there is a problem."""
    name = found.wrong.facts.get("name")
    return found.wrong.error == "LIST_UNKNOWN" and name in connector.lists and name not in lists


def _list_file(path: Path, spec: ListSpec) -> Path | None:
    return None if spec.file is None else path.parent / spec.file


def _in_file(problem: Problem, connector: Connector, spec: ListSpec | None) -> Problem:
    """A list's problem, at the place of the list in the connector's file where it has none of its own."""
    if problem.line is not None or spec is None:
        return problem
    return Problem(
        str(connector.path),
        spec.at.line,
        spec.at.column,
        problem.error,
        problem.message,
        problem.suggestion,
        _source_line(connector, spec.at),
        problem.facts,
    )


def _problem(connector: Connector, located: Located) -> Problem:
    expression, wrong = located.expression, located.wrong
    at = locate(expression, wrong.offset)
    return Problem(
        str(connector.path),
        at.line,
        at.column,
        wrong.error,
        wrong.message,
        wrong.suggestion,
        _source_line(connector, at),
        dict(wrong.facts),
    )


def _source_line(connector: Connector, at: Position) -> str | None:
    return connector.source_lines[at.line - 1] if 0 < at.line <= len(connector.source_lines) else None
