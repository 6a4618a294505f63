"""What of an earlier ingest may be taken over, file by file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.image_folder.artifact_files import manifest_path, shard_path
from components.image_folder.listing import ImageFile, Listing
from components.image_folder.manifest import Entry, Record, write_manifest
from components.image_folder.record_file import RecordWriter
from components.image_folder.reuse import EarlierIngest, IngestKey, Reusable, earlier_ingest, mark_whole
from components.image_folder.settings import DataSettings
from components.image_folder.work_units import WorkUnit

FILE = ImageFile("a/1.jpg", "a", 9, 77, "train")
KEY = IngestKey("/photos", "settings", "code", "model")


def _earlier(folder: Path, **changed: Any) -> EarlierIngest:
    """An ingest of one unit with one image."""
    with RecordWriter(shard_path(folder, "train", WorkUnit(0, 1, ()).name)) as writer:
        writer.write((b"before it",))
        record = Record("train", *writer.write((b"image",)))
    entry = Entry("a/1.jpg", "a", 9, 77, "train", 3, split="train", record=record)._replace(**changed)
    write_manifest(manifest_path(folder, 0), [entry])
    return EarlierIngest(folder, "", 1, "", ())


def _look_up(earlier: EarlierIngest | None, file: ImageFile = FILE, label_id: int = 3) -> Any:
    with Reusable(WorkUnit(0, 1, (file,)), earlier) as reusable:
        return reusable.look_up(file, label_id)


def test_a_file_as_it_was_is_taken_over(tmp_path: Path) -> None:
    entry, framed = _look_up(_earlier(tmp_path))
    assert (entry.path, entry.record.offset) == ("a/1.jpg", 25)
    assert framed[12:-4] == b"image"


@pytest.mark.parametrize(
    "file",
    [
        FILE._replace(path="a/2.jpg"),
        FILE._replace(label="b"),
        FILE._replace(size=8),
        FILE._replace(modified=78),
        FILE._replace(split=None),
    ],
)
def test_a_file_that_has_changed_is_not(file: ImageFile, tmp_path: Path) -> None:
    assert _look_up(_earlier(tmp_path), file) is None


def test_nothing_is_known_under_another_label_id_nor_without_an_earlier_ingest(tmp_path: Path) -> None:
    assert _look_up(_earlier(tmp_path), label_id=4) is None
    assert _look_up(None) is None


@pytest.mark.parametrize(
    ("kind", "known"),
    [("corrupt", True), ("too_many_bytes", True), ("unreadable", False), ("changed", False)],
)
def test_a_file_that_could_not_be_used_is_known_unless_it_may_be_read_now(
    kind: str, known: bool, tmp_path: Path
) -> None:
    found = _look_up(_earlier(tmp_path, split=None, record=None, findings=((kind, "why"),)))
    assert (found is not None) == known
    if known:
        assert found[1] == b""


def test_an_image_that_was_left_out_for_another_is_looked_at_again(tmp_path: Path) -> None:
    assert _look_up(_earlier(tmp_path, record=None)) is None


def test_a_record_that_is_damaged_or_gone_is_not_taken_over(tmp_path: Path) -> None:
    earlier = _earlier(tmp_path)
    shard = shard_path(tmp_path, "train", WorkUnit(0, 1, ()).name)
    data = bytearray(shard.read_bytes())
    data[-6] ^= 1
    shard.write_bytes(data)
    assert _look_up(earlier) is None
    shard.unlink()
    assert _look_up(earlier) is None


def test_the_newest_whole_one_with_the_same_key_counts(tmp_path: Path) -> None:
    for number in (1, 9, 10, 11, 12):
        folder = tmp_path / str(number)
        _earlier(folder, findings=(("changed", "why"), ("grayscale", "gray")))
        if number != 12:  # killed before it was whole
            mark_whole(folder, KEY if number != 11 else replace(KEY, code="other"), f"print {number}", "try")
    (tmp_path / "no-number").mkdir()
    found = earlier_ingest(tmp_path.iterdir(), KEY)
    assert found == EarlierIngest(tmp_path / "10", "print 10", 1, "try", ("a/1.jpg",))
    (tmp_path / "10" / "ingest.json").write_text("{")
    again = earlier_ingest(tmp_path.iterdir(), KEY)
    assert again is not None
    assert again.examples_dir.name == "9"


def test_the_key_follows_what_touches_a_record() -> None:
    listing = Listing("/photos", "class_folders", (), [], ("a", "b"), (), ("train", "eval", "test"))

    def key(**settings: Any) -> str:
        return IngestKey.of(listing, DataSettings.model_validate(settings), "code", "model").settings

    assert json.loads(key())
    for several in ({"images": "/x"}, {"near_duplicates": {"max_distance": 3}}, {"max_set_aside": 0.5}):
        assert key(**several) == key()
    for single in ({"verify": False}, {"odd": {"dark": 3}}, {"policies": {"cmyk": "drop"}}):
        assert key(**single) != key()
