"""Real database servers for tests: started from the system's own binaries, on a free port, gone at the end.

Where one is not installed its tests are left out, with the reason; in CI nothing may be left out.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

PATIENCE = 60.0  # seconds for a server to answer; reached only when something is broken
PASSWORD = "a-secret-word"  # noqa: S105 - of a server that lives for one test run


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """An SQLAlchemy URL of an empty PostgreSQL, as its superuser."""
    with postgres_server("fsync=off") as url:
        yield url


@contextmanager
def postgres_server(*settings: str) -> Iterator[str]:
    """An SQLAlchemy URL of an empty PostgreSQL that runs with these settings (``name=value``), as its superuser."""
    with running_postgres(*settings) as server:
        yield server.url


@contextmanager
def running_postgres(*settings: str) -> Iterator[PostgresServer]:
    """An empty PostgreSQL that has started, and that may be killed."""
    initdb = _binary("initdb", "/usr/lib/postgresql/*/bin")
    with _folder() as folder, _log(folder) as log:
        data, port = folder / "data", free_port()
        (folder / "password").write_text(PASSWORD)
        _give_away(folder)
        _run([initdb, "-D", data, "-U", "tester", "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256",
              f"--pwfile={folder / 'password'}", "--no-sync"], log)
        command = [Path(initdb).with_name("postgres"), "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
                   "-c", f"unix_socket_directories={folder}", *(word for text in settings for word in ("-c", text))]
        url = f"postgresql+psycopg://tester:{PASSWORD}@127.0.0.1:{port}/postgres"
        server = PostgresServer(url, command, log)
        try:
            server.start()
            yield server
        finally:
            server.kill()


class PostgresServer:
    """``url`` (SQLAlchemy's, as the superuser) and the data stay the same through all that happens to it."""

    def __init__(self, url: str, command: Sequence[str | Path], log: int) -> None:
        self.url, self._command, self._log = url, command, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers. One that was killed leaves sessions, which must have ended before."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self._process = subprocess.Popen(_as_nobody(self._command), stdout=self._log, stderr=self._log, cwd="/")
            try:
                _wait(self._process, self.url)
            except sa.exc.SQLAlchemyError:
                if self._process.poll() is None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def wait(self) -> None:
        """Wait until it answers: after the death of a session it ends all others and recovers."""
        assert self._process is not None
        _wait(self._process, self.url)

    def stop(self) -> None:
        """End it and its sessions at once, without a checkpoint."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """kill -9 of the postmaster; its sessions notice."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """An SQLAlchemy URL of a MariaDB with one empty database, as a user who may do anything."""
    install, server = _binary("mariadb-install-db"), _binary("mariadbd", "/usr/sbin")
    with _folder() as folder, _log(folder) as log:
        data, port = folder / "data", free_port()
        data.mkdir()
        (folder / "first.sql").write_text(
            "CREATE DATABASE tests CHARACTER SET utf8mb4;\n"  # one statement a line, or the server takes none
            f"CREATE USER tester IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON *.* TO tester;\n"
        )
        _give_away(folder)
        _run([install, "--no-defaults", f"--datadir={data}", "--skip-test-db",
              "--auth-root-authentication-method=normal"], log)
        command = [server, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
                   f"--socket={folder / 's'}", "--skip-name-resolve", f"--init-file={folder / 'first.sql'}",
                   "--innodb-flush-log-at-trx-commit=0", f"--pid-file={folder / 'pid'}"]
        url = f"mysql+pymysql://tester:{PASSWORD}@127.0.0.1:{port}/tests?charset=utf8mb4"
        with _running(command, url, log):
            yield url


def _binary(name: str, *places: str) -> str:
    """The newest of a server's programs; without it the test is left out, in CI it fails."""
    found = shutil.which(name)
    for place in places:
        found = found or next((str(path) for path in sorted(Path("/").glob(f"{place[1:]}/{name}"), reverse=True)), None)
    if found is None:
        reason = f"{name} is not installed: what needs it is NOT tested"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    # Not pytest's own folder: a server that must not be root could not enter it.
    with tempfile.TemporaryDirectory(prefix="wastehub-server-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _log(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")


def _as_nobody(command: Sequence[str | Path]) -> list[str]:
    """These servers refuse to run as root; and none outlives a test run that is killed."""
    drop = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", "--pdeathsig=KILL", *drop, *map(str, command)]


def _run(command: Sequence[str | Path], log: int) -> None:
    subprocess.run(_as_nobody(command), check=True, stdout=log, stderr=log, cwd="/", timeout=PATIENCE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: Sequence[str | Path], url: str, log: int) -> Iterator[None]:
    with ExitStack() as stack:
        server = subprocess.Popen(_as_nobody(command), stdout=log, stderr=log, cwd="/")
        stack.callback(_stop, server)
        _wait(server, url)
        yield


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.kill()
    server.wait(PATIENCE)


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    """Until the server answers a query."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except sa.exc.SQLAlchemyError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
