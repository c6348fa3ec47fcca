"""CSV and TXT. Blocks go through pyarrow as they are; only a block that it cannot take whole is looked at by record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from hub.ahead import ahead
from hub.intake.sources.encoding import Encoding, encoding_of
from hub.intake.sources.layout import COLUMNS_MAX, Columns, FileUnusable, columns_of, merge_header
from hub.intake.sources.pieces import RAW_MAX, empty, lines_from, without_empty_rows
from hub.intake.sources.port import Batch, Unreadable, Whole
from hub.intake.sources.quoting import RECORD_MAX, Record, cut, fields_of, records

_DELIMITERS = (b",", b";", b"\t", b"|")
_ENDLESS = 64 << 20
_MARK = "\ufeff".encode()


def read_delimited(
    path: Path, encoding: str, header: tuple[int, int] | None, drop: Sequence[str]
) -> Iterator[Batch]:
    """The records of a delimited text file, in pieces as they come. FileUnusable where there is no header to go by."""
    found = encoding_of(path, encoding)
    with path.open("rb") as handle, closing(ahead(found.blocks(handle))) as blocks:
        texts = _Texts(blocks)
        delimiter, columns, line = _read_header(texts, header, drop)
        yield from _Rows(found, delimiter, columns, line).read(texts)


class _Texts:
    """UTF-8 blocks in turn; what was not used of one is put back and comes again before the next."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._back = b""
        self.final = False

    def more(self) -> bytes:
        """What was put back with the next block behind it; at the end ``final`` is True and a last line is ended."""
        block = next(self._blocks, b"")
        if b"\r" in block and b"\n" not in block:
            block = self._returns_only(block)
        text = self._back + block if self._back else block
        if _MARK in text:
            # Files put one behind the other keep their byte order marks, each before a first record, never in its key.
            text = text.removeprefix(_MARK).replace(b"\n" + _MARK, b"\n")
        self.final = not block
        self._back = b""
        return text + b"\n" if self.final and text and not text.endswith(b"\n") else text

    def put_back(self, rest: bytes) -> None:
        """Keep for the next :meth:`more`."""
        self._back = rest

    def _returns_only(self, block: bytes) -> bytes:
        """Old Macintosh files end lines with a return alone; a block without any newline is taken for such."""
        return block if block.count(b"\r") == 1 and block.endswith(b"\r") else block.replace(b"\r", b"\n")


def _read_header(
    texts: _Texts, header: tuple[int, int] | None, drop: Sequence[str]
) -> tuple[bytes, Columns, int]:
    """Delimiter, columns, and the line number after the header; leaves ``texts`` at the first record."""
    while True:
        text = texts.more()
        if not text.strip():
            if texts.final:
                raise FileUnusable("NO_HEADER", "the file is empty")
            texts.put_back(text)
            continue
        first, last = header or _first_filled(text)
        best = max((_head(text, mark, last, texts.final) for mark in _DELIMITERS), key=lambda head: head[0])
        _, delimiter, head = best
        if len(head) >= last:
            break
        if texts.final:
            raise FileUnusable("NO_HEADER", f"the header is row {last}, the file has {len(head)}")
        if len(text) > RECORD_MAX + (4 << 20):
            raise FileUnusable("NO_HEADER", f"no header row in the first {len(text)} bytes")
        texts.put_back(text)
    widest = max(record.fields for record in head[first - 1 :])
    if widest > COLUMNS_MAX:
        raise FileUnusable("TOO_MANY_COLUMNS", f"{widest} columns, {COLUMNS_MAX} at most")
    rows = [fields_of(text[record.start : record.stop], delimiter) for record in head[first - 1 :]]
    stop = head[-1].stop
    texts.put_back(text[stop:])
    return delimiter, columns_of(merge_header(rows), drop), 1 + text.count(b"\n", 0, stop)


def _first_filled(text: bytes) -> tuple[int, int]:
    """The first row that is not empty."""
    blank = len(text) - len(text.lstrip(b"\r\n"))
    row = text.count(b"\n", 0, blank) + 1
    return row, row


def _head(text: bytes, delimiter: bytes, last: int, final: bool) -> tuple[int, bytes, list[Record]]:
    """Rows 1 to ``last`` read with a delimiter, and how many fields the last one then has (the more, the likelier)."""
    head: list[Record] = []
    for record in records(text, delimiter, final=final):
        head.append(record)
        if len(head) == last:
            break
    return (head[-1].fields if head else 0), delimiter, head


@dataclass
class _Rows:
    encoding: Encoding
    delimiter: bytes
    columns: Columns
    line: int

    def read(self, texts: _Texts) -> Iterator[Batch]:
        while True:
            text = texts.more()
            if len(text) > _ENDLESS and b"\n" not in text:
                yield self._skip_endless(text, texts)
                continue
            while text:
                piece, used = self._fast(text) or self._careful(text, final=texts.final)
                yield without_empty_rows(piece)
                self.line += text.count(b"\n", 0, used)
                text = text[used:]
                if not texts.final:
                    break
            texts.put_back(text)
            if texts.final:
                return

    def _fast(self, text: bytes) -> tuple[Batch, int] | None:
        """Many lines at once, if every one of them is a plain record: as many as are no longer than one may be."""
        if len(text) > RECORD_MAX:
            text = text[:RECORD_MAX]
        found = cut(text, self.delimiter)
        if found is None or (found.stop == 0 and len(text) == RECORD_MAX):
            return None
        block = text if found.stop == len(text) else text[: found.stop]
        if b"\0" in block or (b"\r" in block and block.count(b"\r") != block.count(b"\r\n")):
            return None
        table = self._parse(block, found.count)
        if table is None:
            return None
        if found.starts is None:
            return Batch(table, lines_from(self.line, found.count)), found.stop
        return Batch(table, pa.array(found.starts + self.line)), found.stop

    def _parse(self, block: bytes, count: int) -> pa.Table | None:
        """The records of ``block``; None where it does not hold exactly ``count`` of the right width in valid UTF-8."""
        if count == 0:
            return empty(self.columns.delivered)
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(block),
                pa.csv.ReadOptions(
                    use_threads=False, block_size=len(block) + 1, column_names=list(self.columns.names)
                ),
                pa.csv.ParseOptions(delimiter=self.delimiter.decode(), newlines_in_values=True),
                pa.csv.ConvertOptions(
                    column_types={name: pa.string() for name in self.columns.names},
                    include_columns=list(self.columns.delivered),
                    strings_can_be_null=True, null_values=[""],
                ),
            )
        except pa.ArrowInvalid:
            return None
        return table if table.num_rows == count else None

    def _careful(self, text: bytes, *, final: bool) -> tuple[Batch, int]:
        """Record by record: the bad ones apart, the good ones together."""
        good: list[Record] = []
        lines: list[int] = []
        bad: list[Unreadable] = []
        line, used = self.line, 0
        for record in records(text, self.delimiter, final=final):
            raw = text[record.start : record.stop]
            fault = self._fault(raw, record)
            if fault is not None:
                bad.append(self._unreadable(line, raw, *fault))
            elif raw.strip(b"\r\n\x1a"):
                good.append(record)
                lines.append(line)
            line += raw.count(b"\n")
            used = record.stop
        table, kept = self._gather(text, good, lines, bad)
        return Batch(table, pa.array(kept, pa.int64()), tuple(sorted(bad, key=lambda each: each.line or 0))), used

    def _fault(self, raw: bytes, record: Record) -> tuple[str, str] | None:
        if len(raw) > RECORD_MAX:
            return "RECORD_TOO_LONG", f"{len(raw)} bytes, {RECORD_MAX} at most"
        if record.error is not None:
            return record.error, "a quote without its partner"
        if b"\0" in raw:
            return "NUL_BYTE", f"at byte {raw.index(0)} of the record"
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            return "ENCODING", f"not {self.encoding.name} at byte {error.start} of the record"
        if not raw.strip(b"\r\n\x1a"):
            return None
        if record.fields != len(self.columns.names):
            return "RAGGED_ROW", f"{record.fields} fields, the header has {len(self.columns.names)}"
        if b'"' not in raw and b"\r" in raw.removesuffix(b"\n").removesuffix(b"\r"):
            return "STRAY_RETURN", "a carriage return within the record"
        return None

    def _gather(
        self, text: bytes, good: list[Record], lines: list[int], bad: list[Unreadable]
    ) -> tuple[pa.Table, list[int]]:
        """Parse the good records together; where that fails, in halves, down to the one that is at fault."""
        table = self._parse(b"".join(text[each.start : each.stop] for each in good), len(good))
        if table is not None:
            return table, lines
        if len(good) == 1:
            raw = text[good[0].start : good[0].stop]
            bad.append(self._unreadable(lines[0], raw, "ROW_UNREADABLE", "the record cannot be taken apart"))
            return empty(self.columns.delivered), []
        half = len(good) // 2
        left, left_lines = self._gather(text, good[:half], lines[:half], bad)
        right, right_lines = self._gather(text, good[half:], lines[half:], bad)
        return pa.concat_tables([left, right]), left_lines + right_lines

    def _unreadable(self, line: int, raw: bytes, error: str, found: str) -> Unreadable:
        told, whole = self.encoding.told(raw.removesuffix(b"\n").removesuffix(b"\r"))
        return Unreadable(line, told, error, found, whole)

    def _skip_endless(self, text: bytes, texts: _Texts) -> Batch:
        """A line too long to hold: its head is kept, of the rest only length and digest (both of its UTF-8)."""
        head, digest, length = text[:RAW_MAX], hashlib.sha256(text), len(text)
        while not texts.final:
            text = texts.more()
            newline = text.find(b"\n")
            part = text if newline < 0 else text[:newline]
            digest.update(part)
            length += len(part)
            if newline >= 0:
                texts.put_back(text[newline + 1 :])
                break
        whole = Whole(digest.hexdigest(), length)
        found = f"{length} bytes, {RECORD_MAX} at most; only its head is kept, sha256 {whole.sha256}"
        bad = Unreadable(self.line, self.encoding.told(head)[0], "RECORD_TOO_LONG", found, whole)
        self.line += 1
        return Batch(empty(self.columns.delivered), pa.array(np.empty(0, np.int64)), (bad,))
