"""Folders behind a URI: here, folders of this machine, which TensorFlow's file systems treat alike."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import tensorflow as tf

from components.contract import UnreachableError
from components.dataflow import staged_folders
from components.dataflow.staged_folders import collected, copy_file, fetch_folder, shared_copy, store_folder


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


FILES = {"labels.txt": "a\n", "Split-train/0.tfrecord": "1", "Split-train/deep/1.tfrecord": "2"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what is copied."""
    names: list[str] = []

    def copy_and_note(source: str, target: str) -> None:
        names.append(Path(source).name)
        copy_file(source, target)

    monkeypatch.setattr(staged_folders, "copy_file", copy_and_note)
    return names


def test_a_folder_goes_there_and_back(tmp_path: Path, store: Path) -> None:
    store_folder(write(tmp_path / "a", FILES), str(store / "x"))
    write(tmp_path / "b", {"labels.txt": "older", "kept": "k"})
    fetch_folder(str(store / "x"), tmp_path / "b")
    assert contents(tmp_path / "b") == {**FILES, "kept": "k"}


def test_what_is_there_already_is_not_copied_again(tmp_path: Path, store: Path, copied: list[str]) -> None:
    artifact = write(tmp_path / "artifact", FILES)
    copy = shared_copy(artifact, str(store))
    assert contents(Path(copy)) == FILES
    assert len(copied) == 3
    assert shared_copy(artifact, str(store)) == copy
    assert len(copied) == 3


def test_a_copy_that_was_cut_short_is_completed(tmp_path: Path, store: Path, copied: list[str]) -> None:
    artifact = write(tmp_path / "artifact", FILES)
    copy = Path(shared_copy(artifact, str(store)))
    copied.clear()
    (copy / "labels.txt").unlink()
    (copy / "Split-train/0.tfrecord").write_text("")
    assert shared_copy(artifact, str(store)) == str(copy)
    assert sorted(copied) == ["0.tfrecord", "labels.txt"]
    assert contents(copy) == FILES


@pytest.mark.parametrize("change", ["content", "time", "name", "place"])
def test_another_folder_has_another_copy(tmp_path: Path, store: Path, change: str) -> None:
    artifact = write(tmp_path / "artifact", FILES)
    copy = shared_copy(artifact, str(store))
    labels = artifact / "labels.txt"
    if change == "content":
        labels.write_text("other")
    elif change == "time":
        os.utime(labels, ns=(0, 0))
    elif change == "name":
        labels.rename(artifact / "names.txt")
    else:
        artifact = artifact.rename(tmp_path / "elsewhere")
    other = shared_copy(artifact, str(store))
    assert other != copy
    assert contents(Path(other)) == contents(artifact)
    assert contents(Path(copy)) == FILES


def test_a_copy_that_may_soon_be_removed_is_made_again(
    tmp_path: Path, store: Path, copied: list[str]
) -> None:
    artifact = write(tmp_path / "artifact", FILES)
    copy = Path(shared_copy(artifact, str(store)))
    copied.clear()
    long_ago = time.time() - 25 * 3600
    os.utime(copy / "labels.txt", (long_ago, long_ago))
    shared_copy(artifact, str(store))
    assert copied == ["labels.txt"]
    assert (copy / "labels.txt").stat().st_mtime > time.time() - 3600


def test_a_copy_that_fails_is_told_and_no_more_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = write(tmp_path / "artifact", {f"{number:03}": "" for number in range(300)})
    tried = []

    def refuse(source: str, target: str) -> None:
        tried.append(source)
        raise tf.errors.PermissionDeniedError(None, None, "no right to write\nat all")

    monkeypatch.setattr(staged_folders, "copy_file", refuse)
    with pytest.raises(UnreachableError) as told:
        shared_copy(artifact, str(tmp_path / "store"))
    assert str(told.value) == "Copying between the workspace and the bucket failed: no right to write."
    assert len(tried) < 300


def test_what_cannot_be_removed_changes_nothing(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(uri: str) -> None:
        raise tf.errors.PermissionDeniedError(None, None, "no right to delete")

    monkeypatch.setattr(tf.io.gfile, "rmtree", refuse)
    with collected(str(store), tmp_path / "a") as (uri,):
        write(Path(uri), FILES)
    assert contents(tmp_path / "a") == FILES
    assert "could not be removed: no right to delete" in caplog.text


def test_what_is_written_elsewhere_is_collected(tmp_path: Path, store: Path) -> None:
    with collected(str(store), tmp_path / "a", tmp_path / "b") as (a, b):
        assert a != b
        write(Path(a), FILES)
        write(Path(b), {"BLESSED": ""})
        assert not (tmp_path / "a").exists()
    assert (contents(tmp_path / "a"), contents(tmp_path / "b")) == (FILES, {"BLESSED": ""})
    assert contents(store) == {}


def test_two_at_once_have_nothing_in_common(tmp_path: Path, store: Path) -> None:
    with collected(str(store), tmp_path / "a") as first, collected(str(store), tmp_path / "a") as second:
        assert first != second


def test_nothing_is_collected_of_what_failed(tmp_path: Path, store: Path) -> None:
    with pytest.raises(RuntimeError), collected(str(store), tmp_path / "a") as (uri,):  # noqa: PT012
        write(Path(uri), FILES)
        raise RuntimeError
    assert not (tmp_path / "a").exists()
    assert contents(store) == {}
