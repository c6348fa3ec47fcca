"""Logs, beside what a command answers."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest
import structlog

from hub.cli.logs import log_to_stderr


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "clock"), [(_Terminal(), r"\+08:00"), (io.StringIO(), "Z")])
def test_people_read_the_citys_time_and_machines_utc(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, clock: str
) -> None:
    """On a terminal a line begins with the time in Asia/Shanghai and its offset; elsewhere it is one JSON object with
    the time in UTC."""
    monkeypatch.setattr(sys, "stderr", stream)
    log_to_stderr(everything=True)
    try:
        structlog.get_logger().info("pulled", connector="a.b")
    finally:
        structlog.reset_defaults()
    text = stream.getvalue()
    assert re.search(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+" + clock, text)
    assert stream.isatty() or json.loads(text)["connector"] == "a.b"
