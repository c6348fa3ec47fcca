"""Damaged CSV files by the thousand: layout × damage × place, each with what is still true of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from tests.intake.hostile import Damaged

ROWS = 6
ENCODINGS = {
    "utf-8": ("utf-8", b""), "bom": ("utf-8", b"\xef\xbb\xbf"), "gb18030": ("gb18030", b""),
    "utf-16-le": ("utf-16-le", b"\xff\xfe"), "utf-16-be": ("utf-16-be", b"\xfe\xff"),
}  # fmt: skip
"""Name → Python's codec, the mark at the start."""
NO_TEXT = {"utf-8": b"\xff", "gb18030": b"\xff", "utf-16-le": b"\x00\xd8", "utf-16-be": b"\xd8\x00"}
"""Bytes that are nothing in an encoding, wherever they stand."""
ENDS, DELIMITERS = ("\n", "\r\n", "\r"), (",", ";", "\t", "|")


@dataclass(frozen=True)
class Csv:
    """An undamaged file: record n of ``rows`` is ``line(n)``. The measure stands in the middle, where a cut shows."""

    number: int
    encoding: str
    end: str
    mark: str

    @property
    def rows(self) -> dict[str, int]:
        """Key → kilograms; no key is part of another."""
        return {f"f{self.number:05d}r{n}z": 100 + 7 * n + self.number for n in range(ROWS)}

    def key(self, n: int) -> str:
        """Of record n."""
        return list(self.rows)[n]

    def line(self, n: int, *, key: str | None = None, kg: str | None = None, text: str = "聊城 站") -> str:
        """Record n, or with something else in a field."""
        said = [self.key(n) if key is None else key, str(self.rows[self.key(n)]) if kg is None else kg, text]
        return self.mark.join(said)

    def lines(self) -> list[str | bytes]:
        """Header and records."""
        return [self.mark.join("KMX"), *(self.line(n) for n in range(ROWS))]

    def bytes_of(self, lines: list[str | bytes], *, ended: bool = True) -> bytes:
        """The file; what is bytes already goes in as it is."""
        codec, mark = ENCODINGS[self.encoding]
        made = [line if isinstance(line, bytes) else line.encode(codec) for line in lines]
        end = self.end.encode(codec)
        return mark + end.join(made) + (end if ended else b"")

    def raw(self, text: str) -> bytes:
        """In the file's encoding."""
        return text.encode(ENCODINGS[self.encoding][0])

    @property
    def no_text(self) -> bytes:
        """What is nothing in the file's encoding."""
        return NO_TEXT[ENCODINGS[self.encoding][0]]

    def made(self, lines: list[str | bytes], *harmed: int, more: int = 0, again: int = 0, ended: bool = True) -> Damaged:
        """With the records of these numbers harmed, and so many pieces ``more``."""
        keys = frozenset(map(self.key, harmed))
        content = self.bytes_of(lines, ended=ended)
        return Damaged("", content, self.rows, keys, pieces=ROWS + more, again=again)

    def with_line(self, n: int, line: str | bytes) -> list[str | bytes]:
        """The file with record n told otherwise."""
        lines = self.lines()
        lines[n + 1] = line
        return lines

    def with_more(self, n: int, *line: str | bytes) -> list[str | bytes]:
        """The file with something before record n."""
        lines = self.lines()
        return [*lines[: n + 1], *line, *lines[n + 1 :]]


def _cut(file: Csv, n: int, kept: str, *harmed: int) -> Damaged:
    """The file ends within record n."""
    lines = file.lines()[: n + 1]
    codec_cut = file.bytes_of([*lines, kept], ended=False)
    rows = {key: kg for key, kg in list(file.rows.items())[: n + 1] if key in kept or key != file.key(n)}
    return Damaged("", codec_cut, rows, frozenset(map(file.key, harmed)), pieces=n + 1)


def _cut_in_character(file: Csv, n: int) -> Damaged:
    """The last byte is missing, of a character that has several."""
    lines = [*file.lines()[: n + 1], file.line(n, text="站")]
    rows = dict(list(file.rows.items())[: n + 1])
    content = file.bytes_of(lines, ended=False)[:-1]
    return Damaged("", content, rows, frozenset([file.key(n)]), pieces=n + 1)


def _swallowed(file: Csv, n: int) -> Damaged:
    """Two quotes that belong to two records pair up: what lies between may be one piece, but may not be gone."""
    last = min(n + 2, ROWS - 1)
    lines = file.with_line(n, file.line(n, kg='"1'))
    lines[last + 1] = file.line(last, kg='5"')
    keys = frozenset(file.key(m) for m in range(n, last + 1))
    return Damaged("", file.bytes_of(lines), file.rows, keys)


def _return_within(file: Csv, n: int) -> Damaged:
    """A lone return within a record parts it where returns end lines, and is a fault elsewhere."""
    parts = 1 if file.end == "\r" else 0
    return file.made(file.with_line(n, file.line(n, text=f"a\rb{file.number}")), n, more=parts)


DAMAGES: dict[str, Callable[[Csv, int], Damaged]] = {
    "none": lambda f, n: f.made(f.lines()),
    "no last end": lambda f, n: f.made(f.lines(), ended=False),
    "cut in measure": lambda f, n: _cut(f, n, f.line(n).partition(f.mark)[0] + f.mark + "1", n),
    "cut in key": lambda f, n: _cut(f, n, f.key(n)[:-1]),
    "cut at end": lambda f, n: _cut(f, n, f.line(n)),
    "cut in character": _cut_in_character,
    "bad byte": lambda f, n: f.made(f.with_line(n, f.raw(f.line(n, text="a")) + f.no_text + f.raw("b")), n),
    "bad bytes": lambda f, n: f.made(f.with_line(n, f.raw(f.line(n, text="a")) + f.no_text * 9), n),
    "nul": lambda f, n: f.made(f.with_line(n, f.line(n, text="a\0b")), n),
    "more": lambda f, n: f.made(f.with_line(n, f.line(n) + f.mark + "9"), n),
    "fewer": lambda f, n: f.made(f.with_line(n, f.line(n).rpartition(f.mark)[0]), n),
    "many more": lambda f, n: f.made(f.with_line(n, f.line(n) + f.mark * 5000), n),
    "open quote": lambda f, n: f.made(f.with_line(n, f.line(n, kg='"12')), n),
    "open quote in text": lambda f, n: f.made(f.with_line(n, f.line(n, text='"a')), n),
    "swallowed": _swallowed,
    "stray quote": lambda f, n: f.made(f.with_line(n, f.line(n, text='"a"b')), n),
    "inch": lambda f, n: f.made(f.with_line(n, f.line(n, text='5" pipe'))),
    "quoted": lambda f, n: f.made(f.with_line(n, f.line(n, text=f'"a{f.mark} ""b"""'))),
    "return": _return_within,
    "blank lines": lambda f, n: f.made(f.with_more(n, "", "", f.mark * 2, "")),
    "spaces": lambda f, n: f.made(f.with_line(n, f.line(n, key=f" {f.key(n)}\u3000", text="  "))),
    "joined": lambda f, n: f.made(f.with_line(n, "\ufeff" + f.line(n))),
    "again": lambda f, n: f.made(f.with_more(n, f.line(n)), more=1, again=1),
    "total": lambda f, n: f.made(f.with_more(n, f.line(n, key="", text=f"合计{f.number}")), more=1),
    "title": lambda f, n: f.made(f.with_more(n, f"第{f.number}号"), more=1),
    "formula": lambda f, n: f.made(f.with_line(n, f.line(n, kg="=1+1")), n),
    "formula in text": lambda f, n: f.made(f.with_line(n, f.line(n, text="=cmd()!A0"))),
    "unit": lambda f, n: f.made(f.with_line(n, f.line(n, kg="1 吨")), n),
    "full width": lambda f, n: f.made(f.with_line(n, f.line(n, kg=_wide(f.rows[f.key(n)])))),
    "sql": lambda f, n: f.made(f.with_line(n, f.line(n, text="') OR 1=1 --"))),
    "astral": lambda f, n: f.made(f.with_line(n, f.line(n, text="𠮷" * 50))),
    "ctrl z": lambda f, n: f.made([*f.lines(), "\x1a"]),
    "control": lambda f, n: f.made(f.with_line(n, f.line(n, text="a\x01\x1b[2Jb"))),
    "line separators": lambda f, n: f.made(f.with_line(n, f.line(n, text="a\u2028b\x85c\x0bd"))),
}  # fmt: skip


def _wide(number: int) -> str:
    return str(number).translate({ord("0") + digit: ord("０") + digit for digit in range(10)})


def csv_files(seed: int, count: int) -> Iterator[Damaged]:
    """So many of all combinations, by the seed."""
    layouts = list(product(ENCODINGS, ENDS, DELIMITERS, DAMAGES, (0, ROWS // 2, ROWS - 1)))
    chosen = random.Random(seed).sample(layouts, count)
    for number, (encoding, end, mark, damage, place) in enumerate(chosen):
        made = DAMAGES[damage](Csv(number, encoding, end, mark), place)
        ends = {"\n": "lf", "\r\n": "crlf", "\r": "cr"}[end]
        name = f"{damage.replace(' ', '_')}-{place}-{encoding}-{ends}-{DELIMITERS.index(mark)}"
        yield Damaged(name, made.content, made.rows, made.harmed, made.lost_text, made.whole, made.pieces, made.again)
