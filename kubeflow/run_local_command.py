"""`imgclf kubeflow run-local`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from rich.console import Console
from rich.markup import escape

from components.uri import is_uri
from kubeflow.compiled_steps import CompiledStep
from kubeflow.conductor import LocalRun, StepResult, conduct
from kubeflow.pipeline_file import read_pipeline
from pipeline.preparation.run_overrides import check_overrides
from pipeline.settings.metadata_connection_names import HOST
from pipeline.workspace import Workspace, exclusive_use

# What a step says before a reason when it tries once more what was refused.
_AGAIN: Final = "refused by an earlier attempt: "


@dataclass(frozen=True)
class RunLocalRequest:
    """What the user asked for.

    Attributes:
        pipeline: compiled file.
        volume: folder in place of the shared volume.
        images, span, run_name: the pipeline's parameters; None for its defaults.
        overrides: `key=value`.
        metadata: whether ML Metadata is in the database that the file names, and not in a file on the volume.
    """

    pipeline: Path
    volume: Path
    images: str | None = None
    span: str | None = None
    run_name: str | None = None
    overrides: Sequence[str] = ()
    metadata: bool = False


def run_local(request: RunLocalRequest, console: Console) -> int:
    """Runs the steps, and prints a line for each; of one that failed, why.

    Returns:
        The exit code of the first step that failed; 0 when none did.

    Raises:
        ConfigError: no such pipeline, or one that does not take what was asked for, or another run is using
            the volume.
    """
    pipeline = read_pipeline(request.pipeline)
    check_overrides(request.overrides)
    run = LocalRun(
        volume=request.volume.absolute(),
        logs=request.volume.absolute() / "logs",
        parameters=pipeline.arguments(
            _where(request.images), request.span, request.run_name, request.overrides
        ),
        environment={} if request.metadata else {HOST: ""},
        pause=lambda seconds: _pause(console, seconds),
        started=lambda step, process: _tell_of_start(console, step, process),
    )
    run.volume.mkdir(parents=True, exist_ok=True)

    def finished(result: StepResult) -> None:
        mark = "[green]✓[/]" if result.exit_code == 0 else "[red]✗[/]"
        again = f", attempt {result.attempts}" if result.attempts > 1 else ""
        console.print(f"{result.name:28} {mark} {result.seconds:7.1f} s{again}", highlight=False)

    # Several runs can share a database, but not a file.
    alone = nullcontext() if request.metadata else exclusive_use(Workspace(run.volume))
    with alone, _steps_end_with_this_process():
        results = conduct(pipeline, run, finished)
    failed = next((result for result in results if result.exit_code != 0), None)
    if failed is not None:
        log = run.logs / f"{failed.name}.log"
        console.print(
            escape(f"{failed.name} failed{_reason(log, run.job_id)}. Its log is {log}"), soft_wrap=True
        )
        return failed.exit_code if failed.exit_code > 0 else 1
    return 0


@contextmanager
def _steps_end_with_this_process() -> Iterator[None]:
    """Has SIGTERM and a terminal that closes end a step as Ctrl-C does.

    It is in a group of its own, and would go on with nobody to keep the next run out of the volume.
    """

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    # What is ignored stays so: nohup does that.
    deadly = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) == signal.SIG_DFL]
    for each in deadly:
        signal.signal(each, end)
    try:
        yield
    finally:
        for each in deadly:
            signal.signal(each, signal.SIG_DFL)


def _reason(log: Path, job_id: str) -> str:
    """The last error that a step has logged in this run, after a colon; nothing where there is none."""
    for line in reversed(log.read_text("utf-8", "replace").splitlines()):
        try:
            record = json.loads(line)
            if record["severity"] != "ERROR" or not record["run"].endswith(job_id):
                continue
        except (ValueError, TypeError, KeyError):  # What programs print that the step has started.
            continue
        told = record.get("exception", record["message"]).splitlines()[-1]
        return f": {told.removeprefix(_AGAIN).removesuffix('.')}"
    return ""


def _pause(console: Console, seconds: float) -> None:
    console.print(f"{'':28}   failed; tried again in {seconds:.0f} s, as the file says", highlight=False)
    time.sleep(seconds)


def _where(images: str | None) -> str | None:
    """Steps run elsewhere: paths have to be absolute."""
    return images if not images or is_uri(images) else str(Path(images).absolute())


def _tell_of_start(console: Console, step: CompiledStep, process: subprocess.Popen[bytes]) -> None:
    if console.is_terminal:
        console.print(f"[dim]{step.name} is process {process.pid}[/]", end="\r")
