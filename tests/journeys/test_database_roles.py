"""The roles that docker/postgres/roles.sql makes, in a real PostgreSQL: enough for the hub and for its readers, no more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors, sql

from tests.cli.run import wastehub
from tests.rules.compose import DOCKER, services

VIEWS = {"entries_v1", "flows_v1", "accounts_v1", "positions_v1", "quarantine_v1"}


class Database:
    """A server in which roles.sql was run."""

    def __init__(self, server: sa.URL, folder: Path) -> None:
        self._server, self.folder = server, folder

    def url(self, user: str, database: str = "wastehub") -> str:
        """A URL for libpq, with the password that was prepared for ``user``."""
        file = {"wastehub": "hub_db_password", "dashboard": "dashboard_password"}[user]
        password = (self.folder / "secrets" / file).read_text()
        url = self._server.set(drivername="postgresql", username=user, password=password, database=database)
        return url.render_as_string(hide_password=False)

    def connect(self, user: str, database: str = "wastehub") -> psycopg.Connection[tuple[object, ...]]:
        """A session in which every statement stands alone."""
        return psycopg.connect(self.url(user, database), autocommit=True)

    def hub(self, *args: str) -> None:
        """The example hub, with this store and an embedded journal."""
        done = wastehub("-C", str(self.folder / "hub"), *args, WASTEHUB_HUB_JOURNAL="sqlite:data/journal.db",
                        WASTEHUB_HUB_STORE=self.url("wastehub"))  # fmt: skip
        assert done.code == 0, done.err


@pytest.fixture(scope="module")
def database(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with the roles of roles.sql, and the example's ledger in it."""
    folder, server = tmp_path_factory.mktemp("roles") / "docker", sa.make_url(postgres)
    shutil.copytree(DOCKER, folder, ignore=shutil.ignore_patterns("secrets", ".env"))
    subprocess.run(["sh", folder / "prepare.sh"], check=True, capture_output=True)
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as superuser:
        try:
            _make_roles(server, folder)
            found = Database(server, folder)
            found.hub("pull", "--once")
            found.hub("project", "--once")
            yield found
        finally:  # the server is the whole session's
            superuser.execute("DROP DATABASE IF EXISTS wastehub WITH (FORCE)")
            superuser.execute("DROP ROLE IF EXISTS dashboard, wastehub_readers, wastehub")
            superuser.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC")


def _make_roles(server: sa.URL, folder: Path) -> None:
    """As the image's entry point does it."""
    psql = shutil.which("psql")
    assert psql is not None, "psql comes with the server"
    subprocess.run(
        [psql, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", str(server.host), "-p", str(server.port),
         "-U", str(server.username), "-d", "postgres", "-f", folder / "postgres" / "roles.sql"],
        check=True, capture_output=True,
        env=os.environ | {"PGPASSWORD": str(server.password), "WASTEHUB_SECRETS": str(folder / "secrets")},
    )  # fmt: skip


def _tonnes(database: Database) -> object:
    with database.connect("dashboard") as dashboard:
        return dashboard.execute("SELECT sum(mass_g) FROM flows_v1 WHERE booked = 1").fetchall()


def test_readers_read_the_views_and_nothing_else(database: Database) -> None:
    """A dashboard's role reads every versioned view by its bare name; tables, and writing anything, are refused it."""
    with database.connect("dashboard") as dashboard, database.connect("wastehub") as owner:
        for view in VIEWS:
            assert dashboard.execute(sql.SQL("SELECT count(*) >= 0 FROM {}").format(sql.Identifier(view))).fetchone()
        tables = owner.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'hub'::regnamespace AND relkind IN ('r', 'v')"
            " AND relname !~ '_v[0-9]+$'"
        ).fetchall()
        assert ("entries",) in tables
        assert len(tables) > 5
        for (table,) in tables:
            with pytest.raises(errors.InsufficientPrivilege):
                dashboard.execute(sql.SQL("SELECT 1 FROM hub.{}").format(sql.Identifier(str(table))))
        dashboard.execute("SET default_transaction_read_only = off")
        for statement in ("DELETE FROM hub.entry_facts", "CREATE TABLE hub.mine (i int)", "CREATE SCHEMA mine",
                          "CREATE TEMP TABLE mine (i int)", "CREATE TABLE public.mine (i int)"):  # fmt: skip
            with pytest.raises(errors.InsufficientPrivilege):
                dashboard.execute(statement.encode())


def test_readers_keep_reading_after_a_rebuild_and_after_a_loss(database: Database) -> None:
    """Views that a rebuild makes anew, and those of a store that was dropped and folded again, are the readers' at once."""
    before = _tonnes(database)
    assert before == [(10_580_000,)]
    database.hub("project", "--rebuild")
    assert _tonnes(database) == before
    with database.connect("wastehub") as owner:
        owner.execute("DROP SCHEMA hub CASCADE")
    database.hub("project", "--once")
    assert _tonnes(database) == before


def test_the_hubs_role_can_do_no_more_than_its_work(database: Database) -> None:
    """The hub's role makes no roles and no databases, enters no other database, and cannot touch what lets readers in."""
    with database.connect("wastehub") as owner:
        for statement in ("CREATE ROLE other", "CREATE DATABASE other", "DROP DATABASE wastehub",
                          "DROP EVENT TRIGGER let_readers_in", "DROP SCHEMA administration CASCADE",
                          "CREATE TABLE public.mine (i int)", "COPY (SELECT 1) TO PROGRAM 'true'"):  # fmt: skip
            with pytest.raises((errors.InsufficientPrivilege, errors.ObjectInUse)):
                owner.execute(statement.encode())
    for user in ("wastehub", "dashboard"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            database.connect(user, "postgres")


def test_roles_without_passwords_are_not_made(postgres: str, tmp_path: Path) -> None:
    """Where a password is missing, roles.sql stops before it makes a role."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "postgres").symlink_to(DOCKER / "postgres")
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        _make_roles(sa.make_url(postgres), tmp_path)
    assert b"must hold 16 characters" in stopped.value.stderr


def test_the_server_takes_the_settings_of_compose(database: Database) -> None:
    """Each setting with which compose.yaml starts the server is one that PostgreSQL has, with a unit."""
    words = services()["postgres"]["command"]
    settings = [word.split("=", 1) for flag, word in pairwise(words) if flag == "-c"]
    assert settings
    with database.connect("wastehub") as session:
        for name, value in settings:
            found = session.execute("SELECT 1 FROM pg_settings WHERE name = %s", (name,)).fetchone()
            assert found is not None, name
            assert re.fullmatch(r"\d+(GB|MB|min)", value)
