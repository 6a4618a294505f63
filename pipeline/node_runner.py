"""Runs one stage of a prepared run; what a pod of a Kubeflow run starts.

`python -m pipeline.node_runner --workspace DIR --run-id ID --stage NAME`
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exit_codes import TERMINATED_EXIT
from pipeline.nodes.uncollected_imports import end_process, uncollected_imports
from pipeline.run_files import RunFiles
from pipeline.steps.pod_log import logger
from pipeline.steps.process_age import process_age
from pipeline.steps.step import add_run_arguments, do_step, run_files

if TYPE_CHECKING:
    from tfx.proto.orchestration import pipeline_pb2

    from pipeline.nodes.metadata_connection import Connection


def run_stage(files: RunFiles, stage: str, connection: Connection) -> None:
    """Runs a stage, unless an attempt before this one has succeeded.

    TFX gives a second attempt the execution of the first. Whatever a killed
    attempt left in that execution's folders is taken away, so that no half of
    an artifact is ever taken for a whole one.

    Args:
        files: of the run.
        stage: its name in the pipeline.
        connection: to ML Metadata.

    Raises:
        Exception: whatever the stage raised.
    """
    from pipeline.steps.node_attempts import earlier_attempt

    ir = files.read_pipeline()
    attempt = earlier_attempt(ir, stage, connection)
    if attempt is not None and attempt.succeeded:
        logger.info("done by an earlier attempt")
        return
    if attempt is not None:
        logger.info("an earlier attempt did not end well; starting anew")
        _remove(ir, stage, attempt.execution_id)
    with uncollected_imports():
        from pipeline.nodes.node_launch import launch_node, load_executor

        load_executor(ir, stage)
    outcome = launch_node(
        ir,
        stage,
        connection,
        files.read_config().beam,
        lambda: logger.info("the executor starts %s", process_age()),
    )
    logger.info("%s: %s", stage, outcome.status)


def _remove(ir: pipeline_pb2.Pipeline, stage: str, execution_id: int) -> None:
    """Removes the folders that an execution writes its artifacts to."""
    root = ir.runtime_spec.pipeline_root.field_value.string_value
    for folder in Path(root, stage).glob(f"*/{execution_id}"):
        shutil.rmtree(folder)


def _write_page(files: RunFiles, stage: str, error: Exception) -> None:
    """Writes the page of the run as it stands; the last step, which would, is not reached.

    Where another attempt succeeds after all, it is, and puts its own page in the place of this one.
    """
    from pipeline.nodes.metadata_connection import metadata_connection
    from pipeline.output_capture import log_traceback

    try:
        from pipeline.steps.step_summary import sum_up

        sum_up(files, metadata_connection(files.workspace), stage, error)
    except Exception:  # It may be ML Metadata that has failed; the step has ended as it has.
        log_traceback()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the stage that the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(description="Runs one stage of a run.")
    add_run_arguments(parser)
    parser.add_argument("--stage", required=True, help="its name in the pipeline")
    given = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    files = run_files(given)

    errors: list[Exception] = []

    def work() -> None:
        from pipeline.nodes.metadata_connection import metadata_connection

        try:
            run_stage(files, given.stage, metadata_connection(files.workspace))
        except Exception as error:
            errors.append(error)
            raise

    exit_code = do_step(given.stage, files, given.retries, work)
    # A pod that is taken away has no time for it, nor is its stage over.
    if errors and exit_code != TERMINATED_EXIT and files.is_prepared:
        _write_page(files, given.stage, errors[0])
    return exit_code


if __name__ == "__main__":
    end_process(main())
