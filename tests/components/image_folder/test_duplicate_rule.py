from __future__ import annotations

from components.image_folder.duplicate_rule import judge_duplicates
from components.image_folder.ingest_report import summarize
from components.image_folder.manifest import Entry, read_manifest, write_manifest

ENTRIES = [
    Entry("cat/2.jpg", "cat", "aa", "train"),
    Entry("cat/1.jpg", "cat", "aa", "train"),
    Entry("cat/3.jpg", "cat", "bb", "eval"),
    Entry("dog/1.jpg", "dog", "cc", "test"),
    Entry("dog/2.jpg", "dog", "bb", "eval"),
    Entry("dog/3.jpg", "dog", None, None, "the file is empty"),
    Entry("dog/4.jpg", "dog", "dd", None, "truncated"),
    Entry("dog/5.jpg", "dog", "dd", None, "truncated"),
]


def test_the_first_path_of_the_same_image_stays() -> None:
    assert judge_duplicates(ENTRIES).copies == {"cat/2.jpg"}


def test_same_bytes_under_two_labels_stay_under_neither() -> None:
    conflicts = judge_duplicates(ENTRIES).conflicts
    assert conflicts.keys() == {"cat/3.jpg", "dog/2.jpg"}
    assert "'dog' too, as dog/2.jpg" in conflicts["cat/3.jpg"]


def test_every_file_is_counted_once() -> None:
    report = summarize(ENTRIES, judge_duplicates(ENTRIES), ("cat", "dog"))
    assert (report.found, report.accepted, report.duplicates, len(report.set_aside)) == (8, 2, 1, 5)
    assert report.counts == {
        "train": {"cat": 1, "dog": 0},
        "eval": {"cat": 0, "dog": 0},
        "test": {"cat": 0, "dog": 1},
    }


def test_manifest_reads_back(tmp_path) -> None:
    write_manifest(tmp_path / "new" / "m.jsonl", ENTRIES)
    assert read_manifest(tmp_path / "new" / "m.jsonl") == ENTRIES
