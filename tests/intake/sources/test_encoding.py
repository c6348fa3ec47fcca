"""Encodings: bytes that are no text harm only their record, and what is set aside can be read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hub.errors import RequestWrong
from hub.intake.sources import encoding
from hub.intake.sources.port import Whole
from tests.intake.sources.reading import read


def test_what_is_set_aside_of_a_gb18030_file_can_be_read(tmp_path: Path) -> None:
    """A person reads it, a bad byte stays as it stood, and digest and length are those of the file's own bytes."""
    lines = ["编号,名称".encode("gb18030"), b"1,\xff" + "站".encode("gb18030"), "2,北站".encode("gb18030")]
    found = read(tmp_path, "a.csv", b"\n".join(lines))
    assert found.rows == [{"编号": "2", "名称": "北站"}]
    whole = Whole(hashlib.sha256(lines[1]).hexdigest(), len(lines[1]))
    assert found.unreadable[0].raw == b"1,\xff" + "站".encode()
    assert [(bad.line, bad.error, bad.whole) for bad in found.unreadable] == [(2, "ENCODING", whole)]


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_file_cut_within_a_character_loses_only_its_last_record(tmp_path: Path, name: str, code: str) -> None:
    """The records before it are read, and the last one is a piece that says what is left of it."""
    lines = {"a.csv": "k,m\n1,站\n2,𠮷", "a.jsonl": '{"k": 1, "m": "站"}\n{"k": 2, "m": "𠮷'}[name]
    mark = "" if code == "gb18030" else "\ufeff"
    content = (mark + lines).encode(code)
    found = read(tmp_path, name, content[:-1])
    assert found.rows == [{"k": "1", "m": "站"}]
    (bad,) = found.unreadable
    last = lines.rpartition("\n")[2].encode(code)[:-1]
    assert (bad.error, bad.whole) == ("ENCODING", Whole(hashlib.sha256(last).hexdigest(), len(last)))
    assert bad.raw.startswith(lines.rpartition("\n")[2][:-1].encode())


@pytest.mark.parametrize("code", ["hex", "rot13", "zlib", "idna", "punycode", "undefined", "a\0b", "klingon"])
def test_what_is_no_encoding_of_text_is_refused(tmp_path: Path, code: str) -> None:
    """Python knows codecs that are none; they are the connector's mistake."""
    with pytest.raises(RequestWrong, match="unknown encoding"):
        read(tmp_path, "a.csv", b"a\n1\n", encoding=code)


def test_a_name_without_the_mark_that_it_needs(tmp_path: Path) -> None:
    """``utf-16`` does not say which byte comes first: without a mark nothing is guessed, and the file waits."""
    found = read(tmp_path, "a.csv", "a\n1\n".encode("utf-16-le"), encoding="utf-16")
    assert (found.rows, found.errors) == ([], [(None, "ENCODING")])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_one_bad_byte_whatever_ends_the_lines(tmp_path: Path, end: str) -> None:
    """A UTF-8 file with one bad byte is not taken for GB18030, also where returns alone end its lines."""
    lines = [b"k,m", b"1,\xff", *(f"{n},站".encode() for n in range(2, 9))]
    found = read(tmp_path, "a.csv", end.encode().join(lines))
    assert found.rows == [{"k": str(n), "m": "站"} for n in range(2, 9)]
    assert found.errors == [(2, "ENCODING")]


def test_files_put_one_behind_the_other(tmp_path: Path) -> None:
    """The byte order mark of the second is no part of its first key, wherever the blocks are cut."""
    for block in range(1, 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoding, "BLOCK", block)
            found = read(tmp_path, "a.csv", "\ufeffk,m\n1,2\n\ufeffk,m\n3,4\n".encode())
        assert found.rows == [{"k": "1", "m": "2"}, {"k": "k", "m": "m"}, {"k": "3", "m": "4"}]
