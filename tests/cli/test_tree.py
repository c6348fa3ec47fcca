"""Nested facts under each other."""

from __future__ import annotations

import pytest

from hub.cli.tree import branches, show_tree


def test_a_tree_leaves_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    """Nested facts are shown below each other; empty ones are not; brackets in texts stay as they are."""
    show_tree({"entries": [{"source_key": "[bold]A[/bold]", "vehicle": None, "count": 0}]}, "line")
    assert capsys.readouterr().out.splitlines() == [
        "line",
        "└── 条目",
        "    └── 1",
        "        ├── 来源键: [bold]A[/bold]",
        "        └── 件数: 0",
    ]


def test_what_a_source_said_keeps_its_names() -> None:
    """Columns and values of a record are shown as the source has them, though a field of ours is called the same."""
    document = {"record": {"count": 3, "kind": "COLLECTED", "inside": {"unit": "t", "none": None}}, "kind": "COLLECTED"}
    assert list(branches(document)) == [
        "记录",
        "├── count: 3",
        "├── kind: COLLECTED",
        "└── inside",
        "    └── unit: t",
        "环节: 收运",
    ]


def test_plain_values_of_a_list_are_one_value() -> None:
    """Names in a list stand beside each other."""
    assert list(branches({"parts": ["collected", "used"]})) == ["部分: collected, used"]


def test_a_tree_does_not_steer_the_terminal() -> None:
    """Names and values of sources are spelled out where they would steer the terminal; a break stays in its branch."""
    lines = list(branches({"record": {"a\x1b[2J": "b\x07"}, "remedy": "one\ntwo"}, outermost=False))
    assert lines == ["├── 记录", "│   └── a\\x1b[2J: b\\x07", "└── 怎么办: one\n    two"]
