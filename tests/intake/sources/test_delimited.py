"""CSV and TXT: what is delivered, and what is set aside."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.sources import delimited, encoding
from hub.intake.sources.quoting import RECORD_MAX
from tests.intake.sources.reading import read

HEAD = "编号,重量,单位\n".encode()
GOOD = [{"编号": "0012", "重量": "1.50", "单位": "吨"}, {"编号": "0013", "重量": " 2", "单位": "吨"}]
TWO = "0012,1.50,吨\n0013, 2,吨\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TWO, "utf-8"), (TWO, "utf-8-sig"), (TWO, "gb18030"), (TWO, "utf-16"), (TWO.replace("\n", "\r\n"), "utf-8"),
        (TWO.replace("\n", "\r"), "gb18030"), (TWO.rstrip("\n"), "utf-8"), (TWO + "\n\n,,\n\x1a", "utf-8"),
        (TWO.replace(",", "\t"), "gb18030"), (TWO.replace(",", ";"), "utf-8"), (TWO.replace(",", "|"), "utf-8"),
    ],
)
def test_the_same_rows_in_any_usual_form(tmp_path: Path, text: str, code: str) -> None:
    """Encoding, line ends, delimiter, empty rows and a missing last newline change nothing about the rows."""
    sample = text[4:5]
    head = f"编号{sample}重量{sample}单位" + ("\r" if "\r" in text and "\n" not in text else "\n")
    found = read(tmp_path, "a.csv", (head + text).encode(code))
    assert found.rows == GOOD
    assert found.lines == [2, 3]
    assert found.errors == []


RAW_BAD = b"9,\xff\xfe,x"
FAULTS = [
    ("bad_byte.csv", RAW_BAD, "ENCODING"),
    ("too_few_fields.csv", b"9,1", "RAGGED_ROW"),
    ("too_many_fields.csv", b"9,1,x,y", "RAGGED_ROW"),
    ("nul_byte.csv", b"9,\x001,x", "NUL_BYTE"),
    ("unterminated_quote.csv", b'9,"1,x', "UNTERMINATED_QUOTE"),
    ("text_after_quote.csv", b'9,"1"2,x', "STRAY_QUOTE"),
    ("return_in_row.csv", b"9,1\r2,x", "STRAY_RETURN"),
]


@pytest.mark.parametrize(("name", "raw", "error"), FAULTS, ids=[fault[0] for fault in FAULTS])
@pytest.mark.parametrize("quoted", [False, True])
def test_a_bad_row_stays_alone(tmp_path: Path, name: str, raw: bytes, error: str, *, quoted: bool) -> None:
    """A row that cannot be taken apart is kept raw at its line; the rows around it come as they are."""
    before = '"0012","1.50","吨"\n'.encode() if quoted else "0012,1.50,吨\n".encode()
    after = '"0013"," 2",吨\n'.encode() if quoted else "0013, 2,吨\n".encode()
    found = read(tmp_path, name, HEAD + before + raw + b"\n" + after)
    assert found.rows == GOOD
    assert found.lines == [2, 4]
    assert found.errors == [(3, error)]
    assert found.unreadable[0].raw == raw


def test_one_bad_byte_does_not_turn_utf8_into_gb18030(tmp_path: Path) -> None:
    """A UTF-8 file cut within a character is still read as UTF-8."""
    content = ("编号,名称\n" + "1,聊城市\n" * 5).encode() + "2,聊城".encode()[:-1]
    found = read(tmp_path, "a.csv", content)
    assert found.rows == [{"编号": "1", "名称": "聊城市"}] * 5
    assert found.errors == [(7, "ENCODING")]


def test_lines_count_quoted_newlines(tmp_path: Path) -> None:
    """A newline within quotes belongs to the text, and to the line numbers of what follows."""
    found = read(tmp_path, "a.csv", b'a,b\n1,"x\ny"\n2,"say ""no"""\n3,z,\n4,"",\n5,5" pipe\n')
    assert found.rows == [{"a": "1", "b": "x\ny"}, {"a": "2", "b": 'say "no"'}, {"a": "5", "b": '5" pipe'}]
    assert found.lines == [2, 4, 7]
    assert found.errors == [(5, "RAGGED_ROW"), (6, "RAGGED_ROW")]


def test_a_row_over_4_mib_is_set_aside_whole(tmp_path: Path) -> None:
    """A record of more than 4 MiB waits with all its bytes; its neighbours are read."""
    long = b"8," + b"x" * RECORD_MAX
    found = read(tmp_path, "a.csv", b"a,b\n7,y\n" + long + b"\n9,z\n")
    assert found.rows == [{"a": "7", "b": "y"}, {"a": "9", "b": "z"}]
    assert found.errors == [(3, "RECORD_TOO_LONG")]
    assert found.unreadable[0].raw == long


def test_an_endless_row_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a row longer than can be held, the head, the length and the digest are kept, and the next row is read."""
    monkeypatch.setattr(delimited, "_ENDLESS", 3 * encoding.BLOCK)
    found = read(tmp_path, "a.csv", b"a,b\n8," + b"x" * (9 * encoding.BLOCK) + b"\n9,z\n")
    assert found.rows == [{"a": "9", "b": "z"}]
    assert found.lines == [3]
    assert found.errors == [(2, "RECORD_TOO_LONG")]
    assert f"{9 * encoding.BLOCK + 2} bytes" in found.unreadable[0].found


WHOLE = [
    ("empty.csv", b"", "NO_HEADER"),
    ("blank.csv", b"\n\n  \n", "NO_HEADER"),
    ("nameless.csv", b",,\n1,2,3\n", "NO_HEADER"),
    ("hundred_thousand_columns.csv", b"a," * 100_000 + b"\n1\n", "TOO_MANY_COLUMNS"),
]


@pytest.mark.parametrize(("name", "content", "error"), WHOLE, ids=[each[0] for each in WHOLE])
def test_a_file_without_usable_header_is_one_piece(tmp_path: Path, name: str, content: bytes, error: str) -> None:
    """A file that cannot be read at all gives no row and one piece that says why."""
    found = read(tmp_path, name, content)
    assert found.rows == []
    assert found.errors == [(None, error)]


HEADERS = [
    ("duplicates", "a,a,A,b\n", None, ["a", "a_2", "A_3", "b"]),
    ("nameless", "a,,b,\n", None, ["a", "column_2", "b", "column_4"]),
    ("spaces and line breaks", ' a ,"产生量\n(吨)",c,d\n', None, ["a", "产生量(吨)", "c", "d"]),
    ("under a title", "某某市月报,,,\n\na,b,c,d\n", (3, 3), ["a", "b", "c", "d"]),
    ("two rows", "区划,秸秆,,合计\n区划,产生,利用,\n", (1, 2), ["区划", "秸秆.产生", "秸秆.利用", "合计"]),
]


@pytest.mark.parametrize(("text", "header", "names"), [case[1:] for case in HEADERS], ids=[case[0] for case in HEADERS])
def test_headers(tmp_path: Path, text: str, header: tuple[int, int] | None, names: list[str]) -> None:
    """Column names are unique, and several header rows make one name each."""
    found = read(tmp_path, "a.csv", (text + "1,2,3,4\n").encode(), header=header)
    assert list(found.rows[0]) == names
    assert list(found.rows[0].values()) == ["1", "2", "3", "4"]


def test_dropped_columns_are_nowhere(tmp_path: Path) -> None:
    """A dropped column is in no row (its namesake neither), and no raw text of a file with dropped columns is kept."""
    content = "编号,姓名,姓名\n1,张三,李四\n2,王五\n".encode()
    found = read(tmp_path, "a.csv", content, drop=("姓名",))
    assert found.rows == [{"编号": "1"}]
    (bad,) = found.unreadable
    assert (bad.error, bad.raw) == ("RAGGED_ROW", b"")
    assert "王五" not in bad.found
    assert f"{len('2,王五'.encode())} bytes, sha256" in bad.found


def test_batches_have_the_size_asked_for(tmp_path: Path) -> None:
    """Batches of n rows have n rows, but for the last; lines run on."""
    content = b"a\n" + b"".join(b"%d\n" % i for i in range(25))
    found = read(tmp_path, "a.csv", content, rows=10)
    assert [batch.rows.num_rows for batch in found.batches] == [10, 10, 5]
    assert found.lines == list(range(2, 27))


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\x1a\ufeff"), max_size=6)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL).filter(any), min_size=1, max_size=8),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    block=st.integers(1, 40),
    code=st.sampled_from(["utf-8", "gb18030"]),
)
def test_what_a_writer_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], quoting: int, block: int, code: str
) -> None:
    """Whatever texts a CSV writer writes come back, wherever the blocks are cut."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]  # csv's constants are ints
    writer.writerow("abc")
    writer.writerows(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "BLOCK", block)
        found = read(tmp_path_factory.mktemp("csv"), "a.csv", buffer.getvalue().encode(code), encoding=code)
    assert found.errors == []
    assert found.rows == [{k: v for k, v in zip("abc", row, strict=True) if v} for row in rows]


@given(content=st.binary(max_size=300), block=st.integers(1, 40))
def test_no_byte_of_a_row_is_lost(tmp_path_factory: pytest.TempPathFactory, content: bytes, block: int) -> None:
    """Of arbitrary bytes every line that says something is in a row or in a piece set aside; none is in both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "BLOCK", block)
        found = read(tmp_path_factory.mktemp("csv"), "a.csv", b"a,b\nx,y\n" + content, encoding="utf-8")
    places = sorted(found.lines + [bad.line or 0 for bad in found.unreadable])
    assert len(set(places)) == len(places)
    assert found.rows[0] == {"a": "x", "b": "y"}
    whole = b"a,b\nx,y\n" + content
    if b"\r" not in content and b'"' not in content:
        filled = {i for i, line in enumerate(whole.split(b"\n"), 1) if i > 1 and line.strip(b",\x1a")}
        assert filled <= set(places)
