"""A connector ready to run: its file read, its lists loaded, its mapping compiled, every mistake named with its place."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigWrong, Problem, Refused
from hub.intake.connector import Connector, ListSpec, Position
from hub.intake.connector_file import examine_connector, locate
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
    """The connector, or every mistake in its file, its lists and its expressions. ``thoroughly``: DuckDB too has bound
    every statement, which a pull does only when it has something to map."""
    connector, problems = examine_connector(path)
    if connector is None:
        return None, problems
    lists: dict[str, LocalList] = {}
    for name, spec in connector.lists.items():
        try:
            lists[name] = load_list(name, spec.version, spec.unit, spec.entries, _list_file(path, spec))
        except ConfigWrong as error:
            problems += [_in_file(problem, connector, spec) for problem in error.problems]
    if problems:
        return None, problems
    try:
        plug = Plug(connector, lists, compile_mapping(connector, lists))
        if thoroughly:
            plug.engine().prepare()
    except MappingWrong as wrong:
        return None, [_problem(connector, located) for located in wrong.mistakes]
    except ConfigWrong as error:
        return None, [_in_file(problem, connector, None) for problem in error.problems]
    except Refused as error:
        return None, [
            Problem(
                str(path),
                1,
                1,
                "EXPRESSION_REFUSED",
                "the mapping cannot be run: {reason}",
                facts=dict(error.facts),
                source_line=connector.source_lines[0],
            )
        ]
    return plug, []


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
