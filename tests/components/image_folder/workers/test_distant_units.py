"""Workers that see nothing of the workspace work in folders of their own, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest

from components.image_folder.executor import ingest
from components.image_folder.files.list_images import list_images
from components.image_folder.settings import DataSettings
from components.image_folder.workers import distant_units, work_units
from components.image_folder.workers.distant_units import OnDistantBeam
from components.image_folder.workers.unit_dealers import UnitDealer
from components.image_folder.workers.unit_work import Step, do_step
from tests.image_files import write_folder


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Several units of them."""
    monkeypatch.setattr(work_units, "MAX_UNIT_FILES", 16)
    return write_folder(tmp_path / "images", {"a": 40, "b": 40})


def ingested(images: Path, output: Path, dealer: UnitDealer) -> dict[str, bytes]:
    settings = DataSettings(images=str(images))
    listing = list_images(settings)
    ingest(listing, settings, listing.labels, output, dealer)
    return files(output)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def worked_in(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Step, Path]]:
    """In which folders the workers do their steps."""
    folders: list[tuple[Step, Path]] = []

    def do_and_note(step: Step, examples_dir: Path, index: int) -> None:
        folders.append((step, examples_dir))
        do_step(step, examples_dir, index)

    monkeypatch.setattr(distant_units, "do_step", do_and_note)
    return folders


def test_each_unit_is_written_in_a_folder_of_its_own(
    images: Path, tmp_path: Path, worked_in: list[tuple[Step, Path]]
) -> None:
    store, there = tmp_path / "store", tmp_path / "there"
    written = ingested(images, there, OnDistantBeam(beam.Pipeline, str(store)))
    assert len([name for name in written if name.endswith(".tfrecord")]) > 8
    assert {step for step, _ in worked_in} == {"write"}
    assert len({folder for _, folder in worked_in}) == len(worked_in) > 4
    for _, folder in worked_in:
        assert not folder.is_relative_to(there)
        assert not folder.exists()
    assert files(store) == {}


def test_a_worker_that_fails_ends_the_job(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(step: Step, examples_dir: Path, index: int) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(distant_units, "do_step", fail)
    store = tmp_path / "store"
    with pytest.raises(RuntimeError, match="out of memory"):
        ingested(images, tmp_path / "there", OnDistantBeam(beam.Pipeline, str(store)))
    assert files(store) == {}
    assert not list((tmp_path / "there").glob("Split-*"))
