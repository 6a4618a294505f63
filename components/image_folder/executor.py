"""Executor of ImageFolderExampleGen: unpacks, has the work dealt out, writes the report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact, artifact_utils

from components.contract import DATA_REPORT_FILE, LABELS_FILE, SPLITS, DataError
from components.dataflow import job_options
from components.dataflow.job_options import runner_name, staging_location, with_unique_job_name
from components.image_folder.data_report import DataReport
from components.image_folder.driver import ATTEMPT, FINGERPRINT, LABELS
from components.image_folder.files.list_images import list_images
from components.image_folder.files.listing import Listing, fingerprint
from components.image_folder.files.open_store import open_store
from components.image_folder.frozen_garbage import frozen_garbage
from components.image_folder.inspection.examination_rules import ExaminationRules
from components.image_folder.report_building import build_report
from components.image_folder.settings import DataSettings
from components.image_folder.splits.placement import place
from components.image_folder.splits.split_counts import write_split_counts
from components.image_folder.workers.content_fingerprint import content_fingerprint
from components.image_folder.workers.reuse import EarlierIngest, IngestKey, earlier_ingest, mark_whole
from components.image_folder.workers.unit_dealers import InThisProcess, OnBeam, UnitDealer
from components.image_folder.workers.unit_work import (
    IngestPlan,
    read_candidates,
    read_summary,
    remove_plan,
    write_moves,
    write_plan,
)
from components.image_folder.workers.work_units import plan_work
from components.image_folder.workers.worker_processes import WorkerProcesses
from components.label_map import write_labels


class Executor(base_beam_executor.BaseBeamExecutor):
    """Glue between TFX and `ingest`."""

    _beam_pipeline_args: list[str]

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
        if runner_name(self._beam_pipeline_args) == job_options.DATAFLOW:
            earlier = None  # Its workers cannot see the shards of an earlier ingest.
        with self._dealer(listing.root) as dealer:
            report = ingest(listing, settings, labels, examples_dir, dealer, earlier)
        mark_whole(examples_dir, key, known_as, exec_properties[ATTEMPT])
        report.write(Path(artifact_utils.get_single_uri(output_dict["data_report"])) / DATA_REPORT_FILE)
        examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)

    @contextmanager
    def _dealer(self, root: str) -> Iterator[UnitDealer]:
        cores = joblib.cpu_count()  # as many as the process, or its container, may use
        match runner_name(self._beam_pipeline_args):
            case None | "DirectRunner" | "FnApiRunner":
                if cores == 1 or open_store(root).workers > 1:
                    # From far away, many files at a time are read in threads, which wait for the network.
                    yield InThisProcess()
                else:
                    with WorkerProcesses(cores) as workers:
                        yield workers
            case job_options.DATAFLOW:
                from components.dataflow.job_pipeline import JobPipeline
                from components.image_folder.workers.distant_units import OnDistantBeam

                options = with_unique_job_name(self._beam_pipeline_args)
                yield OnDistantBeam(lambda: JobPipeline(argv=options), staging_location(options))
            case _:
                yield OnBeam(self._make_beam_pipeline)


def ingest(
    listing: Listing,
    settings: DataSettings,
    labels: Sequence[str],
    examples_dir: Path,
    dealer: UnitDealer,
    earlier: EarlierIngest | None = None,
) -> DataReport:
    """Writes the shards, their manifests and the label file.

    Workers get the numbers of units only: each reads an image and writes it to
    its shard itself, so image bytes never pass through a shuffle. An image is
    written where its own content says it belongs; when all are known, those
    that have something in common with others are put elsewhere.

    Args:
        listing: which images.
        settings: what is checked, and what happens then.
        labels: names in id order.
        examples_dir: folder of the Examples artifact.
        dealer: of the units.
        earlier: whose unchanged records to take over.
    """
    with frozen_garbage():
        units = plan_work(listing.files)
        rules = ExaminationRules.of(settings, listing.open_splits)
        plan = IngestPlan(listing.root, rules, tuple(labels), earlier)
        write_plan(plan, units, examples_dir)
        dealer.do("write", examples_dir, [unit.index for unit in units])
        placement = place(read_candidates(examples_dir, units), settings, listing.open_splits)
        if affected := write_moves(units, placement.moved, examples_dir):
            dealer.do("settle", examples_dir, affected)
        report = build_report(listing, read_summary(examples_dir, units), placement, labels, settings)
        remove_plan(examples_dir)
        write_labels(examples_dir / LABELS_FILE, labels)
        write_split_counts(examples_dir, report.counts)
        return report
