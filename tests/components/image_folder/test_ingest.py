"""Ingest as a whole, in process: every accepted image once, the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
from components.image_folder.ingest_report import IngestReport
from tfx.types import standard_artifacts

from components.contract import IMAGE_FILENAME, INGEST_REPORT_FILE, LABELS_FILE, DataError
from components.image_folder import work_units
from components.image_folder.driver import FINGERPRINT, LABELS
from components.image_folder.executor import Executor, ingest
from components.image_folder.list_images import list_images
from components.image_folder.listing import Listing, fingerprint
from components.image_folder.settings import DataSettings
from tests.image_files import image_bytes, write_folder

SETTINGS = DataSettings(max_set_aside=0.2)


def _list(images: Path) -> Listing:
    return list_images(SETTINGS.model_copy(update={"images": str(images)}))


def _ingest(images: Path, output: Path, settings: DataSettings = SETTINGS) -> IngestReport:
    return ingest(images, _list(images).files, settings, ("a", "b"), output, beam.Pipeline)


def _names(output: Path) -> list[str]:
    return [
        tf.train.Example.FromString(record).features.feature[IMAGE_FILENAME].bytes_list.value[0].decode()
        for shard in sorted(output.glob("Split-*/*"))
        for record in tf.data.TFRecordDataset(str(shard)).as_numpy_iterator()
    ]


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """100 images for several work units; copies, a conflict and broken files among them."""
    monkeypatch.setattr(work_units, "MAX_UNIT_FILES", 16)
    root = write_folder(tmp_path / "images", {"a": 50, "b": 50})
    (root / "a" / "0000-copy.jpeg").write_bytes((root / "a" / "0000.jpeg").read_bytes())
    (root / "a" / "deep").mkdir()
    (root / "a" / "deep" / "copy.jpeg").write_bytes((root / "a" / "0000.jpeg").read_bytes())
    (root / "b" / "conflict.png").write_bytes((root / "a" / "0001.png").read_bytes())
    (root / "b" / "empty.png").touch()
    (root / "b" / "gone.png").symlink_to(root / "nowhere.png")
    return root


def test_every_accepted_image_is_written_once(images: Path, tmp_path: Path) -> None:
    report = _ingest(images, tmp_path / "out")
    names = _names(tmp_path / "out")
    assert len(names) == len(set(names)) == report.accepted == 99
    assert (report.found, report.duplicates, len(report.set_aside)) == (104, 2, 3)
    # The first path in sorted order stays of several copies; of a conflict none.
    kept_copy = {"a/0000-copy.jpeg", "a/0000.jpeg", "a/deep/copy.jpeg"} & set(names)
    assert kept_copy == {"a/0000-copy.jpeg"}
    assert not {"a/0001.png", "b/conflict.png", "b/empty.png", "b/gone.png"} & set(names)
    reasons = {item.file: item.reason for item in report.set_aside}
    assert "'b' too, as b/conflict.png" in reasons["a/0001.png"]
    assert IngestReport.read(tmp_path / "out" / INGEST_REPORT_FILE) == report
    assert (tmp_path / "out" / LABELS_FILE).read_text() == "a\nb\n"
    assert len(list((tmp_path / "out" / "Split-train").iterdir())) == 7


def test_the_same_folder_gives_the_same_bytes(images: Path, tmp_path: Path) -> None:
    for output in ("one", "two"):
        _ingest(images, tmp_path / output)
    files = sorted(
        path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()
    )
    assert len(files) > 20
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes(), path


def test_bytes_written_hardly_exceed_bytes_read(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / "images" / label).mkdir(parents=True)
        for seed in range(20):
            data = image_bytes(seed + 100 * (label == "b"), size=(300, 200))
            (tmp_path / "images" / label / f"{seed}.jpg").write_bytes(data)
    _ingest(tmp_path / "images", tmp_path / "out")
    read, written = (
        sum(path.stat().st_size for path in (tmp_path / folder).rglob(pattern))
        for folder, pattern in (("images", "*.jpg"), ("out", "*.tfrecord"))
    )
    assert read <= written <= 1.02 * read


def test_refused_data_leaves_no_report(images: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 of 104 files"):
        _ingest(images, tmp_path / "out", DataSettings(max_set_aside=0.01))
    assert not (tmp_path / "out" / INGEST_REPORT_FILE).exists()


def test_files_that_change_while_the_run_starts_are_noticed(images: Path, tmp_path: Path) -> None:
    """The cache would file this result under the folder as it was a moment before."""
    output = standard_artifacts.Examples()
    output.uri = str(tmp_path / "out")
    properties = {
        "images": str(images),
        "settings": SETTINGS.model_dump_json(exclude={"images"}),
        LABELS: '["a", "b"]',
        FINGERPRINT: fingerprint(_list(images)),
    }
    Executor().Do({}, {"examples": [output]}, properties)
    assert output.split_names == '["train", "eval", "test"]'
    (images / "a" / "late.png").write_bytes(image_bytes(77, "PNG"))
    with pytest.raises(DataError, match="changed while the run was starting"):
        Executor().Do({}, {"examples": [output]}, properties)
