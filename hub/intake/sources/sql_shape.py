"""What a table or query of a source looks like: its columns, its unique keys, and how it is named in a statement."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
import sqlglot
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlglot import TokenType
from sqlglot.errors import SqlglotError

from hub.errors import ConfigWrong, Problem, RequestWrong

_WRITES = frozenset(
    getattr(TokenType, name)
    for name in (
        "ALTER", "COMMAND", "COPY", "CREATE", "DELETE", "DROP", "EXECUTE", "GRANT", "INSERT", "INTO", "MERGE",
        "TRUNCATE", "UPDATE",
    )
    if hasattr(TokenType, name)
)
# Every value is read as text: it does not matter that SQLAlchemy knows no type of that name.
warnings.filterwarnings("ignore", "Did not recognize type", sa.exc.SAWarning)
_SQLITE_ERROR = 1
_MYSQL_REFUSALS = frozenset({1052, 1054, 1056, 1060, 1064, 1146, 1248, 1305})
_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}


@dataclass(frozen=True)
class Shape:
    """``columns`` in the source's order; ``origin`` to select from; ``unique``: column sets that never repeat.

    Columns of ``origin`` have a type only where SQLite sees to it that they hold texts (TEXT affinity).
    """

    columns: tuple[str, ...]
    origin: sa.FromClause
    unique: tuple[frozenset[str], ...]


def shape_of(connection: sa.Connection, table: str | None, query: str | None) -> Shape:
    """Look at the table or the query. ConfigWrong where the table does not exist, RequestWrong for no SELECT."""
    if query is not None:
        return _query_shape(connection, query)
    inspector = sa.inspect(connection)
    schema, name = _find(inspector, table or "")
    found = {str(column["name"]): column["type"] for column in inspector.get_columns(name, schema)}
    of_text = connection.dialect.name == "sqlite" and name in inspector.get_table_names(schema)
    columns = [sa.column(c, kind if of_text and isinstance(kind, sa.String) else None) for c, kind in found.items()]
    return Shape(tuple(found), sa.table(name, *columns, schema=schema), _unique(inspector, name, schema))


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name most like the one that was written, upper and lower case aside."""
    folded = {each.casefold(): each for each in names}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[found[0]] if found else None


def _find(inspector: sa.Inspector, written: str) -> tuple[str | None, str]:
    plain = written.replace('"', "").replace("`", "")
    candidates: list[tuple[str | None, str]] = [(None, written), (None, plain)]
    if "." in plain:
        before, _, after = plain.rpartition(".")
        candidates.append((before, after))
    schemas = inspector.get_schema_names()
    for schema, name in candidates:
        if name and (schema is None or schema in schemas) and inspector.has_table(name, schema):
            return schema, name
    schema, name = candidates[-1]
    known = schema if schema in schemas else None
    names = [*inspector.get_table_names(known), *inspector.get_view_names(known)]
    near = nearest(name, names)
    raise ConfigWrong([
        Problem(
            "", None, None, "UNKNOWN_TABLE", "the source has no table {name}", suggestion=near,
            facts={"name": written, "tables": names[:50]},
        )
    ])


def _unique(inspector: sa.Inspector, name: str, schema: str | None) -> tuple[frozenset[str], ...]:
    """The primary key, and unique constraints over columns that cannot be NULL; none for a view."""
    if not inspector.has_table(name, schema) or name in inspector.get_view_names(schema):
        return ()
    required = {str(column["name"]) for column in inspector.get_columns(name, schema) if not column["nullable"]}
    primary = inspector.get_pk_constraint(name, schema).get("constrained_columns") or []
    found = [frozenset(primary)] if primary else []
    for constraint in inspector.get_unique_constraints(name, schema):
        columns = frozenset(map(str, constraint["column_names"]))
        if columns and columns <= required:
            found.append(columns)
    return tuple(found)


def _query_shape(connection: sa.Connection, query: str) -> Shape:
    text = _checked(query, connection.dialect.name)
    # A colon in the query is its own, never a parameter.
    inner = sa.text("(" + text.replace(":", "\\:") + "\n) AS source_query")
    try:
        with connection.execute(sa.select(sa.text("*")).select_from(inner).where(sa.text("1 = 0"))) as probe:
            columns = tuple(probe.keys())
    except DBAPIError as error:
        if not _is_refused(error):
            raise
        raise RequestWrong("the source refuses the query: {reason}", reason=str(error.orig)) from error
    # SQLite numbers the second of two equal columns: k, k:1.
    plain = [re.sub(r":\d+$", "", name) for name in columns] if connection.dialect.name == "sqlite" else [*columns]
    twice = sorted({name for name in plain if plain.count(name) > 1})
    if twice:
        raise RequestWrong("the query gives column {name} twice", remedy="Name it apart with AS.", name=twice[0])
    origin = sa.text(text.replace(":", "\\:") + "\n").columns(*map(sa.column, columns)).subquery("source_query")
    return Shape(columns, origin, ())


def _is_refused(error: DBAPIError) -> bool:
    """Does the source say that the query is wrong, and not that it cannot answer now?"""
    if isinstance(error, ProgrammingError):
        return True
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return getattr(error.orig, "sqlite_errorcode", None) == _SQLITE_ERROR or code in _MYSQL_REFUSALS


def _checked(query: str, dialect: str) -> str:
    """The query without a final semicolon; RequestWrong for anything but one SELECT (the snapshot refuses it too)."""
    text = query.strip().rstrip(";").rstrip()
    try:
        tokens = sqlglot.tokenize(text, read=_DIALECTS.get(dialect, dialect))
    except (SqlglotError, ValueError) as error:
        raise RequestWrong("the query cannot be read: {reason}", reason=str(error)) from error
    kinds = [token.token_type for token in tokens]
    first = next((kind for kind in kinds if kind is not TokenType.L_PAREN), None)
    if first not in (TokenType.SELECT, TokenType.WITH) or TokenType.SEMICOLON in kinds or _WRITES.intersection(kinds):
        raise RequestWrong("the query is not one SELECT", remedy="A source is only ever read.")
    return text
