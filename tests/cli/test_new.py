"""``wastehub new``."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hub.cli.new import HUB_TOML, _toml
from hub.config import load
from tests.cli.run import wastehub


def test_a_new_folder_is_a_hub(tmp_path: Path) -> None:
    """The folder made has a configuration that loads, with the name and city given and embedded parts."""
    made = wastehub("new", tmp_path / "a/hub", "--name", "东阿", "--city", "371524")
    assert (made.code, made.err) == (0, "")
    config = load(tmp_path / "a/hub", environ={})
    assert (config.name, config.city, config.use) == ("东阿", "371524", ())
    assert config.journal.startswith("sqlite:")
    assert (tmp_path / "a/hub/connectors").is_dir()


def test_a_hub_is_never_overwritten(tmp_path: Path) -> None:
    """A second new in the same folder is refused with 2 and changes nothing."""
    wastehub("new", tmp_path / "hub")
    before = (tmp_path / "hub/hub.toml").read_bytes()
    again = wastehub("new", tmp_path / "hub", "--name", "other")
    assert again.code == 2
    assert "已经是枢纽" in again.err
    assert (tmp_path / "hub/hub.toml").read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where a file stands in the way, the command says so and ends with 2."""
    (tmp_path / "file").write_text("")
    made = wastehub("new", tmp_path / "file" / "hub")
    assert made.code == 2
    assert "Traceback" not in made.err


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_makes_a_configuration_that_loads(name: str) -> None:
    """Whatever a hub is called, its hub.toml is TOML and gives the name back."""
    import tomllib

    assert tomllib.loads(HUB_TOML.format(name=_toml(name), city=_toml("1")))["hub"]["name"] == name
