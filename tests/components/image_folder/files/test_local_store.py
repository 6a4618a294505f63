"""Reading single files: what may have become of them since they were listed."""

from __future__ import annotations

import os
import pickle
import socket
import threading
from pathlib import Path

import pytest

from components.image_folder.files.image_store import FileChangedError
from components.image_folder.files.listing import ImageFile
from components.image_folder.files.local_store import LocalStore
from tests.listings import write_tree


def _file(root: Path, name: str = "a.jpg") -> ImageFile:
    facts = (root / name).stat()
    return ImageFile(name, "a", facts.st_size, facts.st_mtime_ns)


@pytest.mark.parametrize("content", [b"", b"x", bytes(3_000_000)])
def test_reads_the_bytes(tmp_path: Path, content: bytes) -> None:
    write_tree(tmp_path, {"a.jpg": content})
    assert LocalStore(str(tmp_path)).read(_file(tmp_path)) == content


def test_names_of_all_kinds(tmp_path: Path) -> None:
    for name in (os.fsdecode(b"caf\xe9.jpg"), "two\nlines.jpg", " .jpg"):
        write_tree(tmp_path, {name: "content"})
        assert LocalStore(str(tmp_path)).read(_file(tmp_path, name)) == b"content"


def test_absolute_paths_are_taken_as_they_are(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/a.jpg": "content", "b/b.jpg": ""})
    file = _file(tmp_path / "a")
    outside = ImageFile(str(tmp_path / "a" / "a.jpg"), "a", file.size, file.modified)
    assert LocalStore(str(tmp_path / "b")).read(outside) == b"content"


def _rewrite(path: Path, content: bytes) -> None:
    """Writes other bytes, and sets the time back."""
    facts = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def _listen(path: Path) -> None:
    """Puts a socket there; the file stays when it is closed."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: _rewrite(path, b"longer than before"), "written to after"),
        (lambda path: _rewrite(path, b"cut"), "written to after"),
        (lambda path: _rewrite(path, b""), "written to after"),
        (lambda path: path.unlink(), "removed after it was listed"),
        (lambda path: path.write_bytes(b"longer than before"), "written to after"),
        (lambda path: path.write_bytes(b"cut"), "written to after"),
        (lambda path: os.utime(path, ns=(1, path.stat().st_mtime_ns + 1)), "written to after"),
        (lambda path: os.utime(path, ns=(1, path.stat().st_mtime_ns - 1)), "written to after"),
        (lambda path: (path.unlink(), _listen(path)), "removed after it was listed"),
        (lambda path: (path.unlink(), path.mkdir()), "no longer a regular file"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "no longer a regular file"),
        (lambda path: (path.unlink(), path.symlink_to("/dev/zero")), "no longer a regular file"),
    ],
)
def test_changes_since_the_listing(tmp_path: Path, change, reason: str) -> None:  # type: ignore[no-untyped-def]
    write_tree(tmp_path, {"a.jpg": "content"})
    file = _file(tmp_path)
    change(tmp_path / "a.jpg")
    with pytest.raises(FileChangedError, match=reason):
        LocalStore(str(tmp_path)).read(file)


def test_a_pipe_that_somebody_holds_open_for_writing(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.jpg": "content"})
    file = _file(tmp_path)
    (tmp_path / "a.jpg").unlink()
    os.mkfifo(tmp_path / "a.jpg")
    held = os.open(tmp_path / "a.jpg", os.O_RDWR)
    with pytest.raises(FileChangedError, match="no longer a regular file"):
        LocalStore(str(tmp_path)).read(file)
    os.close(held)


def test_a_folder_that_became_a_file(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/a.jpg": "content"})
    file = _file(tmp_path, "a/a.jpg")
    (tmp_path / "a" / "a.jpg").unlink()
    (tmp_path / "a").rmdir()
    (tmp_path / "a").touch()
    with pytest.raises(FileChangedError, match="removed"):
        LocalStore(str(tmp_path)).read(file)


def test_a_write_in_the_middle_of_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same size, and written to after the first look at it."""
    write_tree(tmp_path, {"a.jpg": "content"})
    file = _file(tmp_path)
    real_read = os.read

    def read(descriptor: int, count: int) -> bytes:
        data = real_read(descriptor, count)
        (tmp_path / "a.jpg").write_bytes(b"CONTENT")
        os.utime(tmp_path / "a.jpg", ns=(1, file.modified + 1))
        return data

    monkeypatch.setattr(os, "read", read)
    with pytest.raises(FileChangedError, match="written to"):
        LocalStore(str(tmp_path)).read(file)


def test_reads_that_return_less_than_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path, {"a.jpg": "content"})
    file = _file(tmp_path)
    real_read = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, count: real_read(descriptor, min(count, 2)))
    assert LocalStore(str(tmp_path)).read(file) == b"content"
    # Neither is more read as if it were all, nor less.
    for content in (b"longer than before", b"cut"):
        _rewrite(tmp_path / "a.jpg", content)
        with pytest.raises(FileChangedError, match="written to"):
            LocalStore(str(tmp_path)).read(file)


def test_errors_say_what_the_system_says(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with pytest.raises(OSError, match="Too many levels") as raised:
        LocalStore(str(tmp_path)).read(ImageFile("loop.jpg", "a", 0, 0))
    assert raised.value.strerror == "Too many levels of symbolic links"


def test_many_threads_read_at_a_time_and_leave_nothing_open(tmp_path: Path) -> None:
    write_tree(tmp_path, {f"{number}.jpg": f"{number}" for number in range(50)})
    store = LocalStore(str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    read: list[bytes] = []

    def work() -> None:
        for number in range(50):
            read.append(store.read(_file(tmp_path, f"{number}.jpg")))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read) == sorted([f"{number}".encode() for number in range(50)] * 4)
    with pytest.raises(FileChangedError):
        store.read(ImageFile("1.jpg", "a", 99, 0))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_store_goes_to_another_process(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.jpg": "content"})
    store = pickle.loads(pickle.dumps(LocalStore(str(tmp_path))))
    assert store.read(_file(tmp_path)) == b"content"
