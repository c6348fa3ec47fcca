"""Where the records of delimited text begin and end (RFC 4180 quotes, a quote inside an unquoted field is a letter)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RECORD_MAX = 4 << 20
_QUOTE, _NEWLINE, _RETURN = 34, 10, 13


@dataclass(frozen=True)
class Cut:
    """Whole, well-formed records at the head of a block: up to ``stop``; ``starts`` are their line numbers from 0."""

    stop: int
    starts: npt.NDArray[np.int64] | None
    count: int


class Record(NamedTuple):
    """One record at [start, stop) of a block: its number of fields, or the error that its quotes are."""

    start: int
    stop: int
    fields: int
    error: str | None


def cut(block: bytes, delimiter: bytes) -> Cut | None:
    """The whole records of a block, found without a loop; None where its quotes need a closer look."""
    if b'"' in block:
        return _quoted_cut(block, delimiter)
    stop = block.rfind(b"\n") + 1
    return Cut(stop, None, block.count(b"\n", 0, stop))


def _quoted_cut(block: bytes, delimiter: bytes) -> Cut | None:
    """In well-formed text quotes alternate: one that opens follows a delimiter, one that closes stands before one."""
    letters = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    newlines = np.flatnonzero(letters == _NEWLINE)
    outside = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    if not len(outside):
        return None
    stop = int(outside[-1]) + 1
    quotes = quotes[quotes < stop]
    edges = (ord(delimiter), _NEWLINE, _QUOTE)
    before = letters[quotes[0::2] - 1]
    opens = np.isin(before, edges) | (quotes[0::2] == 0)
    closes = np.isin(letters[quotes[1::2] + 1], (*edges, _RETURN))
    # A quote before an opening one must be the closing one before it ("" in a field), which then is no edge either.
    if not opens.all() or not closes.all():
        return None
    starts = np.concatenate(([0], outside[:-1] + 1))
    return Cut(stop, np.searchsorted(newlines, starts).astype(np.int64), len(outside))


def records(block: bytes, delimiter: bytes, *, final: bool) -> Iterator[Record]:
    """Every record of a block in turn, the malformed ones too; stops before one that may go on after the block."""
    at = 0
    while at < len(block):
        newline = block.find(b"\n", at)
        if newline < 0 and not final:
            return
        stop = newline + 1 if newline >= 0 else len(block)
        if block.find(b'"', at, stop) < 0:
            yield Record(at, stop, block.count(delimiter, at, stop) + 1, None)
        else:
            record = _quoted_record(block, at, stop, delimiter, final=final)
            if record is None:
                return
            yield record
            stop = record.stop
        at = stop


def _quoted_record(block: bytes, start: int, line_stop: int, delimiter: bytes, *, final: bool) -> Record | None:
    field = _field(delimiter)
    at, fields = start, 0
    while True:
        match = field.match(block, at)
        fields += 1
        if match is None:
            return _malformed(block, at, start, line_stop, final=final)
        at = match.end()
        if match.lastgroup == "end":
            whole = final or at < len(block) or block.endswith(b"\n")
            return Record(start, at, fields, None) if whole else None


def _malformed(block: bytes, at: int, start: int, line_stop: int, *, final: bool) -> Record | None:
    """The field at ``at`` has a quote that does not close, or closes before other text: the first line is set aside."""
    close = _CLOSE.match(block, at)
    open_ended = close is None or close.end() >= len(block) - 1
    if open_ended and not final and len(block) - start <= RECORD_MAX:
        return None
    if close is not None and close.end() < line_stop:
        return Record(start, line_stop, 0, "STRAY_QUOTE")
    return Record(start, line_stop, 0, "UNTERMINATED_QUOTE")


_CLOSE = re.compile(rb'"[^"]*(?:""[^"]*)*"')


@cache
def _field(delimiter: bytes) -> re.Pattern[bytes]:
    mark = re.escape(delimiter)
    return re.compile(
        rb'(?:"[^"]*+(?:""[^"]*+)*+"|(?!")[^' + mark + rb"\n]*+)(?:(?P<next>" + mark + rb")|(?P<end>\r?\n|\Z))"
    )


def fields_of(record: bytes, delimiter: bytes) -> list[str]:
    """The fields of one well-formed record."""
    fields: list[str] = []
    at = 0
    while True:
        match = _field(delimiter).match(record, at)
        if match is None:
            return fields
        text = record[at : match.start(match.lastgroup or 0)].decode("utf-8", "replace").rstrip("\r")
        fields.append(text[1:-1].replace('""', '"') if text.startswith('"') else text)
        at = match.end()
        if match.lastgroup == "end":
            return fields
