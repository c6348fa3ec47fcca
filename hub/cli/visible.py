"""Texts of sources on a terminal."""

from __future__ import annotations

import unicodedata

_STEERING = (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SPELLED = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _STEERING}


def visible(text: str) -> str:
    """``text`` with what would steer the terminal, or turn the writing around, spelled out; tabs and newlines stay."""
    return text.translate(_SPELLED)


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal: Chinese characters take two, marks over others none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 1
