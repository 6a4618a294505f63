"""`imgclf run`, from the command line's words to the exit code."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from pipeline.config import Config, load_config
from pipeline.exit_codes import FAILED_EXIT, INTERRUPTED_EXIT, INVALID_DATA_EXIT
from pipeline.nodes.uncollected_imports import uncollected_imports
from pipeline.output_capture import captured_output, log_traceback
from pipeline.preparation.preflight import resolve
from pipeline.results.summary import Metrics, RunSummary
from pipeline.terminal.console import RunDisplay, print_summary
from pipeline.terminal.mistakes import MISTAKES, explain
from pipeline.terminal.unbroken_line import print_line
from pipeline.workspace import DEFAULT_WORKSPACE, Workspace, exclusive_use, new_run_id, open_workspace
from serving.first_line import first_line


@dataclass(frozen=True)
class RunRequest:
    """What the user asked for.

    Attributes:
        images: folder, manifest file or URI; None to take it from the configuration.
        config: YAML file; None for the defaults.
        overrides: `key=value`.
        workspace: as the user named it.
        json: whether to print the summary instead of text for people.
        use_cache: whether unchanged stages are skipped.
    """

    images: str | None = None
    config: Path | None = None
    overrides: Sequence[str] = field(default=())
    workspace: Path = DEFAULT_WORKSPACE
    json: bool = False
    use_cache: bool = True


def run(request: RunRequest) -> int:
    """Runs the pipeline and shows how it goes.

    Returns:
        The exit code: 0 pushed or up to date, 1 unexpected, 2 usage, 3 data refused, 4 not blessed,
        130 interrupted.
    """
    started = time.perf_counter()
    try:
        config = load_config(request.config, request.overrides)
        notes: list[str] = []
        config = resolve(config, request.images, Workspace(request.workspace.absolute()), notes.append)
        workspace = open_workspace(request.workspace)
        with exclusive_use(workspace):
            return _run(request, config, workspace, notes, started)
    except MISTAKES as error:
        sentence, exit_code = explain(error)
        if request.json:
            print(_ended_early(sentence, exit_code).to_json())
        else:
            print(f"Error: {sentence}", file=sys.stderr)
        return exit_code


def _run(
    request: RunRequest, config: Config, workspace: Workspace, notes: Sequence[str], started: float
) -> int:
    run_id = new_run_id()
    run_dir = workspace.run_dir(run_id)
    # Both are read when TensorFlow and Keras are loaded. C++ logs below errors would only fill the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with captured_output(run_dir / "log.txt") as screen:
        console = Console(file=screen, quiet=request.json, highlight=False)
        for note in notes:
            print_line(console, note)
        with RunDisplay(console) as display:
            display.waiting("starting TensorFlow and TFX")
            try:
                with uncollected_imports():
                    from pipeline.dag_runner import run_pipeline

                summary = run_pipeline(config, workspace, run_id, display, use_cache=request.use_cache)
            except KeyboardInterrupt:
                console.print("Interrupted. Run the command again to go on.")
                return INTERRUPTED_EXIT
            except Exception as error:
                log_traceback()
                reason = f"{type(error).__name__}: {first_line(str(error))}"
                summary = _ended_early(reason, FAILED_EXIT, log=str(run_dir / "log.txt"))
        if summary is None:
            shutil.rmtree(run_dir)
            return 0
        assert config.data.images is not None
        seconds = time.perf_counter() - started
        print_summary(console, summary, config.data.images, request.workspace, seconds)
    if request.json:
        print(summary.to_json())
    return summary.exit_code


def _ended_early(reason: str, exit_code: int, log: str = "") -> RunSummary:
    """The summary of a run that got to no stage."""
    return RunSummary(
        run_id="",
        model="",
        status="invalid_data" if exit_code == INVALID_DATA_EXIT else "failed",
        reason=reason,
        stages=(),
        images=None,
        notes=(),
        metrics=Metrics(),
        pushed=None,
        log=log,
        exit_code=exit_code,
    )
