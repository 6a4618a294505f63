from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import DataError
from components.image_folder.duplicate_rule import judge_duplicates
from components.image_folder.ingest_report import IngestReport, SetAside, require_usable, summarize
from components.image_folder.manifest import Entry


def _report(**changes: object) -> IngestReport:
    values: dict[str, object] = {
        "found": 100,
        "accepted": 98,
        "duplicates": 0,
        "set_aside": (SetAside("cat/1.jpg", "the file is empty"), SetAside("dog/2.jpg", "not an image")),
        "labels": ("cat", "dog"),
        "counts": {
            "train": {"cat": 40, "dog": 40},
            "eval": {"cat": 5, "dog": 5},
            "test": {"cat": 4, "dog": 4},
        },
    }
    return IngestReport(**{**values, **changes})  # type: ignore[arg-type]


def test_a_few_unusable_files_are_no_obstacle() -> None:
    require_usable(_report(), max_set_aside=0.02)


def test_too_many_are() -> None:
    with pytest.raises(
        DataError, match=r"2 of 100 files \(2.0%\).*allows 1.0%.*cat/1.jpg: the file is empty"
    ):
        require_usable(_report(), max_set_aside=0.01)


def test_a_class_without_a_usable_image_is_named() -> None:
    counts = {split: {"cat": 5, "dog": 0} for split in ("train", "eval", "test")}
    with pytest.raises(DataError, match=r"'dog' holds no usable image. \(dog/2.jpg: not an image"):
        require_usable(_report(counts=counts), max_set_aside=0.5)


def test_an_empty_split_is_named() -> None:
    counts = {"train": {"cat": 5, "dog": 5}, "eval": {"cat": 0, "dog": 0}, "test": {"cat": 1, "dog": 1}}
    with pytest.raises(DataError, match="eval split is empty"):
        require_usable(_report(counts=counts), max_set_aside=0.5)


def test_names_that_are_not_utf8_are_reported_too(tmp_path: Path) -> None:
    name = b"cat/caf\xe9.jpg".decode("utf-8", "surrogateescape")
    report = summarize([Entry(name, "cat", reason="the file is empty")], judge_duplicates([]), ("cat",))
    assert report.set_aside == (SetAside("cat/caf\\xe9.jpg", "the file is empty"),)
    report.write(tmp_path / "r.json")
    assert IngestReport.read(tmp_path / "r.json") == report


def test_reads_back(tmp_path: Path) -> None:
    _report().write(tmp_path / "r.json")
    assert IngestReport.read(tmp_path / "r.json") == _report()
