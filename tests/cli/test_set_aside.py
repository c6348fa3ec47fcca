"""What a person sees of the quarantine."""

from __future__ import annotations

from typing import Any

import pytest

from hub.cli.set_aside import show_decided, show_quarantine, show_reasons, show_redriven

ERRORS = [{"field": "code", "error": "CODE_UNMAPPED"}, {"field": "value", "error": "NUMBER_UNREADABLE"}]
ROW: dict[str, Any] = {"id": "q1", "connector": "c", "source_key": '["A"]', "state": "open", "errors": ERRORS}


def test_quarantine_shows_every_error_of_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    """A record with two errors shows both, and its state in a word."""
    show_quarantine({"rows": [ROW], "more": 0, "counts": []})
    assert capsys.readouterr().out.splitlines() == [
        "q1  c  A  待处理",
        "    代码 code: CODE_UNMAPPED 连接器的对照表里没有这个代码",
        "    数值 value: NUMBER_UNREADABLE 不是数字",
    ]


def test_a_record_without_a_key_is_named_by_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """What has no readable key is told by where it stands."""
    show_quarantine({"rows": [ROW | {"source_key": None, "place": "in/a.csv:3"}], "more": 0, "counts": []})
    assert capsys.readouterr().out.splitlines()[0] == "q1  c  in/a.csv:3  待处理"


def test_many_are_counted_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Where more wait than are shown, how many by connector and error comes first, and how many more last."""
    counts = [{"connector": "c", "error": "CODE_UNMAPPED", "records": 1234}]
    show_quarantine({"rows": [ROW], "more": 1233, "counts": counts})
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["c", "CODE_UNMAPPED", "连接器的对照表里没有这个代码", "1,234"]
    assert lines[-1].startswith("还有 1233 条")


def test_an_empty_quarantine_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing set aside is a sentence."""
    show_quarantine({"rows": [], "more": 0, "counts": []})
    assert capsys.readouterr().out == "没有被隔离的记录。\n"


def test_the_set_aside_are_counted_by_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A record counts once under each of its errors, and each error is explained in words."""
    row = {"connector": "a", "errors": [{"error": "CODE_UNMAPPED"}, {"error": "CODE_UNMAPPED"}]}
    other = {"connector": "b", "errors": [{"error": "CODE_UNMAPPED"}, {"error": "MASS_NEGATIVE"}]}
    show_reasons({"rows": [row, row, other]})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["连接器的对照表里没有这个代码", "3", "2", "CODE_UNMAPPED"] in lines
    assert ["质量不能为负", "1", "1", "MASS_NEGATIVE"] in lines


def test_decisions_are_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """What came of mapping again, of an approval and of a rejection is a sentence each."""
    show_redriven({"redriven": 2, "events": 3, "still_open": 1})
    show_decided({"id": "q1", "state": "resolved", "events": 120})
    show_decided({"id": "q1", "state": "rejected"})
    assert capsys.readouterr().out.splitlines() == [
        "重新处理后合格 2 条，产生 3 个事件；仍待处理 1 条。",
        "q1：已解决，产生 120 个事件。",
        "q1：已驳回。",
    ]
