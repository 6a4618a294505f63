"""Ours: the call that ImageFolderExampleGen makes, with the Beam options of `imgclf run`."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.image_folder.executor import ingest
from components.image_folder.list_images import list_images
from components.image_folder.listing import fingerprint
from components.image_folder.reuse import IngestKey, earlier_ingest, mark_whole
from components.image_folder.settings import DataSettings


def without_verification(images: Path, output: Path, previous: Path | None = None) -> None:
    """Headers and exact copies are checked; no image is decoded."""
    _ingest(images, output, previous, DataSettings(verify=False))


def with_verification(images: Path, output: Path, previous: Path | None = None) -> None:
    """Every image is decoded: damaged, odd and near-duplicate ones are found."""
    _ingest(images, output, previous, DataSettings(verify=True))


def _ingest(images: Path, output: Path, previous: Path | None, settings: DataSettings) -> None:
    """Lists the folder and ingests it; `previous` is the output of an earlier run that may be reused."""
    settings = settings.model_copy(update={"images": str(images)})
    listing = list_images(settings)
    key = IngestKey.of(listing, settings, code="benchmark", model_dir="")
    earlier = earlier_ingest([previous / "1"], key) if previous else None
    examples = output / "1"
    ingest(listing, settings, listing.labels, examples, earlier=earlier)
    mark_whole(examples, key, fingerprint(listing))


def _make_pipeline() -> beam.Pipeline:
    return beam.Pipeline(options=PipelineOptions(["--direct_running_mode=in_memory"]))
