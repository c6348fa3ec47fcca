"""How a text file is encoded, and its content as UTF-8 blocks in which a bad byte stays visible.

``auto``: a byte order mark; else UTF-8 where the whole file is valid; else UTF-8 where most lines with other than
ASCII characters are valid (a file cut within a character, or with one bad byte, is not suddenly Chinese in another
code); else GB18030, never gbk, which is a part of it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hub.errors import RequestWrong
from hub.intake.sources.layout import FileUnusable

BLOCK = 2 << 20
_SAMPLE_LINES = 2000
_LINE_MAX = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins alike
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "ascii": "utf-8", "utf-8-sig": "utf-8"}


@dataclass(frozen=True)
class Encoding:
    """An encoding by Python's name, and how many bytes of mark to skip."""

    name: str
    skip: int = 0

    def blocks(self, handle: BinaryIO) -> Iterator[bytes]:
        """The content as UTF-8, no block empty. A byte that does not decode becomes a lone surrogate: no UTF-8 either."""
        handle.seek(self.skip)
        decoder = codecs.getincrementaldecoder(self.name)("surrogateescape")
        while block := handle.read(BLOCK):
            text = block if self.name == "utf-8" else self._utf8(decoder, block, final=False)
            if text:
                yield text
        if self.name != "utf-8" and (rest := self._utf8(decoder, b"", final=True)):
            yield rest

    def original(self, text: bytes) -> bytes:
        """What stood in the file for a piece of the UTF-8 that :meth:`blocks` gave."""
        if self.name == "utf-8":
            return text
        return text.decode("utf-8", "surrogatepass").encode(self.name, "surrogateescape")

    def _utf8(self, decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> bytes:
        try:
            return decoder.decode(block, final).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise FileUnusable("ENCODING", f"not {self.name}: {error.reason}") from error


def encoding_of(path: Path, wanted: str) -> Encoding:
    """The encoding of the file at ``path``; ``wanted`` is ``auto`` or a name. RequestWrong for an unknown name."""
    with path.open("rb") as handle:
        head = handle.read(4)
        for mark, name in _MARKS:
            if head.startswith(mark) and wanted in ("auto", name, "utf-8-sig"):
                return Encoding(name, len(mark) if name == "utf-8" else 0)
        if wanted != "auto":
            return Encoding(_known(wanted))
        handle.seek(0)
        if _is_utf8(handle):
            return Encoding("utf-8")
        handle.seek(0)
        return Encoding("utf-8" if _mostly_utf8(handle) else "gb18030")


def _known(wanted: str) -> str:
    try:
        name = codecs.lookup(wanted).name
    except LookupError:
        raise RequestWrong("unknown encoding {name}", remedy="Write auto, utf-8 or gb18030.", name=wanted) from None
    return _WIDER.get(name, name)


def _is_utf8(handle: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := handle.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(handle: BinaryIO) -> bool:
    lines = good = 0
    while lines < _SAMPLE_LINES and (line := handle.readline(_LINE_MAX)):
        if line.isascii():
            continue
        lines += 1
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            pass
    return good * 2 > lines
