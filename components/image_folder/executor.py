"""Executor of ImageFolderExampleGen: unpacks, lets Beam deal out the work, writes the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact, artifact_utils

from components.contract import INGEST_REPORT_FILE, LABELS_FILE, SPLITS, DataError
from components.image_folder.driver import FINGERPRINT, LABELS
from components.image_folder.duplicate_rule import judge_duplicates
from components.image_folder.ingest_report import IngestReport, require_usable, summarize
from components.image_folder.label_map import write_labels
from components.image_folder.list_images import list_images
from components.image_folder.listing import ImageFile, fingerprint
from components.image_folder.manifest import read_manifest, write_manifest
from components.image_folder.settings import DataSettings
from components.image_folder.shard_writing import drop_records, write_shards
from components.image_folder.work_units import WorkUnit, plan_work


class Executor(base_beam_executor.BaseBeamExecutor):
    """Glue between TFX and `ingest`."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the Examples artifact."""
        settings = DataSettings.model_validate_json(exec_properties["settings"])
        labels = tuple(json.loads(exec_properties[LABELS]))
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        images = Path(exec_properties["images"])
        listing = list_images(settings.model_copy(update={"images": str(images)}))
        if fingerprint(listing) != exec_properties[FINGERPRINT]:
            raise DataError(f"Files in {images} changed while the run was starting. Run it again.")
        ingest(images, listing.files, settings, labels, Path(examples.uri), self._make_beam_pipeline)
        examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)


def ingest(
    images: Path,
    files: Sequence[ImageFile],
    settings: DataSettings,
    labels: tuple[str, ...],
    artifact_dir: Path,
    make_beam_pipeline: Callable[[], beam.Pipeline],
) -> IngestReport:
    """Writes the shards, the label file and the report.

    Beam carries file names and manifests only: a worker reads an image and
    writes it to its shard itself, so image bytes never pass through a shuffle.

    Raises:
        DataError: nothing sensible can be trained on these images.
    """
    units = plan_work(files)

    def write_unit(unit: WorkUnit) -> None:
        entries = write_shards(unit, images, labels, settings.splits, artifact_dir)
        write_manifest(_manifest_path(artifact_dir, unit), entries)

    with make_beam_pipeline() as pipeline:
        _ = (
            pipeline
            | "WorkUnits" >> beam.Create(units, reshuffle=True)
            | "WriteShards" >> beam.Map(write_unit)
        )
    entries_of = {unit.index: read_manifest(_manifest_path(artifact_dir, unit)) for unit in units}
    entries = [entry for unit_entries in entries_of.values() for entry in unit_entries]
    verdict = judge_duplicates(entries)
    unwanted = verdict.copies | verdict.conflicts.keys()
    if unwanted:
        for unit in units:
            drop_records(unit, entries_of[unit.index], unwanted, artifact_dir)
    report = summarize(entries, verdict, labels)
    require_usable(report, settings.max_set_aside)
    write_labels(artifact_dir / LABELS_FILE, labels)
    report.write(artifact_dir / INGEST_REPORT_FILE)
    return report


def _manifest_path(artifact_dir: Path, unit: WorkUnit) -> Path:
    return artifact_dir / "manifest" / f"{unit.index:05d}.jsonl"
