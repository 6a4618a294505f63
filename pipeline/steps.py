"""What all steps of a run have in common, where each is a process of its own."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipeline.pod_log import logger, set_log_level, step
from pipeline.run_files import Refusal, RunFiles
from pipeline.workspace import Workspace

# Of a run's name in its id, which is a folder's name, and one of at most 255 characters in ML Metadata.
_LONGEST_NAME: Final = 100


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what names a run."""
    parser.add_argument("--workspace", type=Path, required=True, help="on a volume that all steps see")
    parser.add_argument("--run-id", required=True, help="of the run, the same in all of its steps")
    parser.add_argument("--run-name", default="", help="for people; comes before the id")


def run_files(given: argparse.Namespace) -> RunFiles:
    """The files of the run that is named, as far as a folder can be: names are any text in Kubeflow."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", given.run_name)[:_LONGEST_NAME].strip("-.")
    run_id = f"{name}-{given.run_id}" if name else given.run_id
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
        set_log_level()
        refusal = files.refusal(name)
        if refusal is not None:
            logger.error("refused by an earlier attempt: %s", refusal.reason)
            ended.exit_code = refusal.exit_code
        else:
            ended.exit_code = work() or 0
    if ended.mistake is not None:
        # It may name a file whose name has bytes that are no UTF-8, which JSON cannot hold.
        reason = ended.mistake.encode("utf-8", "backslashreplace").decode("utf-8")
        try:
            files.refuse(name, Refusal(reason, ended.exit_code))
        except OSError as error:  # Without the note, a second attempt finds out for itself.
            logger.warning("the refusal could not be noted: %s", error)
    return ended.exit_code
