"""Ours: what ImageFolderExampleGen does in `imgclf run`."""

from __future__ import annotations

import os
from pathlib import Path

from components.image_folder.executor import ingest
from components.image_folder.files.list_images import list_images
from components.image_folder.files.listing import fingerprint
from components.image_folder.settings import DataSettings
from components.image_folder.workers.reuse import IngestKey, earlier_ingest, mark_whole
from components.image_folder.workers.worker_processes import WorkerProcesses


def without_verification(images: Path, output: Path, previous: Path | None = None) -> None:
    """Headers and exact copies are checked; no image is decoded."""
    _ingest(images, output, previous, DataSettings(verify=False))


def with_verification(images: Path, output: Path, previous: Path | None = None) -> None:
    """Every image is decoded: damaged, odd and near-duplicate ones are found."""
    _ingest(images, output, previous, DataSettings(verify=True))


def _ingest(images: Path, output: Path, previous: Path | None, settings: DataSettings) -> None:
    """Lists the folder and ingests it; `previous` is the output of an earlier run that may be reused."""
    settings = settings.model_copy(update={"images": str(images)})
    with WorkerProcesses(len(os.sched_getaffinity(0))) as workers:
        _ingest_with(workers, settings, output, previous)


def _ingest_with(
    workers: WorkerProcesses, settings: DataSettings, output: Path, previous: Path | None
) -> None:
    listing = list_images(settings)
    key = IngestKey.of(listing, settings, code="benchmark", model_dir="")
    earlier = earlier_ingest([previous / "1"], key) if previous else None
    examples = output / "1"
    ingest(listing, settings, listing.labels, examples, workers, earlier)
    mark_whole(examples, key, fingerprint(listing))
