"""`imgclf kubeflow …`. Imports nothing heavy until a command needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)

_Pipeline = Annotated[Path, typer.Argument(metavar="PIPELINE", help="The compiled pipeline, a YAML file.")]
_Host = Annotated[
    str | None,
    typer.Option("--host", envvar="KFP_ENDPOINT", help="Address of Kubeflow Pipelines; else what kfp finds."),
]
_Namespace = Annotated[
    str | None,
    typer.Option("--namespace", envvar="KFP_NAMESPACE", help="Yours, where Kubeflow has several users."),
]
_Experiment = Annotated[
    str | None, typer.Option("--experiment", help="That runs belong to; else named after the pipeline.")
]
_Images = Annotated[str | None, typer.Option("--images", help="The images, as the pods see them.")]
_Span = Annotated[str | None, typer.Option("--span", help="Which span of the images.")]
_Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one setting, as training.epochs=3."),
]
_ServiceAccount = Annotated[
    str | None, typer.Option("--service-account", help="Of the pods; else the one compiled in.")
]
# Options with an opposite make a wide table of whichever they are in, and there are long ones elsewhere.
_SWITCHES = "Switches"
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]


@app.callback()
def kubeflow() -> None:
    """Run the pipeline on Kubeflow Pipelines, now or on a schedule."""


@app.command(name="compile")
def compile_pipeline(
    config: Annotated[Path | None, typer.Option("--config", help="A YAML configuration.")] = None,
    overrides: _Overrides = None,
    output: Annotated[Path, typer.Option("--output", help="The file to write.")] = Path("pipeline.yaml"),
) -> None:
    """Write the pipeline as a file that Kubeflow Pipelines takes; the same input gives the same bytes."""
    from kubeflow.compile_command import compile_file

    for line in compile_file(config, tuple(overrides or ()), output):
        typer.echo(line)


@app.command()
def run_local(
    pipeline: _Pipeline,
    volume: Annotated[
        Path, typer.Option("--volume", help="A folder in place of the volume that all pods share.")
    ] = Path(".imgclf-volume"),
    images: Annotated[
        str | None, typer.Option("--images", help="The images: folder, manifest file or URI.")
    ] = None,
    span: _Span = None,
    run_name: Annotated[str | None, typer.Option("--run-name", help="Comes before the run's id.")] = None,
    overrides: _Overrides = None,
    database: Annotated[
        bool,
        typer.Option(
            "--database", help="Keep metadata in the database that the file and the environment name."
        ),
    ] = False,
) -> None:
    """Run a compiled pipeline here, each step's own command in a process of its own.

    Exit code: that of the step that failed; 0 when none did.
    """
    from rich.console import Console

    from kubeflow.run_local_command import RunLocalRequest
    from kubeflow.run_local_command import run_local as run_steps

    request = RunLocalRequest(
        pipeline, volume, images, span, run_name, tuple(overrides or ()), metadata=database
    )
    raise typer.Exit(run_steps(request, Console()))


@app.command()
def submit(
    pipeline: _Pipeline,
    host: _Host = None,
    namespace: _Namespace = None,
    experiment: _Experiment = None,
    run_name: Annotated[
        str | None, typer.Option("--run-name", help="Else the pipeline's name and the time.")
    ] = None,
    images: _Images = None,
    span: _Span = None,
    overrides: _Overrides = None,
    service_account: _ServiceAccount = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the run's end.")] = False,
    json: _Json = False,
) -> None:
    """Start a run of a compiled pipeline.

    Exit code: 0 submitted, or with --wait succeeded; 2 command line, pipeline or server; 1 the run failed.
    """
    from kubeflow.submit_command import SubmitRequest
    from kubeflow.submit_command import submit as submit_run

    request = SubmitRequest(
        pipeline=pipeline,
        host=host,
        namespace=namespace,
        experiment=experiment,
        run_name=run_name,
        images=images,
        span=span,
        overrides=tuple(overrides or ()),
        service_account=service_account,
        wait=wait,
        json=json,
    )
    raise typer.Exit(submit_run(request))


@app.command()
def schedule(
    pipeline: _Pipeline,
    cron: Annotated[
        str,
        typer.Option(
            "--cron",
            help="When, in five fields, as '0 3 * * 1', or six with the seconds first; in the server's time "
            "zone, usually UTC.",
        ),
    ],
    host: _Host = None,
    namespace: _Namespace = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the schedule; else the pipeline's. It replaces another.")
    ] = None,
    experiment: _Experiment = None,
    images: _Images = None,
    span: _Span = None,
    overrides: _Overrides = None,
    service_account: _ServiceAccount = None,
    catch_up: Annotated[
        bool,
        typer.Option(
            "--catch-up/--no-catch-up", help="Make up for runs that were missed.", rich_help_panel=_SWITCHES
        ),
    ] = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=10, help="How many of its runs may go on at once.")
    ] = 1,
    start: Annotated[
        str | None,
        typer.Option("--start", help="From when on, as 2030-01-31T06:00, in UTC, or 2030-01-31T06:00+01:00."),
    ] = None,
    end: Annotated[str | None, typer.Option("--end", help="Until when, likewise.")] = None,
    enabled: Annotated[
        bool,
        typer.Option("--enabled/--paused", help="Whether it starts runs.", rich_help_panel=_SWITCHES),
    ] = True,
    json: _Json = False,
) -> None:
    """Run a compiled pipeline again and again."""
    from kubeflow.schedule_command import ScheduleRequest
    from kubeflow.schedule_command import schedule as set_schedule

    request = ScheduleRequest(
        pipeline=pipeline,
        cron=cron,
        host=host,
        namespace=namespace,
        name=name,
        experiment=experiment,
        images=images,
        span=span,
        overrides=tuple(overrides or ()),
        service_account=service_account,
        catch_up=catch_up,
        concurrency=concurrency,
        start=start,
        end=end,
        enabled=enabled,
        json=json,
    )
    set_schedule(request)


@app.command()
def runs(
    host: _Host = None,
    namespace: _Namespace = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 20,
    json: _Json = False,
) -> None:
    """List the newest runs."""
    from kubeflow.runs_command import runs as list_runs

    list_runs(host, namespace, limit, json)


@app.command()
def schedules(host: _Host = None, namespace: _Namespace = None, json: _Json = False) -> None:
    """List the schedules."""
    from kubeflow.schedule_command import schedules as list_schedules

    list_schedules(host, namespace, json)


@app.command()
def unschedule(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the schedule.")],
    host: _Host = None,
    namespace: _Namespace = None,
    keep: Annotated[bool, typer.Option("--keep", help="Pause it instead of deleting it.")] = False,
) -> None:
    """Delete a schedule. Runs that it has started go on."""
    from kubeflow.schedule_command import unschedule as end_schedule

    end_schedule(name, host, namespace, keep)
