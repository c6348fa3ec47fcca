"""Damaged JSON files by the hundred: form × damage × place × encoding, each with what is still true of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from tests.intake.hostile import Damaged
from tests.intake.hostile_text import ENCODINGS, NO_TEXT

ROWS = 6
FORMS = ("lines", "array", "pretty", "row")
"""An object a line; an array on one line; an array over many lines; objects over many lines, one after the other."""
BAD = "<bad>"
"""Where bytes that are no text go in."""


@dataclass(frozen=True)
class Json:
    """An undamaged file: record n of ``rows`` is ``record(n)``."""

    number: int
    form: str
    encoding: str

    @property
    def rows(self) -> dict[str, int]:
        """Key → kilograms; no key is part of another."""
        return {f"j{self.number:05d}r{n}z": 100 + 7 * n + self.number for n in range(ROWS)}

    def key(self, n: int) -> str:
        """Of record n."""
        return list(self.rows)[n]

    def record(self, n: int, *, kg: str | None = None, text: str = '"聊城 站"', more: str = "") -> str:
        """Record n as JSON, or with other JSON in a field."""
        space = "\n  " if self.form in ("pretty", "row") else " "
        said = str(self.rows[self.key(n)]) if kg is None else kg
        return f'{{"K": "{self.key(n)}",{space}"M": {said},{space}"X": {text}{more}}}'

    def records(self) -> list[str]:
        """All of them."""
        return [self.record(n) for n in range(ROWS)]

    def bytes_of(self, records: list[str], *, ended: bool = True) -> bytes:
        """The file."""
        before, between, after = {
            "lines": ("", "\n", "\n"), "array": ("[", ", ", "]"), "pretty": ("[\n ", ",\n ", "\n]\n"), "row": ("", "\n", "\n"),
        }[self.form]  # fmt: skip
        codec, mark = ENCODINGS[self.encoding]
        text = before + between.join(records) + (after if ended else "")
        return mark + NO_TEXT[codec].join(piece.encode(codec) for piece in text.split(BAD))

    @property
    def is_stream(self) -> bool:
        """Records are told apart by brackets, so that one too few takes those behind it along."""
        return self.form != "lines"

    def made(self, n: int, record: str, *harmed: int, more: int | None = 0) -> Damaged:
        """The file with record n told otherwise, and so many pieces ``more`` (None: any number)."""
        records = self.records()
        records[n] = record
        keys = frozenset(map(self.key, harmed))
        return Damaged("", self.bytes_of(records), self.rows, keys, pieces=None if more is None else ROWS + more)

    def onward(self, n: int, record: str) -> Damaged:
        """Record n told so that, in a stream, those behind it are harmed too."""
        if self.is_stream:
            return self.made(n, record, *range(n, ROWS), more=None)
        return self.made(n, record, n)


def _cut(file: Json, n: int) -> Damaged:
    """The file ends within record n."""
    half = file.record(n).partition('"M"')[0]
    content = file.bytes_of([*file.records()[:n], half], ended=False)
    rows = dict(list(file.rows.items())[: n + 1])
    return Damaged("", content, rows, frozenset([file.key(n)]), pieces=n + 1)


def _between(file: Json, n: int, junk: str) -> Damaged:
    """Something that is no object before record n."""
    records = file.records()
    content = file.bytes_of([*records[:n], junk, *records[n:]])
    return Damaged("", content, file.rows, pieces=ROWS + 1)


DAMAGES: dict[str, Callable[[Json, int], Damaged]] = {
    "none": lambda f, n: f.made(n, f.record(n)),
    "cut": _cut,
    "bad byte": lambda f, n: f.made(n, f.record(n, text=f'"a{BAD}b"'), n),
    "nul": lambda f, n: f.made(n, f.record(n, text='"a\0b"'), n),
    "escaped nul": lambda f, n: f.made(n, f.record(n, text='"a\\u0000b"'), n),
    "half a pair": lambda f, n: f.made(n, f.record(n, text='"\\ud800"'), n),
    "a pair": lambda f, n: f.made(n, f.record(n, text='"\\ud842\\udfb7"')),
    "name twice": lambda f, n: f.made(n, f.record(n, more=', "M": 1'), n),
    "name in other letters": lambda f, n: f.made(n, f.record(n, more=', "k": 1')),
    "never closed": lambda f, n: f.onward(n, f.record(n)[:-1]),
    "closed twice": lambda f, n: f.made(n, f.record(n) + "}", n, more=None),
    "text never closed": lambda f, n: f.onward(n, f.record(n, text='"a')),
    "single quotes": lambda f, n: f.made(n, f.record(n).replace('"', "'"), n),
    "comma at the end": lambda f, n: f.made(n, f.record(n, more=","), n),
    "not a number": lambda f, n: f.made(n, f.record(n, kg="NaN"), n),
    "no value": lambda f, n: f.made(n, f.record(n, kg=""), n),
    "null": lambda f, n: f.made(n, f.record(n, kg="null"), n),
    "true": lambda f, n: f.made(n, f.record(n, kg="true"), n),
    "as text": lambda f, n: f.made(n, f.record(n, kg=f'"{f.rows[f.key(n)]}"')),
    "as a decimal": lambda f, n: f.made(n, f.record(n, kg=f"{f.rows[f.key(n)]}.000")),
    "an exponent": lambda f, n: f.made(n, f.record(n, kg="1e3"), n),
    "in a list": lambda f, n: f.made(n, f.record(n, kg="[1]"), n),
    "digits": lambda f, n: f.made(n, f.record(n, kg="9" * 5000), n),
    "negative": lambda f, n: f.made(n, f.record(n, kg="-1"), n),
    "nested": lambda f, n: f.made(n, f.record(n, text='{"a": [1, {"b": "}"}]}')),
    "deep": lambda f, n: f.made(n, f.record(n, text="[" * 3000 + "]" * 3000), n),
    "brackets in text": lambda f, n: f.made(n, f.record(n, text='"]}{[\\"\\\\"')),
    "comment": lambda f, n: f.made(n, f"/* {f.number} */ " + f.record(n), n, more=None),
    "a number": lambda f, n: _between(f, n, f"{10_000 + f.number}"),
    "a text": lambda f, n: _between(f, n, f'"t{f.number}"'),
    "a word": lambda f, n: _between(f, n, f"nothing{f.number}"),
    "no key": lambda f, n: _between(f, n, f'{{"M": {f.number}}}'),
    "many names": lambda f, n: f.made(n, f.record(n, more="".join(f', "n{i}": {i}' for i in range(300)))),
    "sql": lambda f, n: f.made(n, f.record(n, text="\"'); DROP TABLE T; --\"")),
    "control": lambda f, n: f.made(n, f.record(n, text='"\\u001b[2J\\r\\n\\u007f"')),
}  # fmt: skip


def json_files(seed: int, count: int) -> Iterator[Damaged]:
    """So many of all combinations, by the seed."""
    layouts = list(product(ENCODINGS, FORMS, DAMAGES, (0, ROWS // 2, ROWS - 1)))
    for number, (encoding, form, damage, place) in enumerate(random.Random(seed).sample(layouts, count)):
        made = DAMAGES[damage](Json(number, form, encoding), place)
        yield replace(made, name=f"{damage.replace(' ', '_')}-{place}-{encoding}-{form}")


