"""Listing and reading by URI, on TensorFlow's file system in memory."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import tensorflow as tf

from components.contract import ConfigError, DataError
from components.image_folder.files.gfile_store import GfileStore
from components.image_folder.files.image_store import FileChangedError
from components.image_folder.files.listing import ImageFile, fingerprint
from components.image_folder.files.open_store import open_store
from tests.listings import labelled, listed, splits, told


@pytest.fixture
def bucket(tmp_path: Path) -> str:
    """One of its own for each test; they are small enough to be left in memory."""
    return f"ram://bucket{tmp_path}"


def _write(root: str, files: Mapping[str, str] | list[str]) -> str:
    for name, content in (files if isinstance(files, Mapping) else {name: name for name in files}).items():
        tf.io.gfile.makedirs(f"{root}/{name}".rpartition("/")[0])
        with tf.io.gfile.GFile(f"{root}/{name}", "w") as file:
            file.write(content)
    return root


def test_class_folders(bucket: str) -> None:
    _write(bucket, ["cat/1.jpg", "cat/deep/er/2.jpg", "dog/1.jpg", "dog/.x.jpg", ".git/a", "dog/notes.txt"])
    listing = listed(f"{bucket}/")
    assert (listing.root, listing.layout, listing.labels) == (bucket, "class_folders", ("cat", "dog"))
    assert labelled(listing) == {"cat/1.jpg": "cat", "cat/deep/er/2.jpg": "cat", "dog/1.jpg": "dog"}
    assert set(told(listing)) == {"dog/.x.jpg", ".git/", "dog/notes.txt"}
    store = open_store(listing.root)
    assert isinstance(store, GfileStore)
    assert [store.read(file) for file in listing.files] == [file.path.encode() for file in listing.files]
    assert [file.size for file in listing.files] == [len(file.path) for file in listing.files]
    assert fingerprint(listing) == fingerprint(listed(bucket))


def test_split_folders(bucket: str) -> None:
    _write(bucket, [f"{split}/{label}/1.jpg" for split in ("train", "val") for label in "ab"])
    listing = listed(bucket)
    assert (listing.layout, listing.open_splits) == ("split_folders", ("train", "test"))
    assert splits(listing)["val/a/1.jpg"] == "eval"


def test_sidecars(bucket: str) -> None:
    _write(bucket, {"1.jpg": "", "1.txt": "1.jpg, 1", "2.jpg": "", "2.txt": "0", "label.json": '["a", "b"]'})
    listing = listed(bucket)
    assert (listing.layout, labelled(listing)) == ("sidecar", {"1.jpg": "b", "2.jpg": "a"})


def test_manifests(bucket: str) -> None:
    rows = [
        "x/1.jpg,a",
        f"{bucket}/x/2.jpg,b",
        "x/9.jpg,a",
        "x,b",
        "../out.jpg,a",
        "x/../x/3.jpg,a",
        "x/3.jpg,a",
        "x/4.jpg,b",
    ]
    files = {"set/labels.csv": "path,label\n" + "\n".join(rows), "out.jpg": "outside"}
    _write(bucket, {**files, "set/x/1.jpg": "1", "set/x/3.jpg": "3", "set/x/4.jpg": "4"})
    _write(bucket, {"x/2.jpg": "22"})
    for images in (f"{bucket}/set/labels.csv", f"{bucket}/set"):
        listing = listed(images)
        assert (listing.root, listing.layout) == (f"{bucket}/set", "manifest")
        assert told(listing) == {
            f"{bucket}/x/2.jpg": ("link_outside", "set aside"),
            "x/9.jpg": ("missing_file", "set aside"),
            "x/": ("not_regular_file", "set aside"),
            f"{bucket}/out.jpg": ("link_outside", "set aside"),
        }
        assert labelled(listing) == {"x/1.jpg": "a", "x/3.jpg": "a", "x/4.jpg": "b"}


def test_manifests_of_files_elsewhere(bucket: str) -> None:
    rows = f"path,label\nx/1.jpg,a\n{bucket}/x/2.jpg,b\n"
    _write(bucket, {"set/labels.csv": rows, "set/x/1.jpg": "1", "x/2.jpg": "22"})
    listing = listed(f"{bucket}/set", policies={"link_outside": "keep"})
    assert labelled(listing) == {f"{bucket}/x/2.jpg": "b", "x/1.jpg": "a"}
    assert sorted(open_store(listing.root).read(file) for file in listing.files) == [b"1", b"22"]


def test_spans(bucket: str) -> None:
    _write(bucket, [f"span-{span}/{label}/1.jpg" for span in (1, 2, 10) for label in "ab"])
    listing = listed(f"{bucket}/span-{{SPAN}}", window=2)
    assert (listing.root, listing.spans, len(listing.files)) == (bucket, (2, 10), 4)


def test_what_became_of_a_file(bucket: str) -> None:
    _write(bucket, {"a.jpg": "content"})
    store = pickle.loads(pickle.dumps(open_store(bucket)))
    assert store.read(ImageFile("a.jpg", "a", 7, 0)) == b"content"
    with pytest.raises(FileChangedError, match="written to"):
        store.read(ImageFile("a.jpg", "a", 6, 0))
    with pytest.raises(FileChangedError, match="removed"):
        store.read(ImageFile("b.jpg", "a", 6, 0))
    tf.io.gfile.makedirs(f"{bucket}/folder")
    with pytest.raises(OSError, match="is a directory") as raised:
        store.read(ImageFile("folder", "a", 6, 0))
    assert raised.value.strerror
    # The file system in memory says nothing itself.
    (missing,) = store.look_up(["none"])
    assert isinstance(missing, FileNotFoundError) and missing.strerror == "No such file or directory"


def test_folders_that_are_not_there(bucket: str) -> None:
    with pytest.raises(ConfigError, match=f"There is no folder {bucket}"):
        listed(bucket)
    with pytest.raises(
        ConfigError, match="cannot be read: No such file or directory|cannot be read: Could not find"
    ):
        listed(f"{bucket}/{{SPAN}}")
    with pytest.raises(DataError, match="holds no class folders"):
        listed(_write(bucket, ["1.jpg"]))


def test_file_systems_that_tensorflow_does_not_know(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file system for teleport://, only for .*gs://"):
        listed("teleport://bucket/images")
    # Where tensorflow-io is installed, importing it is what adds file systems.
    (tmp_path / "tensorflow_io.py").write_text("loaded = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="no file system"):
        open_store("teleport://bucket/images")
    assert sys.modules.pop("tensorflow_io").loaded
