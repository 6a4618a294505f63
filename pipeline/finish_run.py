"""Last step of a run whose stages are processes of their own: sums it up, and says what came of it.

`python -m pipeline.finish_run --workspace DIR --run-id ID`
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from pipeline.nodes.metadata_connection import Connection, metadata_connection
from pipeline.nodes.uncollected_imports import end_process
from pipeline.results.summary import Ending
from pipeline.run_files import RunFiles
from pipeline.steps.pod_log import logger
from pipeline.steps.step import add_run_arguments, do_step, run_files
from pipeline.steps.step_summary import sum_up


def finish(files: RunFiles, connection: Connection) -> Ending:
    """Writes the run's page and `summary.json`, unless an attempt before this one has.

    What a run came to is said once: a second look might find another model in production.

    Args:
        files: of the run; all of its stages have succeeded.
        connection: to ML Metadata.
    """
    if files.summary.is_file():  # Written last, and whole.
        logger.info("summed up by an earlier attempt")
    else:
        summary = sum_up(files, connection)
        if summary.metrics.candidate:
            logger.info("metrics on the test split: %s", summary.metrics.candidate)
        summary.write(files.summary)
    return Ending.read(files.summary)


def main(arguments: Sequence[str] | None = None) -> int:
    """Sums the run up that the command line names; returns the exit code of `imgclf run`."""
    parser = argparse.ArgumentParser(description="Sums a run up.")
    add_run_arguments(parser)
    given = parser.parse_args(arguments)
    files = run_files(given)

    def work() -> int:
        ending = finish(files, metadata_connection(files.workspace))
        level = logging.ERROR if ending.exit_code else logging.INFO
        logger.log(level, "%s%s", ending.status, f": {ending.reason}" if ending.reason else "")
        return ending.exit_code

    return do_step("Finish", files, given.retries, work)


if __name__ == "__main__":
    end_process(main())
