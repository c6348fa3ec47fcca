"""Workbooks are read in a process of their own.

Their readers trust lengths, counts and cell names that a file gives: a damaged or hostile one asks for more memory than
there is, which ends the process that asks, or goes round in circles. So another process asks; it serves one file after
the other, and ends by itself when there is nothing more to do or nobody to do it for.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from hub.intake.sources.layout import FileUnusable
from hub.intake.sources.pieces import empty, lines_from
from hub.intake.sources.port import Batch, Unreadable
from hub.intake.sources.sheet import read_sheet

MEMORY_MAX = 4 << 30
READING_SECONDS, IDLE_SECONDS = 120, 20
_TRIES = 2  # it may have ended, idle, just when it was asked
_LINE, _UNREADABLE, _FAULT = "line", b"unreadable", b"fault"


def read_sheet_apart(
    path: Path, name: str | None, header: tuple[int, int] | None, drop: Sequence[str]
) -> Iterator[Batch]:
    """As :func:`hub.intake.sources.sheet.read_sheet`; FileUnusable FILE_UNREADABLE too where the reader came to grief."""
    file = path.absolute()
    asked = json.dumps([os.fsencode(file).hex(), name, header, list(drop)]).encode() + b"\n"
    with _OTHER_LOCK:
        sent = next(filter(None, (_OTHER.ask(asked) for _ in range(_TRIES))), None)
    if sent is None:
        raise FileUnusable("FILE_UNREADABLE", "not a workbook: its reader gave up")
    yield _taken(sent)


class _Other:
    """The other process, started when it is first asked and after every end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._starter = 0

    def ask(self, asked: bytes) -> bytes | None:
        """Its answer; None where it ended over the question."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
        try:
            process.stdin.write(asked)
            process.stdin.flush()
            length = int.from_bytes(process.stdout.read(8), "big")
            answer = process.stdout.read(length)
        except OSError:
            length, answer = 0, b""
        except BaseException:
            self.end()  # an answer that nobody waited for would be taken for the next one's
            raise
        if length and len(answer) == length:
            return answer
        self.end()
        return None

    def end(self) -> None:
        """Let it go."""
        process, self._process = self._process, None
        if process is not None and self._starter == os.getpid():
            process.kill()
            process.communicate()

    def _running(self) -> subprocess.Popen[bytes]:
        # A fork has its parent's, which must not be asked by two.
        if self._process is None or self._starter != os.getpid():
            command = [sys.executable, "-m", "hub.intake.sources.sheet_apart"]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self._starter = os.getpid()
        return self._process


_OTHER, _OTHER_LOCK = _Other(), threading.Lock()
atexit.register(_OTHER.end)


def _taken(sent: bytes) -> Batch:
    table = pa.ipc.open_stream(sent).read_all()
    facts = table.schema.metadata or {}
    if _FAULT in facts:
        kind, *rest = json.loads(facts[_FAULT])
        raise FileUnusable(*rest) if kind == "file" else OSError(*rest)
    bad = (Unreadable(line, raw.encode(), error, found) for line, raw, error, found in json.loads(facts[_UNREADABLE]))
    lines = table.column(0).combine_chunks()
    return Batch(table.remove_column(0).replace_schema_metadata(), lines, tuple(bad))


def _sent(path: str, name: str | None, header: list[int] | None, drop: list[str]) -> pa.Table:
    """All of a sheet as one table: the lines first (a column of the sheet may be named so too), the rest beside it."""
    rows_of_header = (header[0], header[1]) if header else None
    try:
        batches = list(read_sheet(Path(os.fsdecode(bytes.fromhex(path))), name, rows_of_header, drop))
    except FileUnusable as error:
        return empty().replace_schema_metadata({_FAULT: json.dumps(["file", error.error, error.found])})
    except OSError as error:
        return empty().replace_schema_metadata({_FAULT: json.dumps(["system", error.errno, error.strerror])})
    rows = pa.concat_tables([batch.rows for batch in batches]) if batches else empty()
    lines = pa.concat_arrays([batch.lines for batch in batches]) if batches else lines_from(1, 0)
    bad = [astuple(piece) for batch in batches for piece in batch.unreadable]
    told = json.dumps([[line, raw.decode(), error, found] for line, raw, error, found, _ in bad])
    return rows.add_column(0, _LINE, lines).replace_schema_metadata({_UNREADABLE: told})


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer one question after the other: a length of eight bytes, and so many of an Arrow stream."""
    while question := questions.readline():
        # Not handled, so that it ends a reader that goes round in circles in code that is not Python's.
        signal.alarm(READING_SECONDS)
        table = _sent(*json.loads(question))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        answer = sink.getvalue().to_pybytes()
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()
        signal.alarm(IDLE_SECONDS)


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit()
    with open(0, "rb") as asking, open(1, "wb") as answering:
        serve(asking, answering)
