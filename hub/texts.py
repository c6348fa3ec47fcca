"""Texts for people: English templates in the code, Chinese from the catalogue; Chinese unless told otherwise.

A template is ``str.format`` over facts. It stands where a parameter named ``template``, ``message``, ``remedy`` or
``sentence`` takes it, or inside :func:`N_`; ``python -m tests.rules.messages`` finds it there.
"""

from __future__ import annotations

import gettext
from pathlib import Path

DOMAIN = "wastehub"
FOLDER = Path(__file__).parent / "locale"
_CATALOGUES: dict[str, gettext.NullTranslations] = {"en": gettext.NullTranslations()}
_spoken = "zh"


def speak(language: str) -> None:
    """From now on ``zh`` or ``en``, for the whole process."""
    global _spoken  # noqa: PLW0603 - a process speaks one language, chosen once at its start
    _spoken = language


def language() -> str:
    """``zh`` or ``en``: what is spoken."""
    return _spoken


class Word(str):
    """A text that may be a fact of another one, and is translated with it; in logs and JSON it is what it is."""

    __slots__ = ()


def N_(template: str) -> Word:  # noqa: N802 - gettext's customary name for "translate this later"
    """Mark ``template`` for the catalogue; it comes back as it is."""
    return Word(template)


def translate(template: str, /, **facts: object) -> str:
    """``template`` in the language spoken, over ``facts``; a text that the catalogue lacks stays English."""
    if not template:
        return ""
    gettext_ = _catalogue().gettext
    spoken = {name: gettext_(fact) if isinstance(fact, Word) else fact for name, fact in facts.items()}
    return gettext_(template).format(**spoken)


def _catalogue() -> gettext.NullTranslations:
    if _spoken not in _CATALOGUES:
        _CATALOGUES[_spoken] = gettext.translation(DOMAIN, FOLDER, ["zh_CN"])
    return _CATALOGUES[_spoken]


_ = translate
