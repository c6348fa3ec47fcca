"""hub.toml and what overrides it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config import load
from hub.errors import ConfigWrong


def hub(folder: Path, text: str) -> Path:
    """A folder with this hub.toml."""
    (folder / "hub.toml").write_text(text, encoding="utf-8")
    return folder


def errors_of(folder: Path, environ: dict[str, str] | None = None) -> list[str]:
    """The errors of a configuration that is wrong."""
    with pytest.raises(ConfigWrong) as wrong:
        load(folder, environ or {})
    return [problem.error for problem in wrong.value.problems]


def test_every_key_has_a_default(tmp_path: Path) -> None:
    """An empty hub.toml is a whole one."""
    found = load(hub(tmp_path, ""), {})
    assert (found.city, found.journal, found.store) == ("371500", "sqlite:data/journal.db", "sqlite:data/store.db")
    assert (found.use, found.bind, found.folder) == ((), "127.0.0.1:8080", tmp_path.resolve())


def test_the_environment_overrides_any_key(tmp_path: Path) -> None:
    """WASTEHUB_<SECTION>_<KEY> wins over the file; a list is written with commas."""
    environ = {"WASTEHUB_HUB_CITY": "1", "WASTEHUB_CONNECTORS_USE": "a/b, c/d", "WASTEHUB_SERVE_BIND": "x:1"}
    found = load(hub(tmp_path, '[hub]\ncity = "2"\n[connectors]\nuse = ["e/f"]\n'), environ)
    assert (found.city, found.use, found.bind) == ("1", ("a/b", "c/d"), "x:1")


def test_any_value_may_be_somewhere_else(tmp_path: Path) -> None:
    """env:NAME and file:PATH (from the hub's folder) stand for what is there, also in the environment's own values."""
    (tmp_path / "name.txt").write_text("聊城\n", encoding="utf-8")
    folder = hub(tmp_path, '[hub]\nname = "file:name.txt"\ncity = "env:CITY"\n')
    found = load(folder, {"CITY": "3", "WASTEHUB_HUB_STORE": "env:STORE", "STORE": "sqlite:s.db"})
    assert (found.name, found.city, found.store) == ("聊城", "3", "sqlite:s.db")


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    """Unknown sections and keys, wrong types and missing secrets are one answer."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    text = '[hub]\nnam = "x"\ncity = 1\nname = "file:nope"\nstore = "file:binary"\n[x]\n[connectors]\nuse = [1]\n'
    assert errors_of(hub(tmp_path, text)) == [
        "UNKNOWN_KEY", "WRONG_TYPE", "UNKNOWN_SECTION", "WRONG_TYPE", "SECRET_MISSING", "SECRET_MISSING",
    ]  # fmt: skip


def test_a_file_that_windows_wrote_is_read(tmp_path: Path) -> None:
    """A byte order mark before the first line is none of it."""
    (tmp_path / "hub.toml").write_text('[hub]\ncity = "2"\n', encoding="utf-8-sig")
    assert load(tmp_path, {}).city == "2"


def test_what_is_no_configuration_is_refused(tmp_path: Path) -> None:
    """No file, a folder in its place, no TOML and no UTF-8 each have a name."""
    assert errors_of(tmp_path) == ["NO_HUB"]
    assert errors_of(hub(tmp_path, "[hub")) == ["NOT_TOML"]
    (tmp_path / "hub.toml").write_bytes(b"\xff")
    assert errors_of(tmp_path) == ["NOT_TOML"]
    (tmp_path / "hub.toml").unlink()
    (tmp_path / "hub.toml").mkdir()
    assert errors_of(tmp_path) == ["NOT_READABLE"]
