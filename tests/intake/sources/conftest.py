"""The servers that the readers are tried on."""

from tests.servers import mariadb, postgres

__all__ = ["mariadb", "postgres"]
