"""Executor of ImageFolderExampleGen: unpacks, lets Beam deal out the work, writes the report."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact, artifact_utils

from components.contract import DATA_REPORT_FILE, LABELS_FILE, SPLITS, DataError
from components.image_folder.artifact_files import manifest_path
from components.image_folder.content_fingerprint import content_fingerprint
from components.image_folder.data_report import DataReport
from components.image_folder.driver import ATTEMPT, FINGERPRINT, LABELS
from components.image_folder.examination import Examiner
from components.image_folder.image_store import open_store
from components.image_folder.label_map import write_labels
from components.image_folder.list_images import list_images
from components.image_folder.listing import Listing, fingerprint
from components.image_folder.manifest import Entry, read_manifest, write_manifest
from components.image_folder.placement import place
from components.image_folder.report_building import build_report
from components.image_folder.reuse import EarlierIngest, IngestKey, Reusable, earlier_ingest, mark_whole
from components.image_folder.settings import DataSettings
from components.image_folder.shard_writing import settle_unit, write_unit
from components.image_folder.split_counts import write_split_counts
from components.image_folder.work_units import WorkUnit, plan_work, read_plan, remove_plan, write_plan
from components.progress import report_progress

MakePipeline = Callable[[], beam.Pipeline]


class Executor(base_beam_executor.BaseBeamExecutor):
    """Glue between TFX and `ingest`."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the Examples and the data report; refuses nothing, DataCheck does."""
        settings = DataSettings.model_validate_json(exec_properties["settings"])
        labels = tuple(json.loads(exec_properties[LABELS]))
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        examples_dir = Path(examples.uri)
        listing = list_images(settings)
        key = IngestKey.of(listing, settings, exec_properties["code"], exec_properties["model_dir"])
        earlier = earlier_ingest(examples_dir.parent.iterdir(), key)
        known_as = exec_properties[FINGERPRINT]
        if known_as not in (fingerprint(listing), content_fingerprint(listing, earlier)):
            raise DataError(f"Files in {listing.root} changed while the run was starting. Run it again.")
        report = ingest(listing, settings, labels, examples_dir, self._make_beam_pipeline, earlier)
        mark_whole(examples_dir, key, known_as, exec_properties[ATTEMPT])
        report.write(Path(artifact_utils.get_single_uri(output_dict["data_report"])) / DATA_REPORT_FILE)
        examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)


def ingest(
    listing: Listing,
    settings: DataSettings,
    labels: Sequence[str],
    examples_dir: Path,
    make_beam_pipeline: MakePipeline,
    earlier: EarlierIngest | None = None,
) -> DataReport:
    """Writes the shards, their manifests and the label file.

    Beam carries the numbers of units only: a worker reads an image and writes it
    to its shard itself, so image bytes never pass through a shuffle. An image is
    written where its own content says it belongs; when all are known, those
    that have something in common with others are put elsewhere.

    Args:
        listing: which images.
        settings: what is checked, and what happens then.
        labels: names in id order.
        examples_dir: folder of the Examples artifact.
        make_beam_pipeline: of the runner to use.
        earlier: whose unchanged records to take over.
    """
    with _frozen_garbage():
        return _ingest(listing, settings, labels, examples_dir, make_beam_pipeline, earlier)


def _ingest(
    listing: Listing,
    settings: DataSettings,
    labels: Sequence[str],
    examples_dir: Path,
    make_beam_pipeline: MakePipeline,
    earlier: EarlierIngest | None,
) -> DataReport:
    units = plan_work(listing.files)
    write_plan(units, examples_dir)
    root, open_splits = listing.root, listing.open_splits

    def write(index: int) -> None:
        unit = read_plan(examples_dir, index)
        if unit.count > 1:
            report_progress(f"part {unit.index + 1} of {unit.count}")
        examiner = Examiner(open_store(root), settings, labels, open_splits)
        with Reusable(unit, earlier) as reusable:
            entries = write_unit(unit, examiner, examples_dir, reusable)
        write_manifest(manifest_path(examples_dir, index), entries)

    _for_each(units, write, make_beam_pipeline)
    placement = place(_entries(examples_dir, units), settings, open_splits)

    def settle(index: int) -> None:
        manifest = manifest_path(examples_dir, index)
        unit = read_plan(examples_dir, index)
        entries = settle_unit(unit.name, list(read_manifest(manifest)), placement.moved, examples_dir)
        write_manifest(manifest, entries)

    affected = [unit for unit in units if any(file.path in placement.moved for file in unit.files)]
    if affected:
        _for_each(affected, settle, make_beam_pipeline)
    remove_plan(examples_dir)
    report = build_report(listing, _entries(examples_dir, units), placement, labels, settings)
    write_labels(examples_dir / LABELS_FILE, labels)
    write_split_counts(examples_dir, report.counts)
    return report


@contextmanager
def _frozen_garbage() -> Iterator[None]:
    """Spares Python's garbage collector the frameworks' objects.

    It would go through all million of them again and again while entries are made, for a third of the time.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _for_each(
    units: Sequence[WorkUnit], work: Callable[[int], None], make_beam_pipeline: MakePipeline
) -> None:
    with make_beam_pipeline() as pipeline:
        _ = (
            pipeline
            | "Units" >> beam.Create([unit.index for unit in units], reshuffle=True)
            | "Work" >> beam.Map(work)
        )


def _entries(examples_dir: Path, units: Sequence[WorkUnit]) -> Iterator[Entry]:
    for unit in units:
        yield from read_manifest(manifest_path(examples_dir, unit.index))
