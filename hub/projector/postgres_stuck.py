"""Sessions in which the server waits, in the midst of a statement, for a client that is stopped.

No time-out of the server's is for them: it counts only between two statements. Whoever was stopped while he sent rows
(COPY), or between statements that are sent together, would hold his locks for ever. So all who take part look.
"""

from __future__ import annotations

from typing import Any

import psycopg

_WAITING = """
SELECT pid, backend_start, query_start FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = 'wastehub'
  AND state = 'active' AND wait_event = 'ClientRead'
"""
_END = f"SELECT pg_terminate_backend(pid) FROM ({_WAITING}) AS waiting WHERE (pid, backend_start, query_start) = (%s, %s, %s)"


class Stuck:
    """Ends those sessions of the hub that were found waiting, for the same statement, for ``patience`` seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: dict[tuple[Any, ...], float] = {}

    def look(self, connection: psycopg.Connection[tuple[Any, ...]], seconds: float) -> None:
        """To be called every now and then; ``seconds`` is a clock's. Raises psycopg.Error."""
        found = connection.execute(_WAITING.encode()).fetchall()
        self._since = {one: self._since.get(one, seconds) for one in found}
        for one, since in self._since.items():
            if seconds - since >= self._patience:
                connection.execute(_END.encode(), one)
