"""MySQL and MariaDB as a source: a consistent snapshot, streamed, and stopped at the server where it takes too long."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from hub.intake.sources.sql_session import Session


class MysqlSession(Session):
    """One consistent, read-only snapshot; times in Asia/Shanghai."""

    def begin(self) -> None:
        """As of now, for every table whose engine knows transactions."""
        say = self.connection.exec_driver_sql
        self._thread = int(say("SELECT CONNECTION_ID()").scalar_one())
        say("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        say("SET time_zone = '+08:00'")
        # A reader that is held back on purpose (rows_per_second) must not be thrown out for slowness.
        say("SET net_write_timeout = 600")
        say("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def interrupt(self) -> None:
        """Through a second connection: a statement whose reader has merely gone would run on."""
        with suppress(SQLAlchemyError), self.connection.engine.connect() as other:
            other.exec_driver_sql(f"KILL QUERY {self._thread}")
