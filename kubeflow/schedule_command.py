"""`imgclf kubeflow schedule`, `schedules` and `unschedule`: a pipeline that runs again and again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.contract import ConfigError
from kubeflow.client import KubeflowClient
from kubeflow.connection import connect
from kubeflow.cron import six_fields
from kubeflow.pipeline_file import read_pipeline
from kubeflow.schedule_info import Schedule, Trigger, utc_time
from kubeflow.scheduling import Outcome, end_schedule, set_schedule
from pipeline.preparation.run_overrides import check_overrides
from pipeline.terminal.unbroken_line import print_line

_TOLD: Final[dict[Outcome, str]] = {
    "created": "created",
    "replaced": "replaced, because it was another",
    "resumed": "is the same, and goes on",
    "paused": "is the same, and pauses",
    "unchanged": "is the same already; nothing to do",
}


@dataclass(frozen=True)
class ScheduleRequest:
    """What the user asked for.

    Attributes:
        pipeline: the compiled pipeline.
        cron: when, in five or six fields.
        host: of Kubeflow Pipelines; None for what `kfp.Client` finds.
        namespace: of the user, where there are several.
        name: of the schedule; None for the pipeline's.
        experiment: that runs belong to; None for one named after the pipeline.
        images: folder or URI, as the pods see it; None for what was compiled in.
        span: of the images; None for what was compiled in.
        overrides: `key=value`.
        service_account: of the pods; None for the server's default.
        catch_up: whether runs that were missed are made up for.
        concurrency: how many of its runs may go on at once.
        start: ISO 8601; None for at once.
        end: ISO 8601; None for never.
        enabled: whether it starts runs.
        json: whether to print JSON instead of text for people.
    """

    pipeline: Path
    cron: str
    host: str | None = None
    namespace: str | None = None
    name: str | None = None
    experiment: str | None = None
    images: str | None = None
    span: str | None = None
    overrides: Sequence[str] = field(default=())
    service_account: str | None = None
    catch_up: bool = False
    concurrency: int = 1
    start: str | None = None
    end: str | None = None
    enabled: bool = True
    json: bool = False


def schedule(request: ScheduleRequest) -> None:
    """Creates or replaces a schedule, and says what was done.

    Raises:
        ConfigError: a pipeline, a time or a server with which that cannot be done.
    """
    pipeline = read_pipeline(request.pipeline)
    check_overrides(request.overrides)
    cron = six_fields(request.cron)
    start, end = utc_time("--start", request.start), utc_time("--end", request.end)
    _check_times(start, end)
    # Each run names itself: Kubeflow Pipelines 2 puts no times into the parameters of a schedule.
    arguments = pipeline.arguments(request.images, request.span, None, request.overrides)
    client = KubeflowClient(connect(request.host, request.namespace))
    pipeline_id, version_id, uploaded = client.version(pipeline)
    trigger = Trigger(
        cron=cron,
        start=start,
        end=end,
        catch_up=request.catch_up,
        concurrency=request.concurrency,
        experiment_id=client.experiment(request.experiment or pipeline.name),
        pipeline_id=pipeline_id,
        version_id=version_id,
        arguments=arguments,
        service_account=request.service_account or pipeline.service_account,
    )
    name = request.name or pipeline.name
    outcome, made = set_schedule(client, name, trigger, request.enabled)
    if request.json:
        told = {**made.to_dict(), "enabled": request.enabled, "outcome": outcome}
        print(json.dumps({**told, "pipeline": pipeline.name, "version": pipeline.version}))
        return
    line = partial(print_line, Console())
    line(f"Pipeline: {pipeline.name} {pipeline.version}, {'uploaded' if uploaded else 'there already'}")
    line(f"Schedule: {name} {_TOLD[outcome]}")
    line(f"Cron:     {cron} (seconds first, in the server's time zone, usually UTC)")


def schedules(host: str | None, namespace: str | None, as_json: bool) -> None:
    """Prints all schedules.

    Raises:
        ConfigError: the server cannot be asked.
    """
    found = KubeflowClient(connect(host, namespace)).schedules()
    if as_json:
        print(json.dumps([each.to_dict() for each in found]))
    elif not found:
        print("There are no schedules.")
    else:
        Console(highlight=False).print(_table(found))


def unschedule(name: str, host: str | None, namespace: str | None, keep: bool) -> None:
    """Deletes a schedule, or keeps it without starting any more runs.

    Raises:
        ConfigError: there is none of that name, or the server cannot be asked.
    """
    count = end_schedule(KubeflowClient(connect(host, namespace)), name, keep)
    which = name if count == 1 else f"{name}, of which there were {count},"
    print_line(
        Console(), f"Schedule {which} {'pauses' if keep else 'is deleted; runs that it started go on'}."
    )


def _check_times(start: str | None, end: str | None) -> None:
    # All in one form and in UTC, so that they compare as text.
    if start is not None and end is not None and end <= start:
        raise ConfigError(f"--end {end} is not after --start {start}.")
    if end is not None and end <= f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}":
        raise ConfigError(f"--end {end} is over, so nothing would ever run.")


def _table(found: Sequence[Schedule]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Schedule", "Cron", "", "Catches up", "At once", "From", "Until"):
        table.add_column(column, overflow="fold")
    for each in found:
        trigger = each.trigger
        table.add_row(
            escape(each.name),
            trigger.cron or "by intervals",
            "[green]on[/]" if each.enabled else "[yellow]paused[/]",
            "yes" if trigger.catch_up else "no",
            str(trigger.concurrency),
            trigger.start or "",
            trigger.end or "",
        )
    return table
