"""Scratch folders: nothing of the dead stays, nothing of the living goes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hub.scratch import remove_the_dead, scratch

HOLDS = """
import sys
from hub.scratch import scratch
with scratch("trial") as folder:
    (folder / "rows").write_text("much")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The system's temporary folder, to which no process of another test comes; looked through anew."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    remove_the_dead.cache_clear()
    yield tmp_path
    remove_the_dead.cache_clear()


@contextmanager
def _holder(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that has a folder in ``place``, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={"TMPDIR": str(place), "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def test_the_folders_of_the_killed_go_and_those_of_the_living_stay(place: Path) -> None:
    """What a process killed by SIGKILL left is removed by the next one to need a folder; a living one's is not."""
    with _holder(place) as (doomed, left), _holder(place) as (_, living):
        doomed.kill()
        doomed.wait()
        assert (left / "rows").exists()
        with scratch("stage") as own:
            assert {*place.iterdir()} == {own, living}
            assert (living / "rows").read_text() == "much"
        assert {*place.iterdir()} == {living}


def test_what_is_not_surely_ours_and_dead_stays(place: Path) -> None:
    """A folder that was just made and has no lock yet, one with another name, one that others may write to, a link and
    a file are left alone."""
    for name, mode in (("wastehub-stage-new", 0o700), ("else.locked", 0o700), ("wastehub-open.locked", 0o777)):
        (place / name).mkdir()
        (place / name).chmod(mode)
    (place / "wastehub-link.locked").symlink_to(place / "else.locked")
    (place / "wastehub-file.locked").touch()
    before = {*place.iterdir()}
    with scratch("stage"):
        pass
    assert {*place.iterdir()} == before


def test_one_process_may_have_many(place: Path) -> None:
    """Folders of one process do not disturb each other, and each goes with who made it, whatever was raised."""
    with scratch("stage") as first:
        remove_the_dead.cache_clear()
        with suppress(ZeroDivisionError), scratch("stage") as second:
            assert {*place.iterdir()} == {first, second}
            raise ZeroDivisionError
        assert {*place.iterdir()} == {first}
    assert not [*place.iterdir()]


def test_two_that_sweep_at_once_do_not_fail(place: Path) -> None:
    """Several that come at once to what the dead left do not disturb each other, and leave nothing of it."""
    for number in range(200):
        (place / f"wastehub-rebuild-{number}.locked").mkdir(mode=0o700)
    with ThreadPoolExecutor(4) as sweepers:
        assert [*sweepers.map(remove_the_dead.__wrapped__, [place] * 4)] == [None] * 4
    assert not [*place.iterdir()]
