"""The ``source`` of a connector.yaml: a database or files."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

from hub.intake.connector import Cursor, Expression, FileSpec, Limits, SqlSpec
from hub.intake.connector_form import Form, text_of
from hub.intake.connector_problems import Problems
from hub.intake.connector_yaml import ListNode, MapNode, Node, TextNode

KINDS = ("sql", "file")
LATER_KINDS = ("sftp", "http", "soap", "mqtt", "kafka", "hub")
ENCODINGS = ("auto", "utf-8", "gb18030")

_SQL_KEYS = ("kind", "url", "table", "query", "key", "cursor", "version", "deleted", "limits")
_FILE_KEYS = ("kind", "path", "key", "encoding", "sheet", "header", "scope", "version", "deleted")
_LIMIT_KEYS = ("rows_per_second", "statement_timeout", "quiet")
_LAST_HEADER_ROW = 1000
# Possessive throughout: a hostile text of comments must not be tried in every way.
_SELECT = re.compile(r"(?>\s++|--[^\n]*+|/\*(?>.*?\*/)|\()*+(?:select|with)\b", re.IGNORECASE | re.DOTALL)
_HEADER = re.compile(r"([0-9]{1,4})(?:\s*-\s*([0-9]{1,4}))?")
_COLUMN = re.compile(r'"([^"]+)"|(\w+)')


def read_source(node: Node, problems: Problems) -> SqlSpec | FileSpec | None:
    """The source, or None where its kind is not known or cannot be read yet."""
    form = Form(node, "source", problems, known=None, required=["kind"])
    kind = form.text("kind")
    if kind == "sql":
        return _sql(Form(node, "source", problems, _SQL_KEYS, ["url", "key"]))
    if kind == "file":
        return _file(Form(node, "source", problems, _FILE_KEYS, ["path", "key"]))
    if kind in LATER_KINDS:
        problems.add(form.value_at("kind"), "KIND_NOT_YET", value=kind, known=", ".join(KINDS))
    elif kind:
        known = (*KINDS, *LATER_KINDS)
        problems.add(form.value_at("kind"), "KIND_UNKNOWN", value=kind, known=", ".join(known), valid=known)
    return None


def check_dropped(source: SqlSpec | FileSpec, form: Form) -> None:
    """Columns that order or name the records cannot be dropped; other expressions are the mapping's to check."""
    needed = {"source.key": source.key, "source.version": _bare_column(source.version)}
    if isinstance(source, SqlSpec) and source.cursor:
        needed["source.cursor"] = (source.cursor.by,)
    for item in form.nodes("drop"):
        column = (item.text or "").strip() if isinstance(item, TextNode) else ""
        for key, columns in needed.items():
            if column in columns:
                form.problems.add(item.at, "COLUMN_DROPPED", column=column, key=key)


def _bare_column(expression: Expression | None) -> tuple[str, ...]:
    found = _COLUMN.fullmatch(expression.text) if expression else None
    return (found[1] or found[2],) if found else ()


def _sql(form: Form) -> SqlSpec:
    table, query = form.text("table"), form.text("query")
    if ("table" in form) == ("query" in form):
        form.problems.add(form.at_key("query"), "TABLE_OR_QUERY")
    if query and not _SELECT.match(query):
        form.problems.add(form.value_at("query"), "QUERY_NOT_SELECT")
    return SqlSpec(
        url=form.text("url"),
        table=table or None,
        query=query or None,
        key=form.names("key"),
        cursor=_cursor(form),
        version=form.expression("version"),
        deleted=form.expression("deleted"),
        limits=_limits(form),
        at=form.at,
    )


def _cursor(form: Form) -> Cursor | None:
    node = form.node("cursor")
    if node is None:
        return None
    if not isinstance(node, MapNode):
        return Cursor(form.text("cursor"))
    inner = Form(node, form.named("cursor"), form.problems, ["by", "lag"], ["by"])
    return Cursor(inner.text("by"), inner.seconds("lag", zero=True) or 0.0)


def _limits(form: Form) -> Limits:
    node = form.node("limits")
    if node is None:
        return Limits()
    inner = Form(node, form.named("limits"), form.problems, _LIMIT_KEYS)
    return Limits(inner.number("rows_per_second"), inner.seconds("statement_timeout"), inner.windows("quiet"))


def _file(form: Form) -> FileSpec:
    path = form.text("path")
    if ".." in PurePosixPath(path).parts or ".." in PureWindowsPath(path).parts:
        form.problems.add(form.value_at("path"), "PATH_OUTSIDE", key=form.named("path"), value=path)
    return FileSpec(
        path=path,
        key=form.names("key"),
        encoding=form.one_of("encoding", ENCODINGS, "ENCODING_UNKNOWN", "auto"),
        sheet=form.text("sheet") or None,
        header=_header(form),
        scope=form.expression("scope"),
        version=form.expression("version"),
        deleted=form.expression("deleted"),
        at=form.at,
    )


def _header(form: Form) -> tuple[int, int] | None:
    """``2``, ``2-3`` or ``[2, 3]``: the first and the last row of column names."""
    node = form.node("header")
    if isinstance(node, ListNode):
        text = "-".join(text_of(item, form.named("header"), form.problems) for item in node.items)
    else:
        text = form.text("header")
        if not text:
            return None
    found = _HEADER.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 0 < first <= last <= _LAST_HEADER_ROW:
        form.problems.add(form.value_at("header"), "HEADER_FORM", value=text)
        return None
    return first, last
