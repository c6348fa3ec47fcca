"""Logs go to stderr: readable on a terminal, one JSON object a line elsewhere."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any


def log_to_stderr(*, everything: bool) -> None:
    """Set structlog up for this process. Without ``everything`` only warnings and worse: the command itself says the
    rest."""
    import logging

    import structlog

    terminal = sys.stderr.isatty()
    render = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _by_the_citys_clock if terminal else structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if everything else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _by_the_citys_clock(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What a person reads beside the log is in the city's time: so is the log."""
    from hub.events.calendar import SHANGHAI

    event["timestamp"] = datetime.now(SHANGHAI).isoformat(" ", "seconds")
    return event
