"""`imgclf kubeflow runs`: the newest runs as a table."""

from __future__ import annotations

import json
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kubeflow.client import KubeflowClient
from kubeflow.connection import connect
from kubeflow.run_info import RunInfo

_COLOURS: Final = {"SUCCEEDED": "green", "FAILED": "bold red", "RUNNING": "cyan"}


def runs(host: str | None, namespace: str | None, limit: int, as_json: bool) -> None:
    """Prints the newest runs, newest first.

    Args:
        host: of Kubeflow Pipelines; None for what `kfp.Client` finds.
        namespace: of the user, where there are several.
        limit: how many at most.
        as_json: whether to print JSON instead of a table.

    Raises:
        ConfigError: the server cannot be asked.
    """
    found = KubeflowClient(connect(host, namespace)).runs(limit)
    if as_json:
        print(json.dumps([run.to_dict() for run in found]))
        return
    if not found:
        print("There are no runs.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Run", overflow="fold")
    table.add_column("State")
    table.add_column("Started")
    table.add_column("Took", justify="right")
    table.add_column("Link", overflow="fold")
    for run in found:
        started = f"{run.started.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(escape(run.name), state(run), started, duration(run), escape(run.link or run.run_id))
    Console(highlight=False).print(table)


def state(run: RunInfo) -> str:
    """The state in its colour, as markup."""
    colour = _COLOURS.get(run.state, "yellow")
    return f"[{colour}]{escape(run.state.lower())}[/]"


def duration(run: RunInfo) -> str:
    """How long a run took, or has taken so far, in hours, minutes and seconds."""
    minutes, seconds = divmod(round(run.seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
