"""Ingest as a whole, in process: every accepted image once, the same bytes every time, little done twice."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import artifact, standard_artifacts

from components.contract import (
    DATA_REPORT_FILE,
    IMAGE_ENCODED,
    IMAGE_FILENAME,
    IMAGE_FORMAT,
    IMAGE_SHA256,
    LABELS_FILE,
    DataError,
)
from components.image_folder.component import ImageDataReport
from components.image_folder.data_report import DataReport
from components.image_folder.driver import ATTEMPT, FINGERPRINT, LABELS
from components.image_folder.executor import Executor, ingest
from components.image_folder.files.list_images import list_images
from components.image_folder.files.listing import ImageFile, fingerprint
from components.image_folder.folder_check import check_folder
from components.image_folder.inspection.examination import Examiner
from components.image_folder.settings import DataSettings
from components.image_folder.splits.split_counts import read_split_counts
from components.image_folder.workers import work_units
from components.image_folder.workers.content_fingerprint import attempt_at
from components.image_folder.workers.reuse import EarlierIngest, IngestKey, earlier_ingest, mark_whole
from components.image_folder.workers.unit_dealers import InThisProcess
from tests import hazard_images as hazards
from tests.image_files import image_bytes, write_folder


def _settings(images: Path, **changes: object) -> DataSettings:
    return DataSettings.model_validate({"images": str(images), "max_set_aside": 0.2, **changes})


def _ingest(
    images: Path, output: Path, earlier: EarlierIngest | None = None, **changes: object
) -> DataReport:
    settings = _settings(images, **changes)
    listing = list_images(settings)
    report = ingest(listing, settings, listing.labels, output, InThisProcess(), earlier)
    mark_whole(output, IngestKey.of(listing, settings, "code", "model"), fingerprint(listing))
    return report


def _earlier(output: Path, images: Path, **changes: object) -> EarlierIngest | None:
    settings = _settings(images, **changes)
    return earlier_ingest(
        output.parent.iterdir(), IngestKey.of(list_images(settings), settings, "code", "model")
    )


def _examples(output: Path) -> dict[str, tuple[str, tf.train.Example]]:
    """Path → split and record; a path that comes twice fails."""
    found: dict[str, tuple[str, tf.train.Example]] = {}
    for shard in sorted(output.glob("Split-*/*")):
        for record in tf.data.TFRecordDataset(str(shard)).as_numpy_iterator():
            example = tf.train.Example.FromString(record)
            name = _value(example, IMAGE_FILENAME).decode()
            assert name not in found
            found[name] = shard.parent.name.removeprefix("Split-"), example
    return found


def _value(example: tf.train.Example, key: str) -> bytes:
    (value,) = example.features.feature[key].bytes_list.value
    return bytes(value)


def _same_files(one: Path, other: Path) -> int:
    """Fails unless both folders hold the same bytes; says in how many files."""
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    for path in files:
        assert (one / path).read_bytes() == (other / path).read_bytes(), path
    return len(files)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """100 images for several work units; copies, a conflict, near-duplicates and broken files among them."""
    monkeypatch.setattr(work_units, "MAX_UNIT_FILES", 16)
    root = write_folder(tmp_path / "images", {"a": 50, "b": 50})
    (root / "a" / "0000-copy.jpeg").write_bytes((root / "a" / "0000.jpeg").read_bytes())
    (root / "a" / "deep").mkdir()
    (root / "a" / "deep" / "copy.jpeg").write_bytes((root / "a" / "0000.jpeg").read_bytes())
    (root / "b" / "conflict.png").write_bytes((root / "a" / "0001.png").read_bytes())
    (root / "b" / "empty.png").touch()
    for number, data in enumerate((hazards.jpeg(7), *hazards.near_duplicates(7).values())):
        (root / "a" / f"near{number}.jpg").write_bytes(data)
    return root


def test_every_accepted_image_is_written_once(images: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "1"
    report = _ingest(images, output)
    examples = _examples(output)
    assert (report.found, report.accepted, report.duplicates, report.set_aside) == (108, 103, 2, 3)
    assert len(examples) == 103
    # The first path in sorted order stays of several copies; of a conflict none.
    assert {"a/0000-copy.jpeg", "a/0000.jpeg", "a/deep/copy.jpeg"} & set(examples) == {"a/0000-copy.jpeg"}
    assert not {"a/0001.png", "b/conflict.png", "b/empty.png"} & set(examples)
    for name, (_, example) in examples.items():
        assert _value(example, IMAGE_ENCODED) == (images / name).read_bytes()
    assert (output / LABELS_FILE).read_text() == "a\nb\n"
    assert len(list((output / "Split-train").iterdir())) == 8
    assert read_split_counts(output) == report.counts
    for split, by_label in report.counts.items():
        for label, count in by_label.items():
            assert count == sum(
                where == split and name.startswith(label) for name, (where, _) in examples.items()
            )


def test_near_duplicates_end_up_on_one_side_of_the_split(images: Path, tmp_path: Path) -> None:
    """Their own contents say otherwise; without the move this would be chance."""
    _ingest(images, tmp_path / "out" / "1", near_duplicates={"max_group": 2})
    apart = {split for name, (split, _) in _examples(tmp_path / "out" / "1").items() if "near" in name}
    report = _ingest(images, tmp_path / "out" / "2")
    together = {split for name, (split, _) in _examples(tmp_path / "out" / "2").items() if "near" in name}
    assert len(apart) > 1
    assert len(together) == 1
    assert report.findings["near_duplicate"] == 4


def test_a_check_of_the_folder_tells_what_ingest_tells(images: Path, tmp_path: Path) -> None:
    settings = _settings(images)
    listing = list_images(settings)
    assert check_folder(listing, settings, listing.labels) == _ingest(images, tmp_path / "out" / "1")


def test_the_same_folder_gives_the_same_bytes(images: Path, tmp_path: Path) -> None:
    for output in ("1", "2"):
        _ingest(images, tmp_path / "out" / output)
    assert _same_files(tmp_path / "out" / "1", tmp_path / "out" / "2") > 20


def test_bytes_written_hardly_exceed_bytes_read(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / "images" / label).mkdir(parents=True)
        for seed in range(20):
            data = image_bytes(seed + 100 * (label == "b"), size=(300, 200))
            (tmp_path / "images" / label / f"{seed}.jpg").write_bytes(data)
    _ingest(tmp_path / "images", tmp_path / "out" / "1")
    read, written = (
        sum(path.stat().st_size for path in (tmp_path / folder).rglob(pattern))
        for folder, pattern in (("images", "*.jpg"), ("out", "*.tfrecord"))
    )
    assert read <= written <= 1.02 * read


def test_what_cannot_be_served_as_it_is_is_stored_as_png(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"a": 10, "b": 10})
    (images / "a" / "x.webp").write_bytes(hazards.webp(1))
    (images / "a" / "y.png").write_bytes(hazards.exif_png(6, 2))
    (images / "a" / "z.jpg").write_bytes(hazards.exif_jpeg(6, 3))
    _ingest(images, tmp_path / "out" / "1")
    examples = _examples(tmp_path / "out" / "1")
    for name in ("a/x.webp", "a/y.png"):
        _, example = examples[name]
        stored = _value(example, IMAGE_ENCODED)
        assert stored.startswith(b"\x89PNG")
        assert stored != (images / name).read_bytes()
        assert _value(example, IMAGE_FORMAT) == b"PNG"
        assert _value(example, IMAGE_SHA256).decode() == hashlib.sha256(stored).hexdigest()
    # A JPEG's own orientation is applied where it is decoded.
    assert _value(examples["a/z.jpg"][1], IMAGE_ENCODED) == (images / "a" / "z.jpg").read_bytes()


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files that are really read, as they are."""
    paths: list[str] = []
    read = Examiner.read

    def noted(self: Examiner, file: ImageFile, label_id: int) -> object:
        paths.append(file.path)
        return read(self, file, label_id)

    monkeypatch.setattr(Examiner, "read", noted)
    return paths


def test_a_later_ingest_reads_only_what_has_changed(
    images: Path, tmp_path: Path, looked_at: list[str]
) -> None:
    out = tmp_path / "out"
    _ingest(images, out / "1")
    looked_at.clear()
    (images / "a" / "0002.jpeg").write_bytes(image_bytes(900))  # changed
    (images / "a" / "0004.jpeg").unlink()  # gone
    (images / "b" / "0006.jpeg").rename(images / "a" / "moved.jpeg")  # labelled anew
    (images / "b" / "new.png").write_bytes(image_bytes(901, "PNG"))  # new
    (images / "a" / "0000-copy.jpeg").unlink()  # another copy takes its place
    incremental = _ingest(images, out / "2", _earlier(out / "2", images))
    changed = {"a/0002.jpeg", "a/moved.jpeg", "b/new.png"}
    left_out_before = {"a/0000.jpeg", "a/deep/copy.jpeg", "a/0001.png", "b/conflict.png"}
    assert set(looked_at) == changed | left_out_before
    looked_at.clear()
    anew = _ingest(images, out / "3")
    assert len(looked_at) == anew.found == 107
    assert incremental == anew
    _same_files(out / "2", out / "3")


def test_more_or_fewer_units_than_before_are_no_obstacle(
    images: Path, tmp_path: Path, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    _ingest(images, out / "1")
    for number, limit in enumerate((4, 64), 2):
        monkeypatch.setattr(work_units, "MAX_UNIT_FILES", limit)
        looked_at.clear()
        _ingest(images, out / str(number), _earlier(out / "1", images))
        assert len(looked_at) == 4  # those that were left out for the sake of others
        _ingest(images, out / f"{number}0")
        _same_files(out / str(number), out / f"{number}0")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda out: (out / "ingest.json").unlink(),
        lambda out: (out / "ingest.json").write_text("{"),
        lambda out: [path.unlink() for path in out.glob("Split-*/*")],
        lambda out: [path.write_bytes(path.read_bytes()[:-7]) for path in out.glob("Split-*/*")],
        lambda out: [_flip_a_byte(path) for path in out.glob("Split-*/*")],
    ],
    ids=["no mark", "half a mark", "no shards", "cut shards", "damaged shards"],
)
def test_what_is_not_whole_is_not_taken_over(images: Path, tmp_path: Path, spoil: object) -> None:
    out = tmp_path / "out"
    _ingest(images, out / "1")
    spoil(out / "1")  # type: ignore[operator]
    _ingest(images, out / "2", _earlier(out / "2", images))
    _ingest(images, out / "3")
    _same_files(out / "2", out / "3")


def _flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_another_setting_or_other_code_looks_at_everything_again(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _ingest(images, out / "1")
    assert _earlier(out / "1", images) is not None
    assert _earlier(out / "1", images, max_set_aside=0.5) is not None
    assert _earlier(out / "1", images, odd={"blurry": 3}) is None
    assert _earlier(out / "1", images, policies={"grayscale": "drop"}) is None
    settings = _settings(images)
    other_code = IngestKey.of(list_images(settings), settings, "other code", "model")
    assert earlier_ingest(out.iterdir(), other_code) is None


def _executed(images: Path, output: Path, known_as: str) -> list[artifact.Artifact]:
    settings = _settings(images)
    examples, data_report = standard_artifacts.Examples(), ImageDataReport()
    examples.uri, data_report.uri = str(output), str(output) + "-report"
    Path(data_report.uri).mkdir(parents=True, exist_ok=True)
    output.mkdir(parents=True, exist_ok=True)
    properties = {
        "settings": settings.model_dump_json(),
        "code": "code",
        "model_dir": "model",
        ATTEMPT: "",
        LABELS: '["a", "b"]',
        FINGERPRINT: known_as,
    }
    Executor().Do({}, {"examples": [examples], "data_report": [data_report]}, properties)
    return [examples, data_report]


def test_files_that_change_while_the_run_starts_are_noticed(images: Path, tmp_path: Path) -> None:
    """The cache would file this result under the folder as it was a moment before."""
    known_as = fingerprint(list_images(_settings(images)))
    examples, data_report = _executed(images, tmp_path / "out" / "1", known_as)
    assert examples.split_names == '["train", "eval", "test"]'
    assert DataReport.read(Path(data_report.uri) / DATA_REPORT_FILE).accepted == 103
    (images / "a" / "late.png").write_bytes(image_bytes(77, "PNG"))
    with pytest.raises(DataError, match="changed while the run was starting"):
        _executed(images, tmp_path / "out" / "2", known_as)


def test_files_that_were_only_touched_count_as_unchanged(images: Path, tmp_path: Path) -> None:
    known_as = fingerprint(list_images(_settings(images)))
    _executed(images, tmp_path / "out" / "1", known_as)
    copied = tmp_path / "copied"
    shutil.copytree(images, copied)
    shutil.rmtree(images)
    copied.rename(images)
    for path in images.rglob("*.png"):
        os.utime(path, (1, 1))
    assert fingerprint(list_images(_settings(images))) != known_as
    _executed(images, tmp_path / "out" / "2", known_as)


def test_a_file_that_can_be_read_again_is_another_attempt(images: Path, tmp_path: Path) -> None:
    """Neither its size nor its time has changed; without this it would stay out for ever."""
    settings = _settings(images, policies={"changed": "drop"})
    listing = list_images(settings)
    hidden = images / "a" / "0002.jpeg"
    hidden.rename(tmp_path / "hidden")
    ingest(listing, settings, listing.labels, tmp_path / "out" / "1", InThisProcess())
    key = IngestKey.of(listing, settings, "code", "model")
    mark_whole(tmp_path / "out" / "1", key, fingerprint(listing), "before")
    earlier = earlier_ingest((tmp_path / "out").iterdir(), key)
    assert earlier is not None
    assert earlier.unread == ("a/0002.jpeg",)
    assert attempt_at(listing, earlier) == "before"
    assert attempt_at(listing, None) == ""
    (tmp_path / "hidden").rename(hidden)
    assert attempt_at(listing, earlier) not in ("", "before")
