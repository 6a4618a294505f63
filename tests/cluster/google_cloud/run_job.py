"""The process of a job: reads the pipeline where the client staged it, and runs it as it is.

Beam's own runner of the Fn API stands in for Dataflow's; what the pipeline does is done by Beam's worker, in
a process of its own, as in the container that was asked for.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
import threading
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from apache_beam.internal import pickler
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics.execution import MetricResult
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns, python_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.internal.names import PICKLED_MAIN_SESSION_FILE
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from tests.cluster.google_cloud.dataflow_job import OPTIONS_FILE, RESULT_FILE

# All that a container does with the second is to print it.
_TAKEN: Final = {PICKLED_MAIN_SESSION_FILE, "submission_environment_dependencies.txt"}

# So Beam calls it.
_WATCHES_WORKER: Final = "run_worker"


def main(folder: Path) -> None:
    """Runs the job of a folder and writes there what it came to."""
    logging.basicConfig(level=logging.INFO)
    threading.excepthook = lambda broken: _end_without_worker(folder, broken)
    try:
        metrics = _run(folder)
    except Exception as error:
        _end(folder, str(error) if "Traceback" in str(error) else traceback.format_exc(), [])
    else:
        _end(folder, None, metrics)


def _run(folder: Path) -> list[dict[str, Any]]:
    told = (folder / OPTIONS_FILE).read_text()
    options = json.loads(told)["options"]
    FileSystems.set_options(PipelineOptions.from_dictionary(options))
    pickler.set_library(options.get("pickle_library", pickler.DEFAULT_PICKLE_LIB))
    with FileSystems.open(options["pipelineUrl"]) as staged:
        pipeline = beam_runner_api_pb2.Pipeline.FromString(staged.read())
    for environment in pipeline.components.environments.values():
        if environment.urn != common_urns.environments.DOCKER.urn:
            raise ValueError(f"Dataflow knows no environment but Docker, and not {environment.urn}.")
        _fetch(environment.dependencies, folder / "staged")
        environment.urn = python_urns.SUBPROCESS_SDK
        environment.payload = _worker(told, folder).encode()
        del environment.dependencies[:]
    result = FnApiRunner().run_via_runner_api(pipeline, PipelineOptions([]))
    result.wait_until_finish()
    metrics = result.metrics().query()
    return [
        told
        for kind, describe in (("counters", _counter), ("distributions", _distribution))
        for metric in metrics[kind]
        for told in _told(metric, describe(metric))
    ]


def _fetch(dependencies: Iterable[beam_runner_api_pb2.ArtifactInformation], folder: Path) -> None:
    """Fetches what the client staged for workers, as a container does when it starts."""
    folder.mkdir(exist_ok=True)
    for dependency in dependencies:
        role = beam_runner_api_pb2.ArtifactStagingToRolePayload.FromString(dependency.role_payload)
        if role.staged_name not in _TAKEN:
            raise ValueError(f"A container would install {role.staged_name}, and nothing here does.")
        url = beam_runner_api_pb2.ArtifactUrlPayload.FromString(dependency.type_payload).url
        with FileSystems.open(url) as staged:
            (folder / role.staged_name).write_bytes(staged.read())


def _worker(options: str, folder: Path) -> str:
    """The shell's command that starts a worker as a container does."""
    variables = {"PIPELINE_OPTIONS": options, "SEMI_PERSISTENT_DIRECTORY": str(folder)}
    told = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return f"{told} exec {shlex.quote(sys.executable)} -m apache_beam.runners.worker.sdk_worker_main"


def _counter(metric: MetricResult) -> dict[str, Any]:
    return {"scalar": metric.committed}


def _distribution(metric: MetricResult) -> dict[str, Any]:
    found = metric.committed
    return {
        "distribution": {"count": found.count, "sum": found.sum, "min": found.min, "max": found.max},
    }


def _told(metric: MetricResult, value: dict[str, Any]) -> list[dict[str, Any]]:
    """As Dataflow tells it: what was tried, and what counts."""
    name = metric.key.metric
    context = {"step": metric.key.step, "namespace": name.namespace}
    return [
        {"name": {"origin": "user", "name": name.name, "context": context | tried}, **value}
        for tried in ({}, {"tentative": "true"})
    ]


def _end_without_worker(folder: Path, broken: threading.ExceptHookArgs) -> None:
    """Ends the job when the thread that watches the worker breaks: Beam's runner would wait forever."""
    threading.__excepthook__(broken)
    if broken.thread is not None and broken.thread.name == _WATCHES_WORKER:
        _end(folder, f"The worker lost contact with the service: {broken.exc_value}", [])


def _end(folder: Path, error: str | None, metrics: list[dict[str, Any]]) -> None:
    """Ends this process; what comes first counts."""
    sys.stderr.flush()
    part = folder / f"{RESULT_FILE}.{threading.get_ident()}"
    part.write_text(json.dumps({"error": error, "metrics": metrics}))
    part.rename(folder / RESULT_FILE)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
