"""``connector check | test | preview``: nothing is written."""

from __future__ import annotations

from typing import Any

from hub.errors import Problem
from hub.intake.seen import Seen
from hub.intake.trying import Trial
from hub.intake.trying import preview as preview_source
from hub.run.parts import Parts
from hub.scratch import scratch
from hub.texts import translate


def check(hub: Parts, name: str | None) -> dict[str, Any]:
    """{"errors": [...]}: every mistake in the connectors' files."""
    return {"errors": [_error(problem) for problem in hub.examined(name)]}


def _error(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "error": problem.error,
        "message": translate(problem.message, **problem.facts),
        "suggestion": problem.suggestion,
        "source_line": problem.source_line,
    }


def test(hub: Parts, name: str | None) -> dict[str, Any]:
    """{"tests": [{connector, name, passed, differences}]}: the inline tests of the connectors' files."""
    found = []
    with scratch("trial") as folder:
        for number, plug in enumerate(hub.plugs([name] if name else [])):
            seen = Seen(folder / f"{number}.db")
            try:
                trial, cases = Trial(plug, seen, hub.around().now()), plug.connector.tests
                for case, differences in zip(cases, trial.run_all(cases), strict=True):
                    found.append(
                        {
                            "connector": plug.connector.name,
                            "name": case.name,
                            "passed": not differences,
                            "differences": differences,
                        }
                    )
            finally:
                seen.close()
    return {"tests": found}


def preview(hub: Parts, name: str, limit: int) -> dict[str, Any]:
    """{"rows", "quarantined"}: the first records of the source as what they would become."""
    with scratch("preview") as folder:
        seen = Seen(folder / "preview.db")
        try:
            return preview_source(hub.plugs([name])[0], seen, hub.around(), limit)
        finally:
            seen.close()
