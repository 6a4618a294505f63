"""What people see of a run: a line a stage while it runs, a table, and what to do next."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from components.image_folder.files.file_names import has_image_extension, is_hidden
from components.progress import PROGRESS_LOGGER
from pipeline.results.summary import Images, RunSummary, Stage
from pipeline.results.verdict import run_verdict
from pipeline.terminal.unbroken_line import print_line
from pipeline.workspace import DEFAULT_WORKSPACE
from serving.contract import version_folders

_MARKS: Final = {
    "ran": "[green]✓[/]",
    "cached": "[cyan]=[/]",
    "skipped": "[dim]-[/]",
    "failed": "[red]✗[/]",
}
_SET_ASIDE_SHOWN: Final = 10


class RunDisplay(logging.Handler):
    """Shows stages as they run.

    On a terminal, a spinner with the stage's latest progress; elsewhere, such
    as in a CI log, one line for each thing that happens.
    """

    def __init__(self, console: Console) -> None:
        """Prepares the display; `with` starts it.

        Args:
            console: where to print.
        """
        super().__init__()
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            # Rich would put its own streams in place of Python's, and show the frameworks' logs after all.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=None, note="")

    def __enter__(self) -> RunDisplay:
        """Starts listening to progress."""
        logger = logging.getLogger(PROGRESS_LOGGER)
        logger.setLevel(logging.INFO)
        logger.addHandler(self)
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops listening, and takes the spinner away."""
        self._progress.stop()
        logging.getLogger(PROGRESS_LOGGER).removeHandler(self)

    def waiting(self, what: str) -> None:
        """Shows the spinner for something that is no stage."""
        self._progress.reset(self._task, description=what, note="")

    def stage_started(self, name: str) -> None:
        """Shows the stage with a clock of its own."""
        self.waiting(name)

    def stage_finished(self, stage: Stage) -> None:
        """Leaves a line for the stage."""
        self._console.print(
            f"{_MARKS[stage.status]} {stage.name:<22} {stage.status:<7} {stage.seconds:6.1f} s"
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Shows progress within a stage."""
        if self._console.is_terminal:
            self._progress.update(self._task, note=record.getMessage())
        else:
            print_line(self._console, f"    {record.getMessage()}")


def print_summary(
    console: Console, summary: RunSummary, images: str | None, workspace: Path, seconds: float
) -> None:
    """Prints the table of stages, the verdict, and the next command to type.

    Args:
        console: where to print.
        summary: of the run.
        images: folder, manifest file or URI.
        workspace: as the user named it.
        seconds: from the command to now.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Stage")
    table.add_column("")
    table.add_column("Seconds", justify="right")
    begun = [stage for stage in summary.stages if stage.seconds > 0]
    for stage in begun:
        table.add_row(stage.name, f"{_MARKS[stage.status]} {stage.status}", f"{stage.seconds:.1f}")
    if len(begun) < len(summary.stages):
        further = f"{len(summary.stages) - len(begun)} further stages"
        table.add_row(further, f"{_MARKS['skipped']} skipped", "")
    table.add_row("[bold]with start-up[/]", "", f"[bold]{seconds:.1f}[/]")
    console.print()
    console.print(table)
    console.print()
    _print_images(console, summary)
    _print_verdict(console, summary)
    if summary.pushed is not None:
        options = "" if workspace == DEFAULT_WORKSPACE else f" --workspace {shlex.quote(str(workspace))}"
        models = Path(summary.pushed.path).parents[1]
        if len([model for model in models.iterdir() if version_folders(model)]) > 1:
            options += f" --name {summary.model}"
        print_line(console, f"Next:     {program()} predict {_an_image(images, summary.images)}{options}")
        print_line(console, f"          {program()} serve{options}")


def program() -> str:
    """How the user has to spell the command: its path, where a virtual environment is not active.

    The program that is running may be another, such as `tfx`.
    """
    installed = Path(sys.executable).with_name("imgclf")
    if shutil.which("imgclf") or not installed.is_file():
        return "imgclf"
    return shlex.quote(os.path.relpath(installed))


def _an_image(images: str | None, found: Images | None) -> str:
    """An image that the model can answer for, as one would type it: neither hidden nor set aside."""
    if not images or not Path(images).is_dir():
        return "IMAGE"
    lost = {item.file for item in found.set_aside} if found else set()
    for path in Path(images).rglob("*"):
        below = path.relative_to(images)
        if (
            has_image_extension(path.name)
            and not any(map(is_hidden, below.parts))
            and below.as_posix() not in lost
        ):
            return shlex.quote(_shown(path))
    return "IMAGE"


def _shown(path: str | Path) -> str:
    """A path as one would type it: relative to where one is, if it lies below."""
    return os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else str(path)


def _print_images(console: Console, summary: RunSummary) -> None:
    images = summary.images
    if images is None:
        return
    splits = ", ".join(f"{count} {split}" for split, count in images.per_split.items())
    print_line(
        console, f"Images:   {images.accepted} of {images.found} used ({splits}), laid out as {images.layout}"
    )
    told = [f"{count} {kind}" for kind, count in images.findings.items()]
    if told:
        print_line(console, f"Findings: {', '.join(told)}")
    for item in images.set_aside[:_SET_ASIDE_SHOWN]:
        print_line(console, f"          set aside: {item.file}: {item.reason}")
    if len(images.set_aside) > _SET_ASIDE_SHOWN:
        print_line(console, f"          and {len(images.set_aside) - _SET_ASIDE_SHOWN} more, in the report")
    for note in summary.notes:
        print_line(console, f"Note:     {note}")


def _print_verdict(console: Console, summary: RunSummary) -> None:
    tuned = summary.tuned
    if tuned is not None:
        best = ", ".join(f"{key} {value}" for key, value in tuned.values.items())
        print_line(
            console,
            f"Tuned:    {best} ({tuned.objective} {tuned.score:.4f} on the eval split, the best of "
            f"{tuned.trials} trials); filled in: {_shown(tuned.config)}",
        )
    candidate, baseline = summary.metrics.candidate, summary.metrics.baseline
    if candidate is not None:
        compared = f", {baseline['accuracy']:.4f} for {summary.metrics.baseline_name}" if baseline else ""
        between = summary.metrics.confidence_interval
        sure = f" (95 % interval {between[0]:.3f} to {between[1]:.3f})" if between else ""
        print_line(
            console,
            f"Accuracy: {candidate['accuracy']:.4f} on the {candidate['example_count']:.0f} "
            f"held-out images of the test split{sure}{compared}",
        )
    accepted = summary.metrics.accepted
    if accepted is not None:
        right = "" if accepted.accuracy is None else f", accuracy {accepted.accuracy:.4f}"
        print_line(
            console,
            f"Accepted: {accepted.answered} of these answers "
            f"(serving.reject_below {accepted.threshold:g}){right}",
        )
    if summary.pushed is not None:
        what = "pushed" if summary.pushed.new else "nothing to push; in production is"
        print_line(
            console, f"Model:    {what} version {summary.pushed.version}: {_shown(summary.pushed.path)}"
        )
    else:
        console.print(f"[bold red]{run_verdict(summary).words}.[/]")
        print_line(console, summary.reason or "")
    if summary.report is not None:
        print_line(console, f"Report:   {_shown(summary.report)}")
    print_line(console, f"Log:      {_shown(summary.log)}")
