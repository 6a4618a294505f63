"""Last step of a run whose stages are processes of their own: sums it up, and says what came of it.

`python -m pipeline.finish_run --workspace DIR --run-id ID`
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace

from pipeline.compiled_nodes import node_ids
from pipeline.metadata_connection import Connection, metadata_connection
from pipeline.node_attempts import earlier_attempt
from pipeline.node_launch import published
from pipeline.outcome import Artifacts, summarize_run
from pipeline.pod_log import logger
from pipeline.run_files import RunFiles
from pipeline.run_page import with_page
from pipeline.steps import add_run_arguments, do_step, run_files
from pipeline.summary import RunSummary, Stage, Verdict
from pipeline.tuned_config import write_best_config
from pipeline.uncollected_imports import end_process


def finish(files: RunFiles, connection: Connection) -> Verdict:
    """Writes the run's page and `summary.json`, unless an attempt before this one has.

    What a run came to is said once: a second look might find another model in production.

    Args:
        files: of the run; all of its stages have succeeded.
        connection: to ML Metadata.
    """
    if files.summary.is_file():  # Written last, and whole.
        logger.info("summed up by an earlier attempt")
    else:
        summary = _sum_up(files, connection)
        if summary.metrics.candidate:
            logger.info("metrics on the test split: %s", summary.metrics.candidate)
        summary.write(files.summary)
    return Verdict.read(files.summary)


def _sum_up(files: RunFiles, connection: Connection) -> RunSummary:
    ir, config = files.read_pipeline(), files.read_config()
    stages: list[Stage] = []
    artifacts: dict[str, Artifacts] = {}
    for stage in node_ids(ir):
        attempt = earlier_attempt(ir, stage, connection)
        if attempt is None or not attempt.succeeded:
            raise RuntimeError(f"{stage} has not succeeded in the run {files.run_id}.")
        outcome = published(ir, stage, attempt.execution_id, connection)
        artifacts[stage] = outcome.artifacts
        stages.append(Stage(stage, outcome.status, attempt.seconds))
    summary = summarize_run(
        run_id=files.run_id,
        config=config,
        node_ids=node_ids(ir),
        stages=stages,
        artifacts=artifacts,
        failure=None,
        log=files.folder,  # Each step has a log of its own, where the pods are.
    )
    summary = replace(summary, tuned=write_best_config(config, artifacts, files.folder))
    return with_page(
        summary, config=config, run_dir=files.folder, began=files.prepared_at, artifacts=artifacts
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Sums the run up that the command line names; returns the exit code of `imgclf run`."""
    parser = argparse.ArgumentParser(description="Sums a run up.")
    add_run_arguments(parser)
    given = parser.parse_args(arguments)
    files = run_files(given)

    def work() -> int:
        verdict = finish(files, metadata_connection(files.workspace))
        level = logging.ERROR if verdict.exit_code else logging.INFO
        logger.log(level, "%s%s", verdict.status, f": {verdict.reason}" if verdict.reason else "")
        return verdict.exit_code

    return do_step("Finish", files, given.retries, work)


if __name__ == "__main__":
    end_process(main())
