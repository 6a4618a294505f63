"""What all steps of a run have in common, where each is a process of its own."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from pipeline.run_files import Refusal, RunFiles
from pipeline.steps.pod_log import logger, set_log_level, step
from pipeline.workspace import Workspace

# Of a run's name in its id, which is a folder's name, and one of at most 255 characters in ML Metadata.
_LONGEST_NAME: Final = 100


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what names a run."""
    parser.add_argument("--workspace", type=Path, required=True, help="on a volume that all steps see")
    parser.add_argument("--run-id", required=True, help="of the run, the same in all of its steps")
    parser.add_argument("--run-name", default="", help="for people; comes before the id")
    parser.add_argument("--retries", type=int, default=0, help="how often whatever failed is tried again")


def run_files(given: argparse.Namespace) -> RunFiles:
    """The files of the run that is named, as far as a folder can be: names are any text in Kubeflow."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", given.run_name)[:_LONGEST_NAME].strip("-.")
    run_id = f"{name}-{given.run_id}" if name else given.run_id
    return RunFiles(Workspace(given.workspace.absolute()), run_id)


def do_step(name: str, files: RunFiles, retries: int, work: Callable[[], int | None]) -> int:
    """Does the work of a step, and turns how it ended into an exit code.

    A mistake of the user's is noted, and as many attempts as Kubernetes makes by itself repeat it at once: it
    tries failed pods again, whatever they failed of. A run can be retried by hand when all of those are used
    up, so the attempt after them looks anew, because someone may have mended what was refused.

    Args:
        name: of the step.
        files: of the run.
        retries: how often Kubernetes tries again.
        work: does it; returns an exit code, or None for 0.

    Returns:
        The exit code, as `imgclf run` has them.
    """
    note: Refusal | None = None
    with step(name, files.run_id) as ended:
        set_log_level()
        refusal = files.refusal(name)
        if refusal is not None and refusal.repeats > 0:
            logger.error("refused by an earlier attempt: %s", refusal.reason)
            ended.exit_code = refusal.exit_code
            note = replace(refusal, repeats=refusal.repeats - 1)
        else:
            if refusal is not None:
                files.forget_refusal(name)
            ended.exit_code = work() or 0
    if ended.mistake is not None:
        note = Refusal(ended.mistake, ended.exit_code, retries)
    if note is not None:
        try:
            files.refuse(name, note)
        except OSError as error:  # Without the note, a second attempt finds out for itself.
            logger.warning("the refusal could not be noted: %s", error)
    return ended.exit_code
