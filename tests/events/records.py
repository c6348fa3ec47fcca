"""Random messages of a schema, as plain values (times in µs, days as numbers), ugly ones among them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from hub.events import schema

LONG = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, -1, 2**62, -(2**62), 2**63 - 1, -(2**63)]))
INT = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([0, -1, 2**27, 2**31 - 1, -(2**31)]))
TEXT = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["", "\0", "𠮷🚛", "吨" * 30, "x" * 63, "x" * 64, "x" * 8191, "x" * 8192]),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT, "long": LONG, "int": INT, "boolean": st.booleans(), "timestamp-micros": LONG, "date": INT,
}  # fmt: skip


def records(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """One message of the current schema of ``name``."""
    return of_schema(schema.text(name))


def of_schema(text: str) -> st.SearchStrategy[dict[str, Any]]:
    """One message of the schema ``text``."""
    found = {}
    for field in schema.fields(text):
        values = VALUES[field.type]
        found[field.name] = st.none() | values if field.nullable else values
    return st.fixed_dictionaries(found)


def table(rows: list[dict[str, Any]], name: str) -> pa.Table:
    """The rows as Arrow, numbers put in as the times and days that they are."""
    columns = []
    for field in schema.fields(schema.text(name)):
        numbers = pa.int64() if field.type == "timestamp-micros" else pa.int32()
        kind = numbers if field.type in schema.WIRE else schema.ARROW[field.type]
        column = pa.array([row[field.name] for row in rows], kind)
        columns.append(column.view(schema.ARROW[field.type]) if field.type in schema.WIRE else column)
    return pa.Table.from_arrays(columns, schema=schema.arrow(name))
