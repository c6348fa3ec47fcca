"""No text lacks its Chinese, and the catalogue holds no text that nobody says."""

from __future__ import annotations

import re

from hub import texts
from tests.rules import messages


def test_every_text_has_its_chinese() -> None:
    """Each template, help text and sentence in the code is in the catalogue, translated."""
    known = {messages.identity(m.id): m for m in messages.catalogue() if m.id}
    lacking = [text for text in map(messages.identity, messages.all_texts()) if not _said(known.get(text))]
    assert not lacking, "\n".join(["run: make texts", *map(str, lacking)])


def _said(message: object) -> bool:
    string = getattr(message, "string", None)
    return bool(string) and all(string if isinstance(string, tuple) else (string,))


def test_no_translation_is_stale() -> None:
    """Each text of the catalogue is still said by the code."""
    said = set(map(messages.identity, messages.all_texts()))
    stale = [m.id for m in messages.catalogue() if m.id and messages.identity(m.id) not in said]
    assert not stale, stale


def test_translations_use_the_same_facts() -> None:
    """A translation has no place that its template lacks, so that filling it in cannot fail."""
    placed = re.compile(r"(?<!\{)\{([a-z_]+)")
    for message in messages.catalogue():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        allowed = {name for source in sources for name in placed.findall(source)}
        used = {name for string in strings for name in placed.findall(string)}
        assert used <= allowed, message.id


def test_texts_are_constants() -> None:
    """What stands where a text belongs is a template with facts, never a text put together on the spot."""
    modules = messages.code_files()
    made = [f"{found.file}:{found.line}" for found in messages.texts_in_calls(modules) if found.text is None]
    assert not made, made


def test_the_compiled_catalogue_is_the_written_one() -> None:
    """The .mo file is what Babel compiles from the .po file."""
    assert messages.MO.read_bytes() == messages.compiled(messages.catalogue())


def test_chinese_unless_told_otherwise() -> None:
    """A text is Chinese at first, English after speak('en'), and Chinese again after speak('zh')."""
    template = "Error: {message}"
    assert texts.translate(template, message="x") == "错误：x"
    try:
        texts.speak("en")
        assert texts.translate(template, message="x") == "Error: x"
    finally:
        texts.speak("zh")
    assert texts.translate(template, message="x") == "错误：x"
