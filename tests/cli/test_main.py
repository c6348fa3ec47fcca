"""How the command speaks, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli import main
from hub.cli.complaint import problem_lines
from hub.cli.lazy import in_language
from hub.cli.visible import width
from hub.errors import Problem
from tests.cli.run import here, wastehub


@pytest.mark.parametrize("language", ["C", "POSIX", "", "zh_CN.UTF-8"])
def test_it_speaks_chinese(language: str) -> None:
    """Help is Chinese where the locale is C, POSIX, unset or Chinese, click's own words included."""
    shown = wastehub("--help", language=language)
    assert shown.code == 0
    assert "用法：" in shown.out
    assert "查看账本。" in shown.out
    assert "显示这份说明。" in shown.out
    assert "Show" not in shown.out


@pytest.mark.parametrize("language", ["en_US.UTF-8", "en_GB", "EN"])
def test_it_speaks_english_when_asked(language: str) -> None:
    """Help is English where the locale says en, whatever its country or case."""
    shown = wastehub("--help", language=language)
    assert shown.code == 0
    assert "Show the ledger." in shown.out
    assert "Usage:" in shown.out


def test_every_command_explains_itself_in_chinese() -> None:
    """Each command and subcommand has help, and none of it stays English."""
    from click import Context, Group

    from hub.texts import translate

    root = in_language(main.wastehub)
    assert isinstance(root, Group)
    context = Context(root)
    for name in main.COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        below = list(command.commands.values()) if isinstance(command, Group) else []
        for one in (command, *below):
            options = [p.help for p in one.params if getattr(p, "help", None)]
            for text in (one.help, *options):
                assert text, (name, one.name)
                assert any("一" <= c <= "鿿" for c in text), (name, one.name, text)
        assert command.help is not None
        assert command.help.splitlines()[0] == translate(main.COMMANDS[name].sentence)


def test_commands_stand_in_the_order_of_their_use() -> None:
    """The help of a group lists what comes first first, not by the alphabet."""
    shown = here("connector", "--help").out
    assert [line.split()[0] for line in shown.partition("命令:")[2].splitlines() if line.strip()] == [
        "list",
        "check",
        "test",
        "preview",
    ]


def test_the_first_help_imports_nothing_heavy() -> None:
    """The list of commands is shown without the libraries that take long to import."""
    script = "import sys; from hub.cli.main import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"rich", "structlog", "duckdb", "pyarrow", "numpy", "sqlalchemy", "sqlglot", "yaml", "fastavro", "sqlite3"}
    assert heavy & set(done.stderr.split()) == set()


def test_an_unknown_command_names_the_nearest() -> None:
    """A misspelt command ends with 2 and names the one that was meant."""
    shown = wastehub("pul")
    assert shown.code == 2
    assert "没有命令 'pul'" in shown.err
    assert "pull" in shown.err
    assert shown.out == ""


def test_a_folder_that_is_no_hub_is_named(tmp_path: Path) -> None:
    """A reading command outside a hub ends with 2, names the file it looked for and how to make a hub, and shows no
    traceback."""
    shown = wastehub("-C", tmp_path, "connector", "list")
    assert shown.code == 2
    assert str(tmp_path / "hub.toml") in shown.err
    assert "NO_HUB" in shown.err
    assert "wastehub new" in shown.err
    assert "wastehub demo" in shown.err
    assert "Traceback" not in shown.err


def test_the_reader_may_leave_early() -> None:
    """Output into a closed pipe ends quietly."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "schema", "show", "--json"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert done.returncode == 0
    assert done.stderr == b""


def test_a_bug_is_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What nobody foresaw ends with 101, says that it is a bug of wastehub, and shows where."""

    def fail(_args: object) -> int:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setenv("LANGUAGE", "")
    monkeypatch.setattr(main, "_invoke", fail)
    assert main.run([]) == 101
    said = capsys.readouterr().err
    assert "wastehub 自身的缺陷" in said
    assert "nobody foresaw this" in said


def test_a_caret_stands_under_the_mistake() -> None:
    """The caret is under the column named, with Chinese characters counted as two columns."""
    problem = Problem(
        "connector.yaml",
        12,
        9,
        "UNKNOWN_COLUMN",
        "{name} has the wrong type",
        "num{}",
        "  数量: nmu(JZ)",
        {"name": "x"},
    )
    head, line, caret, hint = problem_lines(problem)
    assert head == "connector.yaml:12:9: UNKNOWN_COLUMN: x 的类型不对"
    assert width(caret) - 1 == width(line[: line.index("u(JZ)")])
    assert "num{}" in hint
