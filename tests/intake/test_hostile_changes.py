"""Files that vanish, shrink, grow or become something else while they are read: nothing is lost, doubled or guessed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import Interrupted, SourceUnavailable
from hub.intake import pull_files, reading
from hub.intake.pull import Puller
from hub.intake.sources import encoding
from tests.intake.world import World, connector, micros, world

EVERY_FILE = connector("{kind: file, path: 'in/*', key: [K]}")
SCOPED = connector("{kind: file, path: 'in/*', key: [K], scope: S}")
ROWS = 2_000


def _grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"late,1,,\n")


def _replaced(path: Path) -> None:
    """By another file of the same length, as a program does that writes beside and renames."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes().replace(b"1", b"2"))
    other.rename(path)


def _instead(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


CHANGES: dict[str, Callable[[Path], None]] = {
    "vanishes": Path.unlink,
    "shrinks": lambda path: os.truncate(path, path.stat().st_size // 2),
    "is emptied": lambda path: os.truncate(path, 0),
    "grows": _grown,
    "is replaced": _replaced,
    "becomes a folder": _instead(Path.mkdir),
    "becomes a pipe": _instead(os.mkfifo),
    "becomes a link to nothing": _instead(lambda path: path.symlink_to(path.with_name("nothing"))),
}


def _at_the_first_append(here: World, change: Callable[[], None]) -> None:
    """From now on a pull finds that, once it has appended for the first time, the change has happened."""
    waiting = [change]

    def progress(_name: str, _rows: int) -> None:
        while waiting:
            waiting.pop()()

    here.puller = Puller(here.plug, here.journal, replace(here.around, progress=progress))  # type: ignore[arg-type] # by delegation


def _put_back(path: Path) -> None:
    """Away with whatever stands in the file's place."""
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("how", CHANGES)
def test_the_next_file_changes(tmp_path: Path, how: str) -> None:
    """What was read before it counts, of it nothing does, and once it holds still again it is read as it then is."""
    with world(tmp_path, SCOPED) as here:
        here.file("a.csv", [{"K": "a", "M": "1", "S": "a"}], 10)
        here.file("b.csv", [{"K": f"b{n}", "M": "11", "S": "b"} for n in range(50)], 20)
        _at_the_first_append(here, lambda: CHANGES[how](here.folder / "in" / "b.csv"))
        with pytest.raises(SourceUnavailable):
            here.pull()
        assert (here.masses(), here.quarantined()) == ({"a": 1}, [])
        _put_back(here.folder / "in" / "b.csv")
        here.file("b.csv", [{"K": f"b{n}", "M": "12", "S": "b"} for n in range(40)], 30)
        assert here.pull().read == 40
        assert here.masses() == {"a": 1} | {f"b{n}": 12 for n in range(40)}


@pytest.mark.parametrize("how", ["vanishes", "shrinks", "grows", "is replaced"])
def test_a_large_file_changes_under_the_reading(tmp_path: Path, how: str) -> None:
    """A file too large to be held is stated while it is read: what it says at last stands, once, and nothing else."""
    path = tmp_path / "in" / "a.csv"
    with world(tmp_path, EVERY_FILE) as here:
        here.file("a.csv", [{"K": f"k{n:05d}", "M": "11"} for n in range(ROWS)], 10)
        _at_the_first_append(here, lambda: CHANGES[how](path))
        with _in_small_batches(), pytest.raises(SourceUnavailable):
            here.pull()
        assert 0 < len(here.masses()) < ROWS
        here.file("a.csv", [{"K": f"k{n:05d}", "M": "12"} for n in range(ROWS)], 20)
        here.pull()
        assert here.masses() == {f"k{n:05d}": 12 for n in range(ROWS)}
        last = {event["source_key"]: event["revision"] for event in here.events()}
        assert (len(last), set(last.values())) == (ROWS, {micros(20)})
        ends = here.ends()
        assert (here.pull().read, here.ends()) == (0, ends)


@contextmanager
def _in_small_batches() -> Iterator[None]:
    """As a file of many hundred megabytes is read: nothing of it is kept, and a hundred rows are appended at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pull_files, "KEPT_BYTES", 0)
        patch.setattr(encoding, "BLOCK", 1 << 10)
        for module in (pull_files, reading):
            patch.setattr(module, "GATHERED", 100)
        yield


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """The pull says which, and nothing is taken for empty."""
    with world(tmp_path, EVERY_FILE) as here:
        here.file("a.csv", [{"K": "a", "M": "1"}], 10)
        (here.folder / "in" / "a.csv").chmod(0)
        with pytest.raises(SourceUnavailable, match=r"a\.csv"):
            here.pull()
        (here.folder / "in" / "a.csv").chmod(0o600)
        assert here.pull().events == 1


def test_names_that_no_terminal_likes(tmp_path: Path) -> None:
    """Newlines, escapes, quotes and bytes that are no UTF-8 in a file's name: it is read, and named in quarantine."""
    names = (b"a\nb.csv", b"\x1b[2J.csv", b"'; DROP TABLE x; --.csv", b"\xff\xfe.csv", "磅".encode("gb18030") + b".csv", b" .csv")
    with world(tmp_path, EVERY_FILE) as here:
        for number, name in enumerate(names):
            path = os.fsencode(tmp_path / "in") + b"/" + name
            with open(path, "wb") as file:
                file.write(f"K,M\ngood{number},1\nbad{number},x\n".encode())
            os.utime(path, (1_700_000_000, 1_700_000_000))
        here.pull()
        assert here.masses() == {f"good{number}": 1 for number in range(len(names))}
        assert len({row["place"] for row in here.quarantined()}) == len(names)
        assert here.pull().read == 0


def test_bytes_that_were_read_add_nothing_again(tmp_path: Path) -> None:
    """A delivery is written over by half of itself and then sent again as it was: by its SHA-256 it is read already, as
    the contract says. With an empty line more it is another file, and what the half took back stands again."""
    rows = [{"K": f"k{n}", "M": "1", "S": "1"} for n in range(20)]
    with world(tmp_path, SCOPED) as here:
        for at, some in ((10, rows), (20, rows[:10]), (30, rows)):
            here.file("a.csv", some, at)
            here.pull()
        assert len(here.masses()) == 10
        whole = (tmp_path / "in" / "a.csv").read_bytes()
        here.raw("a.csv", whole + b"\n", 40)
        here.pull()
        assert len(here.masses()) == 20


def test_who_is_told_to_stop_ends_after_the_batch_in_hand(tmp_path: Path) -> None:
    """What was appended stands and nothing is taken back; the next pull says the rest, and nothing twice."""
    with world(tmp_path, SCOPED) as here:
        here.file("a.csv", [{"K": "a", "M": "1", "S": "a"}], 10)
        here.file("b.csv", [{"K": "b", "M": "2", "S": "b"}], 20)
        told: list[int] = []
        around = replace(here.around, progress=lambda _name, rows: told.append(rows), stopping=lambda: bool(told))
        with pytest.raises(Interrupted):
            Puller(here.plug, here.embedded, around).pull()
        assert (here.masses(), told) == ({"a": 1}, [1])
        assert here.pull().events == 1
        assert here.masses() == {"a": 1, "b": 2}
