from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.contract import ConfigError, DataError
from components.image_folder.files.listing import fingerprint
from tests.listings import listed, write_tree


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "images", ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg"])


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"There is no folder {tmp_path}/none. Give the folder"):
        listed(tmp_path / "none")
    (tmp_path / "file.jpg").touch()
    with pytest.raises(ConfigError, match="There is no folder"):
        listed(tmp_path / "file.jpg" / "x")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ConfigError, match="pipe.csv is a pipe"):
        listed(tmp_path / "pipe.csv")
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        listed(tmp_path / ("x" * 300))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match="loop cannot be read: .*Too many levels"):
        listed(tmp_path / "loop")


def test_class_folders_one_level_further_down(tmp_path: Path) -> None:
    images = write_tree(tmp_path / "images", ["all/cat/1.jpg", "all/dog/1.jpg"])
    with pytest.raises(
        DataError, match=f"one class only, 'all'.* are the classes, give {images}/all instead"
    ):
        listed(images)
    assert listed(images / "all").labels == ("cat", "dog")
    splits = write_tree(tmp_path / "splits", [f"all/{name}/cat/1.jpg" for name in ("train", "val")])
    with pytest.raises(DataError, match=f"give {splits}/all instead"):
        listed(splits)
    for number, files in enumerate((["all/cat/1.jpg"], ["all/cat/1.jpg", "all/dog/1.jpg", "all/1.jpg"])):
        with pytest.raises(DataError, match="needs at least two.$"):
            listed(write_tree(tmp_path / str(number), files))


def test_findings_and_files_are_sorted(images: Path) -> None:
    write_tree(images, ["dog/b.txt", "Dog/1.jpg", "a.txt", "dog/.x", "cat/a/z.txt", "cat/z.txt"])
    listing = listed(images)
    assert [finding.file for finding in listing.findings] == sorted(
        finding.file for finding in listing.findings
    )
    assert [finding.kind for finding in listing.findings if finding.file == "dog/"] == ["class_name_clash"]
    assert [file.path for file in listing.files] == sorted(file.path for file in listing.files)


def test_fingerprint_follows_every_change(images: Path) -> None:
    seen = {fingerprint(listed(images))}
    assert fingerprint(listed(images)) in seen

    def changed() -> bool:
        value = fingerprint(listed(images))
        new = value not in seen
        seen.add(value)
        return new

    facts = (images / "cat" / "1.jpg").stat()
    os.utime(images / "cat" / "1.jpg", ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert changed()
    # It stays the first of the files.
    (images / "cat" / "1.jpg").rename(images / "cat" / "1.jpeg")
    assert changed()
    (images / "cat" / "1.jpeg").rename(images / "dog" / "renamed.jpg")
    assert changed()
    (images / "dog" / "1.jpg").unlink()
    assert changed()


def test_fingerprint_follows_labels_and_splits(tmp_path: Path) -> None:
    """The files stay as they are; what is said about them changes."""
    write_tree(tmp_path, ["1.jpg", "2.jpg", "3.jpg"])
    seen = set()
    rows = (
        "a,train b,val b,test",
        "a,train b,test b,val",
        "a,train a,val b,test",
        "a, b, b,",
        # The same splits are given in these two, but others are open.
        "a,train b,val b,val",
        "a, b,val b,val",
    )
    for row in rows:
        lines = [f"{number}.jpg,{pair}" for number, pair in enumerate(row.split(), 1)]
        (tmp_path / "m.csv").write_text("path,label,split\n" + "\n".join(lines))
        seen.add(fingerprint(listed(tmp_path / "m.csv")))
    (tmp_path / "labels.txt").write_text("b\na\n")
    seen.add(fingerprint(listed(tmp_path / "m.csv", labels={"file": str(tmp_path / "labels.txt")})))
    assert len(seen) == len(rows) + 1
