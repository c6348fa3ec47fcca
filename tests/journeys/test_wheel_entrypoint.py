"""What the image runs, without Docker: the wheel made of what the Dockerfile copies, in a clean environment, started by
the Dockerfile's own words on the example hub, with the embedded parts in place of the servers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from functools import cache
from pathlib import Path

import pytest

from tests.rules import code, compose, dockerfile

PATIENCE = 90.0  # seconds; reached only when something is broken
EMBEDDED = {"WASTEHUB_HUB_JOURNAL": "sqlite:data/journal.db", "WASTEHUB_HUB_STORE": "sqlite:data/store.db"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds the wheel; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("image")
    for name in dockerfile.copied():
        source, target = code.ROOT / name, folder / "build" / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (build,) = [found.rest for found in dockerfile.instructions() if "hatchling build" in found.rest]
    words = [word.replace("/opt/wheel/bin/python", sys.executable) for word in build.split()]
    words[words.index("/dist")] = str(folder)
    subprocess.run(words, cwd=folder / "build", check=True, capture_output=True)
    (wheel,) = folder.glob("wastehub-*.whl")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    install = [sys.executable, "-m", "pip", "--python", environment / "bin/python", "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--no-index", wheel], check=True, capture_output=True)
    (site,) = (environment / "lib").glob("python3*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin"


class Container:
    """The example hub in a folder, with a home and a place for temporary files that nothing may be left in."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.hub, self.home, self.scratch = folder / "hub", folder / "home", folder / "tmp"
        shutil.copytree(compose.DOCKER / "hub", self.hub)
        (self.hub / "data").mkdir()
        for path in (self.home, self.scratch):
            path.mkdir()
        self._programs = programs
        self._environ = EMBEDDED | {"HOME": str(self.home), "TMPDIR": str(self.scratch), "LANG": "C.UTF-8",
                                    "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip

    def words(self, *command: str) -> list[str]:
        """The image's entry point and what follows it, with this folder in the place of the image's."""
        everything = [*dockerfile.only("ENTRYPOINT").exec_form(), *command]
        return [word.replace("/hub", str(self.hub)) for word in everything]

    def start(self, *command: str) -> subprocess.Popen[str]:
        """The image started with ``command``; where this user may do that, as process 1 of a namespace."""
        return subprocess.Popen([*_as_process_1(), *self.words(*command)], cwd=self.hub, env=self._environ, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def run(self, *command: str) -> str:
        """The same to its end, which must be a good one: what it printed."""
        return self._done(self.words(*command))

    def check(self, words: list[str]) -> str:
        """A health check, as the image or compose.yaml says it."""
        return self._done([word.replace("/hub", str(self.hub)) for word in words])

    def _done(self, words: list[str]) -> str:
        done = subprocess.run(words, cwd=self.hub, env=self._environ, text=True, capture_output=True, check=False,
                              timeout=PATIENCE)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@cache
def _as_process_1() -> tuple[str, ...]:
    """As in a container, where the system withholds every signal from a process that has no handler for it."""
    words = ("unshare", "--pid", "--fork", "--kill-child")
    possible = shutil.which("unshare") and subprocess.run([*words, "true"], check=False, capture_output=True)
    return words if possible and possible.returncode == 0 else ()


@pytest.fixture
def container(tmp_path: Path, programs: Path) -> Container:
    """A new one."""
    return Container(tmp_path, programs)


def _files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_the_image_makes_the_ledger_of_the_example(container: Container) -> None:
    """Entry point and commands of the image check the example connector, pull its file and give the ledger, to the
    gram, with the one bad record set aside and no driver's name; every health check passes; only data is written to."""
    before = _files(container.hub)
    assert json.loads(container.run("connector", "check", "--json")) == {"errors": []}
    tests = json.loads(container.run("connector", "test", "--json"))["tests"]
    assert len(tests) == 2
    assert all(test["passed"] for test in tests)
    (pulled,) = json.loads(container.run("pull", "--once", "--json"))["connectors"]
    assert (pulled["read"], pulled["events"], pulled["quarantined"]) == (4, 3, 1)
    container.run("project", "--once")
    rows = json.loads(container.run("ledger", "--by", "code", "--json"))["rows"]
    assert {row["code"]: row["mass_g"] for row in rows} == {"SW61": 4_260_000, "SW62": 1_200_000, "SW64": 5_120_000}
    container.run("doctor", "--json")
    told = container.run("explain", "B0001", "--json") + container.run("quarantine", "list", "--json")
    assert "B0004" in told
    for line in (container.hub / "in/2026-03.csv").read_text(encoding="utf-8").splitlines()[1:]:
        assert line.split(",")[3] not in told
    container.check(dockerfile.only("HEALTHCHECK").exec_form())
    for service in compose.hub_services().values():
        container.check(service.get("healthcheck", {"test": ["CMD", "true"]})["test"][1:])
    assert {path.parts[0] for path in _files(container.hub) - before} == {"data"}
    assert _files(container.home) == _files(container.scratch) == set()


def _stop(process: subprocess.Popen[str]) -> str:
    """Send the image's stop signal: what it then said, to its end, which must be an orderly one."""
    own = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text() if _as_process_1() else process.pid
    os.kill(int(own), signal.Signals[dockerfile.only("STOPSIGNAL").rest])
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, 130), said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("name", ["pull", "run"])
def test_the_stop_signal_ends_reading_in_order(container: Container, name: str) -> None:
    """Told to stop by the image's signal, what pulls ends without a complaint, and started again it goes on where it
    was."""
    with container.start(name) as process:
        try:
            assert process.stderr is not None
            assert any('"pulled"' in line for line in process.stderr)
            _stop(process)
        finally:
            process.kill()
    (again,) = json.loads(container.run("pull", "--once", "--json"))["connectors"]
    assert (again["events"], again["quarantined"]) == (0, 0)


def test_the_stop_signal_ends_folding_in_order(container: Container) -> None:
    """Told to stop by the image's signal, `project` ends without a complaint, and its ledger stands."""
    container.run("pull", "--once")
    with container.start("project") as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not json.loads(container.run("ledger", "--json"))["rows"]:
                assert process.poll() is None
                assert time.monotonic() < deadline
            _stop(process)
        finally:
            process.kill()
    (row,) = json.loads(container.run("project", "--once", "--json"))["projections"][:1]
    assert row["lag_events"] == 0
