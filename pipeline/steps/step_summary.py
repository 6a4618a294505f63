"""The summary of a run whose stages are processes of their own, from what ML Metadata knows of them."""

from __future__ import annotations

from dataclasses import replace

from pipeline.nodes.compiled_nodes import node_ids
from pipeline.nodes.metadata_connection import Connection
from pipeline.nodes.node_launch import published
from pipeline.results.outcome import Artifacts, failure_of, summarize_run
from pipeline.results.summary import RunSummary, Stage
from pipeline.results.tuned_config import write_best_config
from pipeline.run_files import RunFiles
from pipeline.run_report.run_page import with_page
from pipeline.steps.node_attempts import earlier_attempt


def sum_up(
    files: RunFiles, connection: Connection, failed: str | None = None, error: Exception | None = None
) -> RunSummary:
    """Writes the page of a run, and sums it up.

    Args:
        files: of the run.
        connection: to ML Metadata.
        failed: stage that has just failed, and ends the run unless it is tried again; None when all of them
            have succeeded. Others may be under way beside it.
        error: why it failed.

    Raises:
        RuntimeError: no stage is said to have failed, and one has not succeeded.
    """
    ir, config = files.read_pipeline(), files.read_config()
    stages: list[Stage] = []
    artifacts: dict[str, Artifacts] = {}
    for stage in node_ids(ir):
        attempt = earlier_attempt(ir, stage, connection)
        if stage == failed:
            stages.append(Stage(stage, "failed", attempt.seconds if attempt is not None else 0.0))
        elif attempt is not None and attempt.succeeded:
            outcome = published(ir, stage, attempt.execution_id, connection)
            artifacts[stage] = outcome.artifacts
            stages.append(Stage(stage, outcome.status, attempt.seconds))
        elif failed is not None:
            stages.append(Stage(stage, "skipped", 0.0))
        else:
            raise RuntimeError(f"{stage} has not succeeded in the run {files.run_id}.")
    summary = summarize_run(
        run_id=files.run_id,
        config=config,
        model_dir=files.workspace.model_dir(config.name),
        node_ids=node_ids(ir),
        stages=stages,
        artifacts=artifacts,
        failure=failure_of(error, failed) if error is not None and failed is not None else None,
        log=files.folder,  # Each step has a log of its own, where the pods are.
        push_again=_push_again(config.seed),
    )
    if failed is not None:
        summary = replace(summary, log=f"that of the pod of {failed}")
    summary = replace(summary, tuned=write_best_config(config, artifacts, files.folder))
    return with_page(
        summary, config=config, run_dir=files.folder, began=files.prepared_at, artifacts=artifacts
    )


def _push_again(seed: int) -> str:
    """What stands in for `--no-cache`: compiled pipelines are run with TFX's cache, always.

    A schedule that kept the seed would find the model that was taken back in that cache, and push it anew.
    """
    other = (seed + 1) % 2**32
    return f"Bring it back, or have another trained with --set seed={other}, in its schedule as well."
