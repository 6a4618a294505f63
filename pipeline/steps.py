"""What all steps of a run have in common, where each is a process of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pipeline.pod_log import logger, step
from pipeline.run_files import Refusal, RunFiles
from pipeline.workspace import Workspace


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what names a run."""
    parser.add_argument("--workspace", type=Path, required=True, help="on a volume that all steps see")
    parser.add_argument("--run-id", required=True, help="of the run, the same in all of its steps")
    parser.add_argument("--run-name", default="", help="for people; comes before the id")


def run_files(given: argparse.Namespace) -> RunFiles:
    """The files of the run that is named."""
    run_id = f"{given.run_name}-{given.run_id}" if given.run_name else given.run_id
    return RunFiles(Workspace(given.workspace.absolute()), run_id)


def do_step(name: str, files: RunFiles, work: Callable[[], int | None]) -> int:
    """Does the work of a step, and turns how it ended into an exit code.

    A mistake of the user's is noted, and a second attempt repeats it at once:
    Kubernetes tries failed pods again, whatever they failed of.

    Args:
        name: of the step.
        files: of the run.
        work: does it; returns an exit code, or None for 0.

    Returns:
        The exit code, as `imgclf run` has them.
    """
    with step(name, files.run_id) as ended:
        refusal = files.refusal(name)
        if refusal is not None:
            logger.error("refused by an earlier attempt: %s", refusal.reason)
            ended.exit_code = refusal.exit_code
        else:
            ended.exit_code = work() or 0
    if ended.mistake is not None:
        files.refuse(name, Refusal(ended.mistake, ended.exit_code))
    return ended.exit_code
