"""MySQL and MariaDB as a source: a consistent snapshot, streamed, and stopped at the server where it takes too long."""

from __future__ import annotations

from contextlib import suppress

from pymysql.constants import FIELD_TYPE
from sqlalchemy.exc import SQLAlchemyError

from hub.intake.sources.sql_session import Session


class MysqlSession(Session):
    """One consistent, read-only snapshot; times in Asia/Shanghai; a BIT is the number that it stands for."""

    def begin(self) -> None:
        """As of now, for every table whose engine knows transactions."""
        say = self.connection.exec_driver_sql
        driver = self.connection.connection.driver_connection
        if driver is not None:
            # The driver's own are the packet's bytes. Departments keep their flags in BIT(1).
            driver.decoders = {**driver.decoders, FIELD_TYPE.BIT: lambda data: int.from_bytes(data, "big")}
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
