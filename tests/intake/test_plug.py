"""A connector made ready: whatever is wrong with its file is said at once, and its name is known all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.intake.connector_file import written_name
from hub.intake.plug import examine
from tests.intake.plugging import connector_text


def errors_of(folder: Path, text: str) -> list[str]:
    """The errors in a connector's file, in the order in which they are said."""
    (folder / "connector.yaml").write_text(text, encoding="utf-8")
    plug, problems = examine(folder / "connector.yaml", thoroughly=True)
    assert (plug is None) == bool(problems)
    return [problem.error for problem in problems]


def test_mistakes_of_form_and_of_expressions_are_said_together(tmp_path: Path) -> None:
    """A misspelt key does not hide a misspelt function, nor the other way round."""
    text = connector_text({"value": "nmu(V)"}, evry="1m", checks={"c": "V > 3"})
    assert errors_of(tmp_path, text) == ["NOT_ALLOWED", "UNKNOWN_KEY", "KINDS_DIFFER"]


def test_a_list_that_cannot_be_loaded_is_said_once(tmp_path: Path) -> None:
    """What calls a list whose own mistake is said is not called a mistake too; a list that is not there is."""
    lists = {"l": {"version": "1", "file": "nope.csv"}}
    text = connector_text({"code": "code('l', V)", "unit": "code('other', U)"}, lists=lists)
    assert sorted(errors_of(tmp_path, text)) == ["LIST_FILE_MISSING", "LIST_UNKNOWN"]
    wrong = {"l": {"version": "1", "unit": "t/m3", "map": {"a": "much"}}}
    assert errors_of(tmp_path, connector_text({"value": "factor('l', V)"}, lists=wrong)) == ["FACTOR_FORM"]


@pytest.mark.parametrize("broken", ["", "\nevry: 1m\n", "\n - :\n  x", "\nmap: [", "\n\tx: 1"])
def test_the_name_of_a_broken_file_is_known(tmp_path: Path, broken: str) -> None:
    """A file is found by the name that it gives its connector, however wrong the rest of it is."""
    (tmp_path / "connector.yaml").write_text(connector_text() + broken, encoding="utf-8")
    assert written_name(tmp_path / "connector.yaml") == "housing.scales"


def test_a_file_without_a_name_has_none(tmp_path: Path) -> None:
    """What is no connector, or not there at all, is called nothing."""
    (tmp_path / "connector.yaml").write_bytes(b"\xff\xfe: [")
    assert written_name(tmp_path / "connector.yaml") is None
    assert written_name(tmp_path / "other.yaml") is None
