"""`imgclf kubeflow submit`: a run of a compiled pipeline, and how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from rich.console import Console

from components.contract import ConfigError
from kubeflow.client import KubeflowClient
from kubeflow.connection import connect
from kubeflow.pipeline_file import read_pipeline
from kubeflow.run_info import SUCCEEDED, RunInfo
from kubeflow.runs_command import duration, state
from kubeflow.server_errors import ServerUnavailableError
from pipeline.exit_codes import FAILED_EXIT
from pipeline.preparation.run_overrides import check_overrides
from pipeline.terminal.unbroken_line import print_line

_POLL_SECONDS: Final = 10.0
# For as many polls in a row the server may be away, such as for an upgrade, before waiting is given up.
_POLLS_WITHOUT_ANSWER: Final = 12


@dataclass(frozen=True)
class SubmitRequest:
    """What the user asked for.

    Attributes:
        pipeline: the compiled pipeline.
        host: of Kubeflow Pipelines; None for what `kfp.Client` finds.
        namespace: of the user, where there are several.
        experiment: that the run belongs to; None for one named after the pipeline.
        run_name: None for the pipeline's name and the time.
        images: folder or URI, as the pods see it; None for what was compiled in.
        span: of the images; None for what was compiled in.
        overrides: `key=value`.
        service_account: of the pods; None for the one that was compiled in.
        wait: whether to wait for the run's end.
        json: whether to print JSON instead of text for people.
        poll_seconds: how long to wait between two looks at the run.
    """

    pipeline: Path
    host: str | None = None
    namespace: str | None = None
    experiment: str | None = None
    run_name: str | None = None
    images: str | None = None
    span: str | None = None
    overrides: Sequence[str] = field(default=())
    service_account: str | None = None
    wait: bool = False
    json: bool = False
    poll_seconds: float = _POLL_SECONDS


def submit(request: SubmitRequest) -> int:
    """Submits a run, and waits for its end where that was asked for.

    Returns:
        The exit code: 0 submitted, or succeeded; 1 ended otherwise.

    Raises:
        ConfigError: a pipeline, a setting or a server with which that cannot be done.
    """
    console = Console(quiet=request.json, highlight=False)
    pipeline = read_pipeline(request.pipeline)
    check_overrides(request.overrides)
    name = request.run_name or f"{pipeline.name}-{datetime.now(timezone.utc):%Y%m%d-%H%M%S}"
    arguments = pipeline.arguments(request.images, request.span, name, request.overrides)
    client = KubeflowClient(connect(request.host, request.namespace))
    pipeline_id, version_id, uploaded = client.version(pipeline)
    print_line(
        console,
        f"Pipeline: {pipeline.name} {pipeline.version}, {'uploaded' if uploaded else 'there already'}",
    )
    experiment = request.experiment or pipeline.name
    account = request.service_account or pipeline.service_account
    run = client.submit((pipeline_id, version_id), client.experiment(experiment), name, arguments, account)
    print_line(console, f"Run:      {run.name} in {experiment}")
    print_line(console, f"Link:     {run.link or run.run_id}")
    if request.wait:
        run = _wait(client, run, request.poll_seconds, console)
        _print_end(console, run)
    if request.json:
        told = {**run.to_dict(), "experiment": experiment, "pipeline": pipeline.name}
        print(json.dumps({**told, "version": pipeline.version, "uploaded": uploaded}))
    return FAILED_EXIT if request.wait and run.state != SUCCEEDED else 0


def _wait(client: KubeflowClient, run: RunInfo, poll_seconds: float, console: Console) -> RunInfo:
    """Looks at the run until it has ended; KFP's own waiting knows nothing of runs that were cancelled."""
    without_answer = 0
    shown = None
    with console.status("") as status:
        while True:
            try:
                run = client.run(run.run_id)
                without_answer = 0
            except ServerUnavailableError as error:
                without_answer += 1
                if without_answer >= _POLLS_WITHOUT_ANSWER:
                    raise _goes_on(error, run) from error
            except ConfigError as error:
                raise _goes_on(error, run) from error
            if run.ended:
                return run
            status.update(f"{run.state.lower()} for {duration(run)}")
            if run.state != shown and not console.is_terminal:
                print_line(console, f"          {run.state.lower()}")
            shown = run.state
            time.sleep(poll_seconds)


def _goes_on(error: ConfigError, run: RunInfo) -> ConfigError:
    return ConfigError(f"{error} The run itself goes on: {run.link or run.run_id}")


def _print_end(console: Console, run: RunInfo) -> None:
    console.print(f"State:    {state(run)} after {duration(run)}")
    if run.failed_stages:
        print_line(console, f"Failed:   {', '.join(run.failed_stages)}")
    if run.error:
        print_line(console, f"Reason:   {run.error}")
