"""How a PostgreSQL server is reached, how long it may be silent, and what its errors mean for the hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from hub.errors import HubError, NotInOrder, Refused, RequestWrong, StoreUnavailable
from hub.projector.views import SUM_TOO_LARGE
from hub.texts import N_

NAMESPACE = "hub"
"""The schema that holds everything of the store."""
STOPPED_SECONDS = 10.0
SEE_SERVER = N_(
    "Look whether the server is there, has this database and lets this hub in (its password comes from PGPASSWORD, a "
    "passfile or a service); what was not done is done at the next try."
)
_OLDEST = 15
_ADDRESS = re.compile(r"postgresql://([^@/]*@)?[^@]*", re.DOTALL)
_CONNECTING: Mapping[str, Any] = {
    "connect_timeout": 10, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "application_name": "wastehub",
}  # fmt: skip
_SETTINGS: Mapping[str, str] = {
    "search_path": NAMESPACE,
    "client_min_messages": "warning",
    # Compiling a statement took longer than all that it did: it is run once per batch.
    "jit": "off",
    # A machine that is gone does not answer, and its session must not hold rows for hours.
    "tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3",
}  # fmt: skip

_OVERFLOW, _NOT_ALLOWED = "22003", "42501"
_NOT_AS_PROMISED = {"42P16", "2BP01"}
"""A view would lose columns, or others built on what is to go."""
# A table, column or function that is not there or of another type; damaged data, a damaged index.
_DAMAGED = {"42P01", "42703", "42883", "42804", "XX001", "XX002"}
# What the driver itself refuses to send or to give: no server said it, and no other try will help. (Of what libpq says
# without a code when a server went away in the midst of a result, it makes a plain DatabaseError.)
_OURS = (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError)
# Connection, read-only server, unique key taken at the same moment, transaction state, password, database, deadlock,
# resources, locks, cancelled or shut down, system.
_PASSING = ("08", "23505", "25", "28", "3D", "40", "53", "55", "57", "58")


class Server:
    """The database of ``postgresql://user@host/database`` (what libpq calls a URI). RequestWrong where it is none.

    Its password comes from PGPASSWORD, a passfile or a service, as libpq looks for it. ``name`` is fit to be shown: an
    @ elsewhere than before the host is refused, for libpq would take what follows it in a password for the host.
    ``patience``: so many seconds a session may say nothing in the midst of its work; then the server ends it.
    """

    def __init__(self, url: str, patience: float = STOPPED_SECONDS) -> None:
        self.patience = patience
        self._address = url.replace("postgresql+psycopg:", "postgresql:", 1)
        try:
            said = conninfo_to_dict(self._address)
        except (psycopg.Error, UnicodeError):
            said = {"port": "none"}  # the reason would quote what is wrong: it may be a password
        port = str(said.get("port") or 0).replace(",", "")
        if not _ADDRESS.fullmatch(self._address) or not (port.isascii() and port.isdecimal()):
            raise RequestWrong(
                "the store's URL is none of PostgreSQL; write postgresql://user@host/database",
                remedy="The password belongs into PGPASSWORD, a passfile or a service; in the URL write %40 for @ and"
                " %2F for /.",
            )
        place = said.get("host") or said.get("service") or "localhost"
        self.name = f"{place}{':' + str(said['port']) if said.get('port') else ''}/{said.get('dbname') or ''}"

    @property
    def milliseconds(self) -> str:
        """``patience`` as a setting."""
        return str(int(1000 * self.patience))

    def connect(self, settings: Mapping[str, str]) -> psycopg.Connection[tuple[Any, ...]]:
        """A new session with these settings over the usual ones. Raises psycopg.Error, Refused."""
        connection = psycopg.connect(self._address, **_CONNECTING)
        try:
            self._must_do(connection.info.server_version, connection.info.parameter_status("server_encoding"))
            ends = {"idle_in_transaction_session_timeout": self.milliseconds, "tcp_user_timeout": self.milliseconds}
            for name, value in {**_SETTINGS, **ends, **settings}.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            connection.commit()
        except BaseException:
            connection.close()
            raise
        return connection

    def _must_do(self, version: int, encoding: str | None) -> None:
        if version < 10_000 * _OLDEST or encoding != "UTF8":
            raise Refused(
                "the store {path} is PostgreSQL {version} with {encoding}; PostgreSQL {oldest} or newer with UTF8 is"
                " needed", path=self.name, version=version // 10_000, encoding=encoding, oldest=_OLDEST,
            )  # fmt: skip

    def error(self, error: BaseException) -> HubError | None:
        """What an error of the driver is for the hub; None where the statement was wrong in itself: a bug."""
        state = getattr(error, "sqlstate", None) or ""
        facts = {"path": self.name, "reason": " ".join(str(error).split())[:300]}
        if state == _OVERFLOW:
            return NotInOrder("a sum in the store {path} exceeds 64 bits: {reason}", **facts, remedy=SUM_TOO_LARGE)
        if state == _NOT_ALLOWED:
            return Refused("the store {path} does not allow it: {reason}", **facts,
                           remedy="Give the hub's role the right to make the schema hub and to write in it.")  # fmt: skip
        if state in _NOT_AS_PROMISED:
            return Refused(
                "the views of the store {path} would not be what others read: {reason}", **facts,
                remedy="A breaking change is a new view; or drop the old one yourself, and rebuild.",
            )  # fmt: skip
        if state in _DAMAGED:
            return NotInOrder("the store {path} is damaged: {reason}", **facts,
                              remedy="Drop its schema hub and project again: the journal has everything.")  # fmt: skip
        if not state.startswith(_PASSING) if state else isinstance(error, _OURS):
            return None
        return StoreUnavailable("the store {path} does not take or give rows: {reason}", **facts, remedy=SEE_SERVER)
