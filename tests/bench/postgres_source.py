"""The weighbridge of ``data`` as a table of a PostgreSQL that a department has."""

from __future__ import annotations

import psycopg

from tests.bench import data


def write_table(url: str, count: int) -> None:
    """So many rows as the table BDJL of the database, as an SQLAlchemy URL names it."""
    columns = ", ".join(f'"{name}" TEXT' for name in data.COLUMNS)
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:", 1)) as connection:
        connection.execute(f'CREATE TABLE "{data.TABLE}" ({columns}, PRIMARY KEY ("DJBH"))'.encode())
        with connection.cursor() as cursor, cursor.copy(f'COPY "{data.TABLE}" FROM STDIN'.encode()) as copy:
            for row in data.rows(count):
                copy.write_row(row)
        connection.execute(f'ANALYZE "{data.TABLE}"'.encode())


def connector(url: str) -> str:
    """The connector.yaml that reads it."""
    return data.TABLE_CONNECTOR.replace("url: sqlite:///bench.db", f"url: {url}")
