"""Which files are taken, and when."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from hub.errors import RequestWrong, SourceUnavailable
from hub.intake.sources.file import FileSource
from tests.intake.sources.reading import put, read, settle


def test_files_come_oldest_first(tmp_path: Path) -> None:
    """Files are found by the glob, in the order of their time, then name, with size, time and digest."""
    put(tmp_path, "in/b.csv", b"b", age=100)
    put(tmp_path, "in/deep/a.csv", b"a", age=50)
    put(tmp_path, "in/c.txt", b"c", age=70)
    found = FileSource(tmp_path, "in/**/*.csv").found()
    assert [file.path for file in found.files] == ["in/b.csv", "in/deep/a.csv"]
    first = found.files[0]
    assert (first.size, first.sha256) == (1, hashlib.sha256(b"b").hexdigest())
    assert first.modified_us == (tmp_path / "in/b.csv").stat().st_mtime_ns // 1000


def test_only_plain_files_within_the_folder(tmp_path: Path) -> None:
    """Links that lead out, folders, pipes and office lock files are not taken; a link within the folder is."""
    hub = tmp_path / "hub"
    put(hub, "in/good.csv", b"a")
    put(hub, "in/~$good.csv", b"a")
    secret = put(tmp_path, "secret.csv", b"a")
    (hub / "in/out.csv").symlink_to(secret)
    (hub / "in/within.csv").symlink_to(hub / "in/good.csv")
    (hub / "in/folder.csv").mkdir()
    os.mkfifo(hub / "in/pipe.csv")
    assert [file.path for file in FileSource(hub, "in/*.csv").found().files] == ["in/good.csv", "in/within.csv"]


def test_a_path_leaves_the_hub_only_when_written_absolute(tmp_path: Path) -> None:
    """A path with .. is refused; an absolute one is what the person wanted."""
    with pytest.raises(RequestWrong):
        FileSource(tmp_path / "hub", "../in/*.csv")
    put(tmp_path, "in/a.csv", b"a")
    (tmp_path / "hub").mkdir()
    assert len(FileSource(tmp_path / "hub", f"{tmp_path}/in/*.csv").found().files) == 1


def test_a_missing_folder_is_unavailable_and_an_empty_one_is_not(tmp_path: Path) -> None:
    """A share that is not mounted is no empty delivery."""
    with pytest.raises(SourceUnavailable, match="in"):
        FileSource(tmp_path, "in/*.csv").found()
    (tmp_path / "in").mkdir()
    assert FileSource(tmp_path, "in/*.csv").found().files == ()


def test_a_fresh_file_is_waited_for(tmp_path: Path) -> None:
    """A file just written counts as moving; it is taken once it has held still for two seconds."""
    put(tmp_path, "a.csv", b"a\n1\n", age=1.5)
    source = FileSource(tmp_path, "*.csv")
    assert source.found(0).moving == ("a.csv",)
    waited = source.found(5)
    assert (len(waited.files), waited.moving) == (1, ())


def test_a_growing_file_is_not_taken(tmp_path: Path) -> None:
    """While somebody writes, the file is named as moving and not read."""
    path = put(tmp_path, "a.csv", b"a\n", age=0)
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.02):
            with path.open("ab") as handle:
                handle.write(b"1\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = FileSource(tmp_path, "*.csv").found(0.3)
    finally:
        stop.set()
        writer.join()
    assert (found.files, found.moving) == ((), ("a.csv",))


def test_a_memo_spares_the_hashing(tmp_path: Path) -> None:
    """A file that a memo knows with the same size and time is not hashed again; a changed one is."""
    path = put(tmp_path, "a.csv", b"a")
    (first,) = FileSource(tmp_path, "*.csv").found().files
    path.write_bytes(b"b")
    os.utime(path, ns=(first.modified_us * 1000, first.modified_us * 1000))
    assert FileSource(tmp_path, "*.csv").found(memo={"a.csv": first}).files == (first,)
    settle(path, 30)
    (changed,) = FileSource(tmp_path, "*.csv").found(memo={"a.csv": first}).files
    assert changed.sha256 == hashlib.sha256(b"b").hexdigest()


def test_a_file_that_changes_is_not_believed(tmp_path: Path) -> None:
    """A file that is replaced between finding and the end of reading ends in SourceUnavailable."""
    path = put(tmp_path, "a.csv", b"a\n1\n2\n")
    source = FileSource(tmp_path, "*.csv")
    (file,) = source.found().files
    batches = source.read(file, rows=1)
    assert next(batches).rows.to_pylist() == [{"a": "1"}]
    path.write_bytes(b"a\n9\n")
    with pytest.raises(SourceUnavailable, match="changed since it was found"):
        list(batches)
    with pytest.raises(SourceUnavailable, match="changed since"):
        list(source.read(file))
    path.unlink()
    with pytest.raises(SourceUnavailable):
        list(source.read(file))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.dat", b"a,b\n1,2\n"), ("a.dat", b'{"a":1,"b":2}\n'), ("a.dat", b'[{"a":1,"b":2}]'),
        ("no_suffix", b"a\tb\n1\t2\n"), ("A.CSV", b"a,b\n1,2\n"),
    ],
)
def test_what_a_file_is_shows_in_its_first_bytes(tmp_path: Path, name: str, content: bytes) -> None:
    """Without a known suffix the content says what it is."""
    assert read(tmp_path, name, content).rows == [{"a": "1", "b": "2"}]


def test_a_large_file_is_read_as_it_is_asked_for(tmp_path: Path) -> None:
    """The first batch of a large file is there before the rest is read: what is cut off after it never comes."""
    path = put(tmp_path, "a.csv", b"a,b\n" + b"1,%s\n" % (b"x" * 90) * 200_000)
    source = FileSource(tmp_path, "*.csv")
    (file,) = source.found().files
    batches = source.read(file, rows=10_000)
    count = next(batches).rows.num_rows
    os.truncate(path, file.size // 2)
    after = []
    with pytest.raises(SourceUnavailable):
        after.extend(batch.rows.num_rows for batch in batches)
    assert count == 10_000
    assert sum(after) <= 110_000
