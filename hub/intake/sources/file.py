"""Files that departments put down: which are there and hold still, and their records."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from hub.errors import RequestWrong, SourceUnavailable
from hub.intake.sources.delimited import read_delimited
from hub.intake.sources.json_lines import read_json
from hub.intake.sources.layout import DROPPED_MISSING, FileUnusable
from hub.intake.sources.parquet import read_parquet
from hub.intake.sources.pieces import RAW_MAX, empty, joined, lines_from, withhold_all
from hub.intake.sources.port import Batch, FileFound, Unreadable, Whole, path_text
from hub.intake.sources.sheet_apart import read_sheet_apart

STILL_SECONDS = 2.0
_MAGIC = ((b"PK\x03\x04", "sheet"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet"), (b"PAR1", "parquet"))
_BY_SUFFIX = {
    ".csv": "delimited", ".txt": "delimited", ".tsv": "delimited", ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".xlsx": "sheet", ".xls": "sheet", ".xlsm": "sheet", ".parquet": "parquet",
}


@dataclass(frozen=True)
class Found:
    """Files that hold still, oldest first, and the paths of those that are still being written."""

    files: tuple[FileFound, ...]
    moving: tuple[str, ...]


@dataclass(frozen=True)
class FileSource:
    """The files under ``folder`` that ``path`` (a glob; ``**`` crosses folders) names, and how they are laid out.

    ``path`` may leave the folder only where a person wrote it absolute. ``header`` is the range of rows (from 1) with
    the column names; None: the first row that is not empty. ``sheet`` None: the first one.
    """

    folder: Path
    path: str
    encoding: str = "auto"
    sheet: str | None = None
    header: tuple[int, int] | None = None
    drop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not os.path.isabs(self.path) and ".." in Path(self.path).parts:
            raise RequestWrong(
                "the path {path} leaves the hub", remedy="Write it absolute if that is meant.", path=self.path
            )

    def found(self, wait_seconds: float = 0.0, memo: Mapping[str, FileFound] | None = None) -> Found:
        """The files that hold still, by (modification time, name). Waits up to ``wait_seconds`` for those that move.

        A file untouched for two seconds holds still. ``memo`` (path → as found before) spares hashing a file whose
        size and time are the same. SourceUnavailable where the folder is not there or does not answer.
        """
        try:
            still, moving = self._settle(wait_seconds)
            files = [self._hashed(path, memo or {}) for path in still]
        except OSError as error:
            raise _unavailable(error) from error
        taken = [each for each in files if each is not None]
        taken.sort(key=lambda each: (each.modified_us, each.name))
        touched = [path for path, each in zip(still, files, strict=True) if each is None]
        return Found(tuple(taken), tuple(sorted(map(path_text, [*moving, *touched]))))

    def read(self, file: FileFound, rows: int = 50_000) -> Iterator[Batch]:
        """The records of one file, in its order, in batches of about ``rows``; bad content comes as Unreadable.

        SourceUnavailable where the file is gone or changed since it was found, also at the end of the reading: what
        was delivered before is then not to be used. RequestWrong where a column that ``drop`` names is not there: under
        another name it would get in, and be kept.
        """
        path = self.folder / file.path
        try:
            self._must_be_same(path, file)
            yield from joined(self._pieces(path), rows)
            self._must_be_same(path, file)
        except OSError as error:
            raise _unavailable(error) from error

    def _pieces(self, path: Path) -> Iterator[Batch]:
        try:
            match _format(path):
                case "sheet":
                    yield from read_sheet_apart(path, self.sheet, self.header, self.drop)
                case "parquet":
                    yield from read_parquet(path, self.drop)
                case "json":
                    yield from read_json(path, self.encoding, self.drop)
                case _:
                    pieces = read_delimited(path, self.encoding, self.header, self.drop)
                    yield from withhold_all(pieces) if self.drop else pieces
        except FileUnusable as error:
            if error.error == DROPPED_MISSING:
                raise RequestWrong(
                    "{file} has no column {columns}, which `drop` names", file=path_text(str(path)), columns=error.found,
                    remedy="If it has another name now, add that to `drop`: personal fields must not get in.",
                ) from error  # fmt: skip
            whole = _whole_file(path, error)
            yield from withhold_all([whole]) if self.drop else [whole]

    def _paths(self) -> list[str]:
        base = self.folder.resolve()
        if os.path.isabs(self.path):
            base = Path(os.path.realpath(_fixed_part(self.path)))
        start = self.folder / _fixed_part(self.path)
        if not start.is_dir():
            raise FileNotFoundError(2, "the folder is not there", str(start))
        names = glob(self.path, root_dir=self.folder, recursive=True)
        return sorted(name for name in set(names) if self._is_ours(name, base))

    def _is_ours(self, name: str, base: Path) -> bool:
        """A plain file, within its folder even where links are followed, and no lock file of an office program."""
        real = Path(os.path.realpath(self.folder / name))
        return real.is_relative_to(base) and real.is_file() and not Path(name).name.startswith("~$")

    def _settle(self, wait_seconds: float) -> tuple[list[str], list[str]]:
        """Paths that hold still and paths that do not."""
        started = time.monotonic()
        seen: dict[str, tuple[tuple[int, int], float]] = {}
        while True:
            still: list[str] = []
            moving: list[str] = []
            now = time.monotonic()
            for name in self._paths():
                facts = os.stat(self.folder / name)
                mark = (facts.st_size, facts.st_mtime_ns)
                if name not in seen or seen[name][0] != mark:
                    seen[name] = (mark, now)
                age = time.time() - facts.st_mtime
                holds = age >= STILL_SECONDS or now - seen[name][1] >= STILL_SECONDS
                (still if holds else moving).append(name)
            if not moving or now - started >= wait_seconds:
                return still, moving
            time.sleep(min(0.05, max(wait_seconds - (now - started), 0.001)))

    def _hashed(self, name: str, memo: Mapping[str, FileFound]) -> FileFound | None:
        """The file with its digest; None where it changed under the hashing."""
        path = self.folder / name
        facts = path.stat()
        modified_us, before = facts.st_mtime_ns // 1000, memo.get(name)
        if before is not None and (before.size, before.modified_us) == (facts.st_size, modified_us):
            return before
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        after = path.stat()
        if (after.st_size, after.st_mtime_ns) != (facts.st_size, facts.st_mtime_ns):
            return None
        return FileFound(name, digest, facts.st_size, modified_us)

    def _must_be_same(self, path: Path, file: FileFound) -> None:
        facts = path.stat()
        same = stat.S_ISREG(facts.st_mode) and facts.st_size == file.size
        if not same or facts.st_mtime_ns // 1000 != file.modified_us:
            raise SourceUnavailable(
                "{file} changed since it was found", file=file.name, remedy="It is read again when it holds still."
            )


def _fixed_part(pattern: str) -> str:
    """The folder before the first part of a glob that is a pattern."""
    parts = Path(pattern).parts
    fixed = [part for i, part in enumerate(parts[:-1]) if not any(map(has_magic, parts[: i + 1]))]
    return str(Path(*fixed)) if fixed else "."


def _format(path: Path) -> str:
    """By the first bytes where they are unmistakable, else by the suffix, else by how the text begins."""
    with path.open("rb") as handle:
        head = handle.read(512)
    for magic, form in _MAGIC:
        if head.startswith(magic):
            return form
    form = _BY_SUFFIX.get(path.suffix.lower(), "")
    if form in ("sheet", "parquet") or head.lstrip().lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        return form or "delimited"
    if form:
        return form
    return "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) else "delimited"


def _whole_file(path: Path, error: FileUnusable) -> Batch:
    with path.open("rb") as handle:
        head = handle.read(RAW_MAX)
        handle.seek(0)
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    whole = Whole(digest, path.stat().st_size)
    found = f"{error.found} (whole file: {whole.size} bytes, sha256 {digest})"
    return Batch(empty(), lines_from(1, 0), (Unreadable(None, head, error.error, found, whole),))


def _unavailable(error: OSError) -> SourceUnavailable:
    where = f"{path_text(error.filename)}: " if error.filename else ""
    return SourceUnavailable("{reason}", reason=f"{where}{error.strerror or error}")

