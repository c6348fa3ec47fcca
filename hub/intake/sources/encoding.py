"""How a text file is encoded, and its content as UTF-8 blocks in which a bad byte stays visible.

A byte that does not decode becomes a lone surrogate, U+DC00 and the byte: the record it stands in is then no valid
UTF-8 and waits, and its neighbours are read. (Python's own ``surrogateescape`` gives up on bytes below 0x80, which
UTF-16, UTF-32 and a GB18030 character that is cut off have too.)

``auto``: a byte order mark; else UTF-8 where the whole file is valid; else UTF-8 where at least half of the words
(runs of bytes that are no ASCII) are (a file cut within a character, or with one bad byte, is not suddenly Chinese in another
code); else GB18030, never gbk, which is a part of it.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

from hub.errors import RequestWrong
from hub.intake.sources.layout import FileUnusable
from hub.intake.sources.port import Whole

BLOCK = 2 << 20
_SAMPLE_WORDS = 2000
_WORD = re.compile(rb"[\x80-\xff]+")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),  # before UTF-16: its mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
_WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "ascii": "utf-8", "utf-8-sig": "utf-8"}


@dataclass(frozen=True)
class Encoding:
    """An encoding by Python's name, and how many bytes of mark to skip."""

    name: str
    skip: int = 0

    def blocks(self, handle: BinaryIO) -> Iterator[bytes]:
        """The content as UTF-8, no block empty. FileUnusable ENCODING, at the start, where a needed mark is missing."""
        handle.seek(self.skip)
        decoder = codecs.getincrementaldecoder(self.name)(_KEPT)
        while block := handle.read(BLOCK):
            text = block if self.name == "utf-8" else self._utf8(decoder, block, final=False)
            if text:
                yield text
        if self.name != "utf-8" and (rest := self._utf8(decoder, b"", final=True)):
            yield rest

    def told(self, text: bytes) -> tuple[bytes, Whole | None]:
        """What was set aside of the UTF-8 that :meth:`blocks` gave, as UTF-8 that people read, bad bytes as they stood
        in the file; and, where the file does not say it in these bytes, digest and length of what it says."""
        if self.name == "utf-8":
            return text, None
        try:
            letters = text.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return text, None
        stood = _with_kept(letters, self.name)
        return _with_kept(letters, "utf-8"), Whole(hashlib.sha256(stood).hexdigest(), len(stood))

    def _utf8(self, decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> bytes:
        try:
            return decoder.decode(block, final).encode("utf-8", "surrogatepass")
        except UnicodeError as error:
            raise FileUnusable("ENCODING", f"not {self.name}: {error}") from error


def _keep_bytes(error: UnicodeError) -> tuple[str, int]:
    """The codec error handler: every byte a lone surrogate."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(_KEPT_FROM + byte) for byte in error.object[error.start : error.end]), error.end


def _with_kept(letters: str, name: str) -> bytes:
    """Encoded, the kept bytes as they were."""
    pieces = _KEPT_BYTES.split(letters)
    kept = (bytes(ord(letter) - _KEPT_FROM for letter in piece) for piece in pieces[1::2])
    text = (piece.encode(name, "replace") for piece in pieces[::2])
    return b"".join(piece for pair in zip_longest(text, kept, fillvalue=b"") for piece in pair)


_KEPT, _KEPT_FROM = "wastehub.keep_bytes", 0xDC00
_KEPT_BYTES = re.compile("([\udc00-\udcff]+)")
codecs.register_error(_KEPT, _keep_bytes)


def encoding_of(path: Path, wanted: str) -> Encoding:
    """The encoding of the file at ``path``; ``wanted`` is ``auto`` or a name. RequestWrong for an unknown name."""
    with path.open("rb") as handle:
        head = handle.read(4)
        for mark, family, name in _MARKS:
            if head.startswith(mark) and wanted in ("auto", family, name, "utf-8-sig"):
                return Encoding(name, len(mark))
        if wanted != "auto":
            return Encoding(_known(wanted))
        handle.seek(0)
        if _is_utf8(handle):
            return Encoding("utf-8")
        handle.seek(0)
        return Encoding("utf-8" if _mostly_utf8(handle) else "gb18030")


def _known(wanted: str) -> str:
    """Python's name. RequestWrong for what is none, and for codecs that are no encodings of text (hex, zip, idna)."""
    try:
        name = codecs.lookup(wanted).name
        is_text = "K,1\n".encode(wanted).decode(wanted, _KEPT) == "K,1\n"
    except (LookupError, ValueError):
        is_text = False
    if not is_text:
        raise RequestWrong("unknown encoding {name}", remedy="Write auto, utf-8 or gb18030.", name=wanted)
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
    """Chinese is three bytes a character in UTF-8, which a word in GB18030 hardly ever happens to be; two bytes, as
    almost one character in five of GB18030 may be taken for, say nothing."""
    good = bad = 0
    while good + bad < _SAMPLE_WORDS and (block := handle.read(BLOCK)):
        for word in _WORD.findall(block):
            try:
                good += len(word.decode("utf-8")) * 2 < len(word)
            except UnicodeDecodeError:
                bad += 1
    return good >= bad
