"""From a batch of texts to records: evidence, key and hash, columnar.

A record's evidence is canonical JSON of the texts as the source gave them; blank ones count as null and are left out.
The mapping sees the texts trimmed. The SQL here does what :mod:`hub.events.identity` says, for whole batches.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hub.events.identity import canonical_record, sha256_hex, source_key
from hub.intake.expressions import text_literal

MAX_RECORD_BYTES = 4 << 20
_CONTROL = r"[\x00-\x1f]"

MACROS = (
    r"""CREATE OR REPLACE TEMP MACRO key_text(x) AS CASE
      WHEN contains(x, '.') AND regexp_full_match(x, '-?(0|[1-9]\d*)\.0+') THEN split_part(x, '.', 1)
      WHEN contains(x, ':') AND regexp_full_match(x, '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d|Z)?')
        THEN regexp_replace(replace(x, ' ', 'T'), '(:\d\d)(?:\.0+|(\.\d*?)0+)?($|[+Z-])', '\1\2\3')
      ELSE nfc_normalize(x) END""",
)
"""DuckDB macros; run once per connection. Keys: 1.0 is 1, times are ISO, texts NFC."""


def cleaned(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """(as given with blanks null, trimmed with blanks null); the same columns where nothing differs."""
    given, trimmed = [], []
    for column in table.columns:
        short = pc.utf8_trim_whitespace(column)
        blank = pc.equal(short, "")
        if pc.any(blank).as_py():
            nothing = pa.scalar(None, pa.string())
            short = pc.if_else(blank, nothing, short)
            column = pc.if_else(blank, nothing, column)  # noqa: PLW2901 - the column without its blanks
        given.append(column)
        trimmed.append(short)
    return pa.table(given, names=table.column_names), pa.table(trimmed, names=table.column_names)


class Recorder:
    """Makes records of batches for one connector: ``key`` columns, and ``columns`` (as written → alias) for the mapping."""

    def __init__(self, key: Sequence[str], columns: Mapping[str, str]) -> None:
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "enable_external_access": False,
                "python_enable_replacements": False,
            },
        )
        for macro in MACROS:
            self._connection.execute(macro)
        self._key = tuple(key)
        self._columns = dict(columns)

    def records(self, rows: pa.Table, lines: pa.Array) -> pa.Table:
        """Columns rn, line, skey (null: unreadable), rec, sha, odd, and the aliases (trimmed; null where missing)."""
        given, trimmed = cleaned(rows)
        given = pa.table(
            [*given.columns, pa.array(np.arange(rows.num_rows)), lines],
            names=[*(f"g{i}" for i in range(rows.num_columns)), "rn", "line"],
        )
        aliased = pa.table(trimmed.columns, names=[f"t{i}" for i in range(rows.num_columns)])
        both = pa.table([*given.columns, *aliased.columns], names=[*given.column_names, *aliased.column_names])
        names = rows.column_names
        self._connection.register("batch_rows", both)
        try:
            table = self._connection.sql(self._sql(names, both)).to_arrow_table()
        finally:
            self._connection.unregister("batch_rows")
        return _exact(table, rows, self._key) if pc.any(table["odd"]).as_py() else table

    def key_hashes(self, rows: pa.Table) -> pa.Array:
        """A 64-bit hash of every row's key, as column ``kh`` of :meth:`records`; 0 where a key cannot be read."""
        used = [name for name in rows.column_names if any(_found(k, rows.column_names) == name for k in self._key)]
        _, trimmed = cleaned(rows.select(used))
        table = pa.table(trimmed.columns, names=[f"t{i}" for i in range(len(used))])
        if not used:
            return pa.array([0] * rows.num_rows, pa.uint64())
        self._connection.register("batch_keys", table)
        try:
            key = f"SELECT {self._key_sql(used)} AS k FROM batch_keys"
            found = self._connection.sql(f"SELECT CASE WHEN k IS NOT NULL THEN hash(k) ELSE 0 END AS kh FROM ({key})")
            return found.to_arrow_table()["kh"].combine_chunks()
        finally:
            self._connection.unregister("batch_keys")

    def _key_sql(self, names: Sequence[str]) -> str:
        parts = " || ',' || ".join(f"to_json(key_text({_read(column, names)}))::VARCHAR" for column in self._key)
        return f"'[' || {parts} || ']'"

    def missing(self, names: Sequence[str]) -> frozenset[str]:
        """Columns that the mapping reads and that the source does not have."""
        return frozenset(column for column in self._columns if _found(column, names) is None)

    def _sql(self, names: Sequence[str], table: pa.Table) -> str:
        record = record_sql([(name, f"g{i}", table[f"g{i}"]) for i, name in enumerate(names)])
        aliases = "".join(f", {_read(column, names)} AS {alias}" for column, alias in self._columns.items())
        return (
            f"SELECT *, sha256(rec) AS sha, contains(rec, '\\u00') AS odd, hash(skey) AS kh FROM (SELECT rn, line,"
            f" {self._key_sql(names)} AS skey, {record} AS rec{aliases} FROM batch_rows)"
        )


def _exact(table: pa.Table, rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """Rows with control characters, whose JSON escapes DuckDB writes in the other hex case, made again in Python."""
    columns = {name: table[name].to_pylist() for name in ("rec", "sha", "skey")}
    for index, odd in enumerate(table["odd"].to_pylist()):
        if odd:
            record = json.loads(columns["rec"][index])
            columns["rec"][index] = canonical_record(record)
            columns["sha"][index] = sha256_hex(columns["rec"][index])
            if columns["skey"][index] is not None:
                columns["skey"][index] = source_key(json.loads(columns["skey"][index]))
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))
    return table


def record_sql(columns: Sequence[tuple[str, str, pa.ChunkedArray]]) -> str:
    """DuckDB text for the canonical JSON of (name, column, its values): keys by code point, nulls left out."""
    ordered = sorted(columns, key=lambda each: each[0])
    if not ordered:
        return "'{}'"
    starts = ordered[0][2].null_count == 0
    pieces = []
    for number, (name, column, values) in enumerate(ordered):
        before = "{" if starts and number == 0 else ","
        pieces += _pair(f"{before}{json.dumps(name, ensure_ascii=False)}:", column, values)
    joined = f"concat({', '.join([*pieces, text_literal('}')])})"
    return joined if starts else f"'{{' || ltrim({joined}, ',')"


def _pair(head: str, column: str, values: pa.ChunkedArray) -> list[str]:
    """Arguments of concat. It leaves NULL out while || makes all of it NULL, and is the slower one."""
    if needs_no_escape(values):
        parts = [text_literal(head + '"'), column, text_literal('"')]
    else:
        parts = [text_literal(head), f"to_json({column})::VARCHAR"]
    return [" || ".join(parts)] if values.null_count else parts


def needs_no_escape(values: pa.ChunkedArray) -> bool:
    """JSON writes all of these texts as they are: looking at their bytes at once takes a tenth of writing them."""
    for chunk in values.chunks:
        if chunk.buffers()[2] is None:
            continue
        offsets = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        text = np.frombuffer(chunk.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
        if text.min(initial=0xFF) < 0x20 or (text == ord('"')).any() or (text == ord("\\")).any():
            return False
    return True


def _found(column: str, names: Sequence[str]) -> str | None:
    """The column of the source that a written name means: itself, its container, or the only one but for case."""
    for wanted in (column, column.split(".", maxsplit=1)[0]):
        if wanted in names:
            return wanted
        alike = [name for name in names if name.casefold() == wanted.casefold()]
        if len(alike) == 1:
            return alike[0]
    return None


def _read(column: str, names: Sequence[str]) -> str:
    """DuckDB text that reads a column of ``batch_rows``, nested values by their path; NULL where it is missing."""
    found = _found(column, names)
    if found is None:
        return "NULL::VARCHAR"
    alias = f"t{list(names).index(found)}"
    if found.casefold() == column.casefold():
        return alias
    steps = "".join("." + json.dumps(step, ensure_ascii=False) for step in column.split(".")[1:])
    value = f"CASE WHEN json_valid({alias}) THEN json_extract_string({alias}, {text_literal('$' + steps)}) END"
    return f"nullif(trim({value}), '')"
