from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.contract import ConfigError, DataError
from components.image_folder.folder_scan import ImageFile, fingerprint, labels_of, scan_folder
from tests.image_files import write_folder


def test_lists_images_at_any_depth_sorted(tmp_path: Path) -> None:
    write_folder(tmp_path, {"b": 1, "a": 2})
    (tmp_path / "a" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "er" / "x.JPG").write_bytes(b"1234")
    files = scan_folder(tmp_path)
    assert [file.path for file in files] == ["a/0000.jpeg", "a/0001.png", "a/deep/er/x.JPG", "b/0000.jpeg"]
    assert [file.label for file in files] == ["a", "a", "a", "b"]
    assert files[2].size == 4
    assert labels_of(files) == ["a", "b"]


def test_passes_hidden_and_other_files_over(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": 1, "b": 1})
    (tmp_path / ".git").mkdir()
    (tmp_path / "readme.jpg").touch()
    (tmp_path / "a" / ".DS_Store").touch()
    (tmp_path / "a" / ".thumb.jpg").touch()
    (tmp_path / "a" / "notes.txt").touch()
    (tmp_path / "a" / ".cache").mkdir()
    (tmp_path / "a" / ".cache" / "x.jpg").touch()
    assert [file.path for file in scan_folder(tmp_path)] == ["a/0000.jpeg", "b/0000.jpeg"]


def test_lists_a_dangling_link_so_that_it_can_be_set_aside(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": 1, "b": 1})
    (tmp_path / "a" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert ImageFile("a/gone.jpg", "a", 0, 0) in scan_folder(tmp_path)


@pytest.mark.parametrize(
    ("classes", "error", "words"),
    [
        ({}, DataError, "no class folders"),
        ({"cat": 3}, DataError, "one class only, 'cat'"),
        ({"cat": 3, "dog": 0}, DataError, "class folder 'dog'"),
        ({"train": 1, "val": 1}, DataError, "split folders"),
    ],
)
def test_refuses_folders_that_cannot_be_classified(
    tmp_path: Path, classes: dict[str, int], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        scan_folder(write_folder(tmp_path, classes))


@pytest.mark.parametrize("name", [b"two\nlines", b"caf\xe9"])
def test_refuses_class_names_that_fit_no_label_file(tmp_path: Path, name: bytes) -> None:
    write_folder(tmp_path, {"cat": 1, os.fsdecode(name): 1})
    with pytest.raises(DataError, match="characters in its name"):
        scan_folder(tmp_path)


def test_refuses_what_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no folder"):
        scan_folder(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file"):
        scan_folder(tmp_path / "file")


def test_fingerprint_follows_every_change(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": 2, "b": 1})
    seen = {fingerprint(scan_folder(tmp_path))}
    assert fingerprint(scan_folder(tmp_path)) in seen

    def changed() -> bool:
        value = fingerprint(scan_folder(tmp_path))
        new = value not in seen
        seen.add(value)
        return new

    facts = (tmp_path / "a" / "0000.jpeg").stat()
    os.utime(tmp_path / "a" / "0000.jpeg", ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert changed()
    (tmp_path / "a" / "0000.jpeg").rename(tmp_path / "a" / "renamed.jpeg")
    assert changed()
    (tmp_path / "a" / "renamed.jpeg").rename(tmp_path / "b" / "renamed.jpeg")
    assert changed()
    (tmp_path / "b" / "0000.jpeg").unlink()
    assert changed()
