"""Runs a compiled pipeline on this machine, each step's real command in a process of its own.

It does what Kubeflow would: order, parameters, environment, secrets, retries and timeouts are those of the
file. Only the container is missing: commands run in this Python environment, and the shared volume is a
folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kubeflow.compiled_steps import CompiledStep
from kubeflow.pipeline_file import PipelineFile
from kubeflow.volume_paths import VolumePaths

_INPUT: Final = re.compile(r"\{\{\$\.inputs\.parameters\['([A-Za-z0-9_]+)'\]\}\}")
_JOB: Final = "{{$.pipeline_job_uuid}}"
_PARAMETER: Final = re.compile(r"^\$\{([A-Za-z0-9_]+)\}$")


@dataclass(frozen=True)
class StepResult:
    """How a step ended: its exit code, how often it was started, and the seconds all of that took."""

    name: str
    exit_code: int
    attempts: int
    seconds: float


@dataclass(frozen=True)
class LocalRun:
    """A run on this machine.

    Attributes:
        volume: folder in place of the shared volume.
        parameters: in place of the pipeline's defaults; from `PipelineFile.arguments`.
        environment: variables in place of those of the file.
        secrets: secret and key → value; what is not here is taken from this process' environment.
        job_id: names the run.
        logs: folder that gets a file a step.
        pause: waits before a retry, seconds.
        started: is told of each process.
    """

    volume: Path
    logs: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[tuple[str, str], str] = field(default_factory=dict)
    job_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    pause: Callable[[float], None] = time.sleep
    started: Callable[[CompiledStep, subprocess.Popen[bytes]], None] = lambda step, process: None


def conduct(
    pipeline: PipelineFile, run: LocalRun, finished: Callable[[StepResult], None]
) -> list[StepResult]:
    """Runs the steps one after another; ends at the first that fails for good.

    Args:
        pipeline: from `read_pipeline`.
        run: where, and with what.
        finished: is told of each step.

    Returns:
        Results of the steps that were started, in order.
    """
    parameters = {**pipeline.parameters, **run.parameters}
    run.logs.mkdir(parents=True, exist_ok=True)
    results: list[StepResult] = []
    for step in pipeline.steps:
        result = _run_step(step, run, parameters)
        results.append(result)
        finished(result)
        if result.exit_code != 0:
            break
    return results


def _run_step(step: CompiledStep, run: LocalRun, parameters: Mapping[str, Any]) -> StepResult:
    began = time.monotonic()
    command = _command(step, run, parameters)
    pause = step.retries.seconds
    for attempt in range(1, step.retries.count + 2):
        exit_code = _run_once(step, run, command)
        if exit_code == 0 or attempt > step.retries.count:
            break
        run.pause(min(pause, step.retries.most_seconds))
        pause *= step.retries.factor
    return StepResult(step.name, exit_code, attempt, time.monotonic() - began)


def _run_once(step: CompiledStep, run: LocalRun, command: list[str]) -> int:
    with (run.logs / f"{step.name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=_environment(step, run),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own: what it started ends with it.
            start_new_session=True,
        )
        try:
            run.started(step, process)
            return process.wait(step.timeout_seconds)
        except subprocess.TimeoutExpired:
            log.write(f"given up on after {step.timeout_seconds:.0f} seconds\n".encode())
            return -signal.SIGKILL
        finally:
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _command(step: CompiledStep, run: LocalRun, parameters: Mapping[str, Any]) -> list[str]:
    inputs = {}
    for name, value in step.inputs.items():
        parameter = _PARAMETER.match(value) if isinstance(value, str) else None
        inputs[name] = parameters[parameter.group(1)] if parameter else value

    def text(argument: str) -> str:
        argument = _INPUT.sub(lambda match: _as_text(inputs[match.group(1)]), argument)
        argument = argument.replace(_JOB, run.job_id)
        for mount in step.mounts:
            argument = VolumePaths(mount, run.volume).in_argument(argument)
        return argument

    program, *arguments = map(text, step.command)
    # In the container there is one Python; here it is the one that has this project.
    return [sys.executable if program == "python" else program, *arguments]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _environment(step: CompiledStep, run: LocalRun) -> dict[str, str]:
    """That of this process, as an image has one, and what the file adds to it."""
    project = str(Path(__file__).parent.parent)
    python = {
        # A container's folder is empty, and here may be a pipeline.py, which `python -m` would take for the
        # project's. Python 3.10 does not know this variable, and takes it still.
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, (project, os.environ.get("PYTHONPATH")))),
    }
    environment = {**os.environ, **python, **step.environment, **run.environment}
    for variable, secret in step.secrets.items():
        if secret in run.secrets:
            environment[variable] = run.secrets[secret]
    return environment
