"""The views of a PostgreSQL store. Only the driver is imported: it must start fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hub.projector.postgres_server import Server
from hub.projector.views import Row


class PostgresViews:
    """:class:`hub.projector.views.Views` of the database ``postgresql://…``."""

    def __init__(self, url: str) -> None:
        self._server = Server(url)

    @contextmanager
    def reading(self) -> Iterator[_Reader | None]:
        """As the protocol says; all answers are of one moment."""
        try:
            with closing(self._server.connect({})) as connection:
                connection.read_only = True
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                reader = _Reader(connection)
                made = reader.rows("SELECT to_regclass('flows_v1') IS NOT NULL AS made")
                yield reader if made[0]["made"] else None
        except psycopg.Error as error:
            translated = self._server.error(error)
            if translated is None:
                raise
            raise translated from error


class _Reader:
    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """As the protocol says."""
        asked = statement.replace("%", "%%").replace("?", "%s") if values else statement
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(asked.encode(), list(values) or None).fetchall()
