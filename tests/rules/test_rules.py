"""The code's own rules. Each failure names every place that breaks one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules import code

# Hard limits; the habit is under 300 lines a file and a good deal under 40 a function.
FILE_LINES = 300
FUNCTION_LINES = 45
NOTHING_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "tools"}
NEVER = {"eval", "exec", "pickle", "marshal", "shelve", "yaml.load", "yaml.unsafe_load", "os.system", "tempfile.mktemp"}
UNCERTAIN = re.compile(
    r"(datetime\.)?(datetime|date)\.(now|utcnow|today)|time\.(time|monotonic|perf_counter|time_ns|sleep)"
    r"|uuid\.uuid[14]|random(\..*)?|secrets(\..*)?|os\.(environ|getenv|urandom)|socket(\..*)?|subprocess(\..*)?"
)
PURE = ("hub/events/", "hub/reference/")
PURE_CLAIM = re.compile(r"\bpure\b", re.IGNORECASE)
# The environment is read in hub/config.py; the command tells click's gettext its language there.
ENVIRONMENT = {"hub/config.py", "hub/cli/main.py"}
# What a person starts, or what is named in a table instead of an import.
STARTED = {"hub.cli.main", "hub.cli.__main__"}
UNFINISHED = re.compile("TO" + "DO|FIX" + "ME|XX" + "X\\b")
MACHINE = re.compile("/(wo" + "rk|ro" + "ot|ho" + "me)/|py" + "pi\\.org|python" + "hosted\\.org|mirrors?\\.[a-z]+\\.")
EXEMPTION = re.compile(r"#\s*(noqa|type:\s*ignore)(.*)")
REASONED = re.compile(r"#\s*(noqa:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|type:\s*ignore\[[a-z-]+(,\s*[a-z-]+)*\])\s+(-|#)\s*\w")


def _none(broken: Iterator[str]) -> None:
    places = list(broken)
    assert not places, "\n" + "\n".join(places)


def test_modules_import_only_from_below() -> None:
    """The layers of the house hold, and every module has its place in them."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=code.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_files_stay_short() -> None:
    """No file of the product is longer than a person reads in one sitting."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in code.hub_files()}
    _none(f"{code.place(path)}: {length} lines" for path, length in lengths.items() if length > FILE_LINES)


def test_functions_stay_short() -> None:
    """No function of the product is longer than a screen."""
    _none(
        f"{code.place(path, f.lineno)}: {f.name} has {f.end_lineno - f.lineno + 1} lines"
        for path in code.hub_files()
        for f in code.functions(path)
        if f.end_lineno is not None and f.end_lineno - f.lineno + 1 > FUNCTION_LINES
    )


def test_names_say_something() -> None:
    """Nothing is named utils, common, helpers or manager."""
    parts = {path: set(path.relative_to(code.ROOT).with_suffix("").parts) for path in code.hub_files()}
    _none(code.place(path) for path, names in parts.items() if NOTHING_NAMES & names)
    _none(
        f"{code.place(path, f.lineno)}: {f.name}"
        for path in code.hub_files()
        for f in code.functions(path)
        if f.name.strip("_") in NOTHING_NAMES
    )


def test_nothing_executes_data() -> None:
    """No pickle, eval, exec, unsafe YAML or shell anywhere in the product."""
    for path in code.hub_files():
        _none(f"{code.place(path, line)}: {name}" for name, line in code.names_used(path) if _forbidden(name))
        _none(
            f"{code.place(path, node.lineno)}: shell=True"
            for node in ast.walk(code.tree(path))
            if isinstance(node, ast.Call)
            and any(k.arg == "shell" and getattr(k.value, "value", None) is not False for k in node.keywords)
        )


def _forbidden(name: str) -> bool:
    return name in NEVER or name.partition(".")[0] in NEVER


def test_only_the_command_prints() -> None:
    """Nothing outside hub.cli writes on the terminal."""
    outside = [path for path in code.hub_files() if not code.place(path).startswith("hub/cli/")]
    banned = {"print", "sys.stdout", "sys.stderr", "click.echo", "rich.print"}
    _none(f"{code.place(p, line)}: {name}" for p in outside for name, line in code.names_used(p) if name in banned)


def test_one_file_reads_the_environment() -> None:
    """Only hub/config.py reads environment variables."""
    others = [path for path in code.hub_files() if code.place(path) not in ENVIRONMENT]
    reading = re.compile(r"os\.(environ|environb|getenv)(\..*)?")
    _none(
        f"{code.place(p, line)}: {name}" for p in others for name, line in code.names_used(p) if reading.fullmatch(name)
    )


def test_what_decides_is_pure() -> None:
    """Events, reference data and every module that calls itself pure see no clock, chance, environment or network."""
    claim = {p for p in code.hub_files() if PURE_CLAIM.search(ast.get_docstring(code.tree(p)) or "")}
    assert {"fold.py", "entries.py", "messages.py"} <= {p.name for p in claim}
    pure = [p for p in code.hub_files() if code.place(p).startswith(PURE) or p in claim]
    _none(
        f"{code.place(p, line)}: {name}" for p in pure for name, line in code.names_used(p) if UNCERTAIN.fullmatch(name)
    )


def test_no_module_is_dead() -> None:
    """Every module of the product is imported by another one, or named in the table of commands."""
    imported: set[str] = set(STARTED)
    for path in code.hub_files():
        imported |= {name for name in code.imports(path) if name != code.module_name(path)}
        imported |= {text.partition(":")[0] for text in _strings(path) if text.startswith("hub.")}
    modules = {code.module_name(p): p for p in code.hub_files() if p.name != "__init__.py"}
    _none(f"{code.place(path)} is imported by nothing" for name, path in modules.items() if name not in imported)


def _strings(path: Path) -> Iterator[str]:
    for node in ast.walk(code.tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_exception_from_the_tools_has_a_reason() -> None:
    """A noqa or type-ignore names its code and says why."""
    _none(
        f"{code.place(path, number)}: {line.strip()}"
        for path in (*code.hub_files(), *code.test_files())
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if EXEMPTION.search(line) and not REASONED.search(line)
    )


def test_every_test_says_its_claim() -> None:
    """Each test's docstring is its claim, in one sentence or a few."""
    _none(
        f"{code.place(path, f.lineno)}: {f.name}"
        for path in code.test_files()
        for f in code.functions(path)
        if f.name.startswith("test_") and not (ast.get_docstring(f) or "").strip().endswith((".", "。", ".)"))
    )


@pytest.mark.parametrize(("pattern", "what"), [(UNFINISHED, "unfinished"), (MACHINE, "one machine's paths and hosts")])
def test_tracked_files_are_finished_and_at_home_anywhere(pattern: re.Pattern[str], what: str) -> None:
    """No file of the repository holds unfinished work, or the paths and registry hosts of one machine."""
    texts = {path: _text(path) for path in code.tracked_files()}
    assert texts
    _none(
        f"{code.place(path, number)}: {what}: {line.strip()[:100]}"
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    )


def _text(path: Path) -> str:
    data = path.read_bytes()
    return "" if b"\0" in data[:8000] or len(data) > 2_000_000 else data.decode("utf-8", "replace")
