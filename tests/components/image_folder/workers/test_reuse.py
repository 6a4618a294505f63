"""What is taken over from an earlier ingest, of manifests and shards made up for the purpose."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.image_folder.files.listing import ImageFile, Listing
from components.image_folder.records.artifact_files import manifest_path, shard_path
from components.image_folder.records.manifest import Entry, Record, write_manifest
from components.image_folder.records.record_file import RecordWriter
from components.image_folder.settings import DataSettings
from components.image_folder.workers.reuse import (
    EarlierIngest,
    IngestKey,
    Reusable,
    earlier_ingest,
    mark_whole,
)
from components.image_folder.workers.work_units import WorkUnit

LISTING = Listing("/images", "class_folders", (), (), ("a",), (), ("train", "eval"))
KEY = IngestKey("/images", "{}", "code", "model")


def _key(listing: Listing = LISTING, code: str = "code", model: str = "model", **settings: Any) -> IngestKey:
    return IngestKey.of(listing, DataSettings.model_validate(settings), code, model)


@pytest.mark.parametrize(
    "settings",
    [
        {"images": "/elsewhere"},
        {"span": 3},
        {"window": 2},
        {"near_duplicates": {"max_distance": 3}},
        {"max_set_aside": 0.5},
        {"schema_file": "schema.pbtxt"},
    ],
)
def test_settings_that_touch_no_record(settings: dict[str, Any]) -> None:
    assert _key(**settings) == _key()


@pytest.mark.parametrize(
    "settings",
    [
        {"layout": "sidecar"},
        {"labels": {"strip_prefix": "x"}},
        {"splits": {"train": 0.7, "eval": 0.2}},
        {"verify": False},
        {"limits": {"max_pixels": 7}},
        {"odd": {"dark": 7}},
        {"policies": {"alpha": "drop"}},
        {"listing": replace(LISTING, root="/other")},
        {"listing": replace(LISTING, open_splits=("train",))},
        {"code": "other"},
        {"model": "other"},
    ],
)
def test_what_a_record_depends_on(settings: dict[str, Any]) -> None:
    assert _key(**settings) != _key()


def _whole(folder: Path, name: str, key: IngestKey = KEY) -> Path:
    write_manifest(manifest_path(folder / name, 0), [])
    mark_whole(folder / name, key, f"fingerprint {name}", f"attempt {name}")
    return folder / name


def test_the_newest_whole_ingest_with_the_same_key_is_taken(tmp_path: Path) -> None:
    assert earlier_ingest([], KEY) is None
    for older in ("1", "9"):
        _whole(tmp_path, older)
    ten = _whole(tmp_path, "10")
    _whole(tmp_path, "11", replace(KEY, code="other"))
    (_whole(tmp_path, "12") / "ingest.json").unlink()
    (_whole(tmp_path, "13") / "ingest.json").write_bytes(b'{"key"')
    (_whole(tmp_path, "14") / "ingest.json").write_bytes(b"{}")
    manifest_path(_whole(tmp_path, "15"), 0).write_bytes(b"[]\n")
    manifest_path(_whole(tmp_path, "16"), 0).unlink()
    _whole(tmp_path, "latest")
    found = EarlierIngest(ten, "fingerprint 10", 1, "attempt 10", ())
    assert earlier_ingest(tmp_path.iterdir(), KEY) == found


def test_a_half_written_mark_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the last step, whatever the state of what was written until then."""

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    (tmp_path / "1" / "manifest").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        mark_whole(tmp_path / "1", KEY, "fingerprint")
    assert earlier_ingest(tmp_path.iterdir(), KEY) is None


def test_files_that_could_not_be_read_are_noted(tmp_path: Path) -> None:
    findings = {
        "a/1": (("alpha", "transparency"), ("unreadable", "permission denied")),
        "a/3": (("corrupt", 'it says "changed"'),),
        "a/2": (("changed", "written to"),),
        "a/4": (),
    }
    entries = [Entry(path, "a", 1, 0, None, 0, findings=found) for path, found in findings.items()]
    for unit in range(2):
        write_manifest(manifest_path(tmp_path / "1", unit), entries[2 * unit : 2 * unit + 2])
    mark_whole(tmp_path / "1", KEY, "fingerprint")
    earlier = earlier_ingest(tmp_path.iterdir(), KEY)
    assert earlier is not None
    assert (earlier.units, earlier.unread) == (2, ("a/1", "a/2"))


FILE = ImageFile("a/1", "a", 5, 17, "test")
FRAMED = b"data of the record"


@pytest.fixture
def earlier(tmp_path: Path) -> EarlierIngest:
    """One unit: an image that was used, and others that were not, for every reason there is."""
    used = Entry("a/1", "a", 5, 17, "test", 0, split="test")
    with RecordWriter(shard_path(tmp_path, "test", WorkUnit(0, 1, ()).name)) as writer:
        writer.write((b"another record",))
        entries = [
            used.with_record(Record("test", *writer.write((FRAMED,)))),
            used._replace(path="a/corrupt", split=None, findings=(("corrupt", "cut"),)),
            used._replace(path="a/unreadable", split=None, findings=(("unreadable", "no permission"),)),
            used._replace(path="a/changed", split=None, findings=(("alpha", ""), ("changed", "gone"))),
            used._replace(path="a/copy"),
            used._replace(path="a/no-shard", split="train", record=Record("train", 0, 20)),
        ]
    write_manifest(manifest_path(tmp_path, 0), entries)
    return EarlierIngest(tmp_path, "", 1, "", ())


def _looked_up(
    file: ImageFile, earlier: EarlierIngest | None, label_id: int = 0
) -> tuple[Entry, bytes] | None:
    with Reusable(WorkUnit(0, 1, (file,)), earlier) as reusable:
        return reusable.look_up(file, label_id)


def test_the_record_of_an_unchanged_file_is_taken_over(earlier: EarlierIngest) -> None:
    found = _looked_up(FILE, earlier)
    assert found is not None
    assert found[0].path == "a/1"
    assert found[1][12:-4] == FRAMED
    assert _looked_up(FILE, None) is None


@pytest.mark.parametrize(
    "change", [{"path": "a/new"}, {"label": "b"}, {"size": 6}, {"modified": 18}, {"split": None}]
)
def test_nothing_is_known_of_a_changed_file(earlier: EarlierIngest, change: dict[str, Any]) -> None:
    assert _looked_up(FILE._replace(**change), earlier) is None


def test_nothing_is_known_under_another_label_id(earlier: EarlierIngest) -> None:
    assert _looked_up(FILE, earlier, label_id=1) is None


def test_what_cannot_be_used_is_known_unless_it_could_not_be_read(earlier: EarlierIngest) -> None:
    found = _looked_up(FILE._replace(path="a/corrupt"), earlier)
    assert found is not None
    assert (found[0].findings, found[1]) == ((("corrupt", "cut"),), b"")
    for path in ("a/unreadable", "a/changed", "a/copy", "a/no-shard"):
        assert _looked_up(FILE._replace(path=path), earlier) is None, path


def test_a_damaged_record_is_not_taken_over(earlier: EarlierIngest) -> None:
    (shard,) = (earlier.examples_dir / "Split-test").iterdir()
    shard.write_bytes(shard.read_bytes().replace(b"data of", b"DATA of"))
    assert _looked_up(FILE, earlier) is None


def test_only_the_files_of_the_unit_are_kept_in_mind_and_nothing_stays_open(earlier: EarlierIngest) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with Reusable(WorkUnit(0, 1, (FILE,)), earlier) as reusable:
        assert len(os.listdir("/proc/self/fd")) == before + 1  # noqa: PTH208
        assert reusable.look_up(FILE._replace(path="a/corrupt"), 0) is None
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_only_the_units_that_overlap_are_read(earlier: EarlierIngest) -> None:
    """The earlier ingest had two units; the second one's manifest is not even there."""
    (earlier.examples_dir / "Split-test" / "images-00000-of-00001.tfrecord").rename(
        shard_path(earlier.examples_dir, "test", WorkUnit(0, 2, ()).name)
    )
    with Reusable(WorkUnit(0, 2, (FILE,)), replace(earlier, units=2)) as reusable:
        assert reusable.look_up(FILE, 0) is not None
