"""Where a unit's records lie after images were put elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.image_folder.records.artifact_files import shard_path
from components.image_folder.records.manifest import Entry, Record
from components.image_folder.records.record_file import RecordWriter
from components.image_folder.workers.shard_writing import settle_unit

UNIT = "images-00000-of-00001"
# Path → split; the longer the name, the longer the record.
WRITTEN = {"a": "train", "bb": "train", "unused": None, "ccc": "eval", "dddd": "train", "eeeee": "eval"}


@pytest.fixture
def written(tmp_path: Path) -> list[Entry]:
    entries = []
    writers = {split: RecordWriter(shard_path(tmp_path, split, UNIT)) for split in ("train", "eval")}
    with writers["train"], writers["eval"]:
        for path, split in WRITTEN.items():
            entry = Entry(path, "a", 1, 0, None, 0, split=split)
            if split is not None:
                entry = entry.with_record(Record(split, *writers[split].write((path.encode(),))))
            entries.append(entry)
    return entries


def _held(examples_dir: Path, entries: list[Entry]) -> dict[str, str]:
    """Path → split, as the entries say; fails unless the shards hold just that, in that order."""
    for shard in examples_dir.glob("Split-*/*"):
        assert shard.suffix == ".tfrecord", shard
        length = sum(
            entry.record.length
            for entry in entries
            if entry.record and shard.parent.name[6:] == entry.record.split
        )
        assert shard.stat().st_size == length > 0
    held = {}
    for entry in entries:
        if entry.record is not None:
            data = shard_path(examples_dir, entry.record.split, UNIT).read_bytes()
            framed = data[entry.record.offset : entry.record.offset + entry.record.length]
            assert framed[12:-4].decode() == entry.path
            held[entry.path] = entry.record.split
    return held


@pytest.mark.parametrize(
    "moved",
    [
        {},
        {"a": "eval"},
        {"bb": None},
        {"a": "test", "ccc": "test", "elsewhere": "train"},
        {"a": "eval", "ccc": "train"},
        {"a": "train", "ccc": "eval"},
        {"a": None, "bb": None, "dddd": None},
        {"ccc": "train", "eeeee": "test"},
        dict.fromkeys(WRITTEN),
    ],
    ids=lambda moved: " ".join(f"{path}:{split}" for path, split in moved.items()),
)
def test_images_are_put_elsewhere(tmp_path: Path, written: list[Entry], moved: dict[str, str | None]) -> None:
    before = {path: path.stat().st_ino for path in tmp_path.glob("Split-*/*")}
    settled = settle_unit(UNIT, written, moved, tmp_path)
    assert [entry.path for entry in settled] == list(WRITTEN)
    expected = {path: moved.get(path, split) for path, split in WRITTEN.items()}
    assert _held(tmp_path, settled) == {path: split for path, split in expected.items() if split}
    # Shards that keep all of theirs, and get no more, are left alone.
    for split in ("train", "eval"):
        members = [{path for path, where in each.items() if where == split} for each in (WRITTEN, expected)]
        shard = shard_path(tmp_path, split, UNIT)
        assert (shard.exists() and shard.stat().st_ino == before[shard]) == (members[0] == members[1])


@pytest.mark.parametrize(
    "moved",
    [{"ccc": None, "eeeee": None}, {"a": "eval"}, {"a": "test"}, {"a": "eval", "ccc": "train"}],
    ids=lambda moved: " ".join(f"{path}:{split}" for path, split in moved.items()),
)
def test_settling_can_be_repeated(tmp_path: Path, written: list[Entry], moved: dict[str, str | None]) -> None:
    """A runner may give the same unit to another worker when it does not hear of the first."""
    once = settle_unit(UNIT, written, moved, tmp_path)
    shards = {path: path.read_bytes() for path in tmp_path.glob("Split-*/*")}
    # Whatever the first one left half-written is written anew.
    shard_path(tmp_path, "test", UNIT).parent.mkdir(exist_ok=True)
    for split in {split for split in moved.values() if split}:
        shard_path(tmp_path, split, UNIT).write_bytes(bytes(7))
    assert settle_unit(UNIT, written, moved, tmp_path) == once
    assert {path: path.read_bytes() for path in tmp_path.glob("Split-*/*")} == shards
