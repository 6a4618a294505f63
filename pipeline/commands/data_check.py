"""`imgclf data check`: what a run would find out about the images themselves, without a run."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.class_balance.balance_report import judge
from components.class_balance.report_lines import lines
from components.contract import ConfigError
from components.image_folder.data_report import DataReport
from components.image_folder.files.list_images import list_images
from components.image_folder.policies import KINDS
from components.label_map import extend_labels
from components.pusher.ledger import Ledger
from pipeline.config import Config, load_config
from pipeline.exit_codes import INVALID_DATA_EXIT, PUSHED_EXIT
from pipeline.output_capture import captured_output, quiet_tensorflow
from pipeline.preparation.preflight import resolve_data
from pipeline.results.verdict import check_verdict
from pipeline.run_report.page import PageInput, write_page
from pipeline.terminal.console import RunDisplay
from pipeline.terminal.unbroken_line import print_line
from pipeline.workspace import DEFAULT_WORKSPACE, Workspace

_FILES_SHOWN: Final = 3


@dataclass(frozen=True)
class CheckRequest:
    """What the user asked for.

    Attributes:
        images: folder, manifest file or URI; None to take it from the configuration.
        config: YAML file; None for the defaults.
        overrides: `key=value`.
        workspace: whose published labels keep their ids.
        page: file for the report as a page; None for no page.
        json: whether to print the report as JSON instead of text for people.
    """

    images: str | None = None
    config: Path | None = None
    overrides: Sequence[str] = field(default=())
    workspace: Path = DEFAULT_WORKSPACE
    page: Path | None = None
    json: bool = False


def check_data(request: CheckRequest) -> int:
    """Looks at every image, and prints what is amiss.

    Returns:
        The exit code: 0 fit to train on, 3 the images would be refused.

    Raises:
        ConfigError: a wrong setting, or no such images.
        DataError: images whose labels cannot be made sense of.
    """
    began = datetime.now().astimezone()
    if request.page is not None:
        _require_writable(request.page)
    config = load_config(request.config, request.overrides)
    config = config.model_copy(update={"data": resolve_data(config.data, request.images)})
    # TensorFlow's decoders write to standard error about each file that they refuse.
    with captured_output(Path(os.devnull)) as screen:
        screen_console = Console(file=screen, quiet=request.json, highlight=False)
        report, notes, remedies = _look(config, request, screen_console)
    if request.page is not None:
        page = PageInput(
            when=began,
            images=str(config.data.images),
            policies=config.data.policies,
            data=report,
            balance_lines=notes,
            remedies=remedies,
        )
        write_page(request.page, page)
    if request.json:
        sys.stdout.write(report.to_json().decode() + "\n")
    else:
        _print_report(Console(highlight=False), report, notes, request.page)
    return INVALID_DATA_EXIT if report.violations else PUSHED_EXIT


def _require_writable(page: Path) -> None:
    """Refuses at once what would be noticed only when all images have been looked at."""
    if page.is_dir() or not page.name:
        raise ConfigError(f"--page {page} is a folder. Name a file, such as {page / 'report.html'}.")
    if not page.absolute().parent.is_dir():
        raise ConfigError(f"--page {page}: there is no folder {page.parent}.")


def _look(
    config: Config, request: CheckRequest, console: Console
) -> tuple[DataReport, list[str], dict[str, dict[str, float]]]:
    listing = list_images(config.data)
    published = Ledger.read(Workspace(request.workspace.absolute()).model_dir(config.name)).labels
    labels = extend_labels(published, listing.labels, pinned=config.data.labels.file is not None)
    with RunDisplay(console) as display:
        display.waiting(f"looking at {len(listing.files)} files")
        quiet_tensorflow()
        from components.image_folder.folder_check import check_folder

        report = check_folder(listing, config.data, labels)
    balance = judge(report, None, config.balance)
    notes = lines(balance)
    new = [label for label in labels if label not in published]
    if published and new:
        notes.insert(0, f"new classes since the last push: {', '.join(new)}")
    report = replace(report, violations=(*report.violations, *balance.violations))
    return report, notes, balance.remedies


def _print_report(console: Console, report: DataReport, notes: Sequence[str], page: Path | None) -> None:
    line = partial(print_line, console)
    splits = ", ".join(f"{sum(counts.values())} {split}" for split, counts in report.counts.items())
    line(f"Images:   {report.accepted} of {report.found} used ({splits}), laid out as {report.layout}")
    line(f"Classes:  {_classes(report)}")
    line(f"Size:     {report.statistics.suggested_image_size} pixels suggested for model.image_size")
    if report.statistics.channel_mean and report.statistics.channel_std:
        mean, deviation = (
            " ".join(f"{value:.1f}" for value in values)
            for values in (report.statistics.channel_mean, report.statistics.channel_std)
        )
        line(f"Colours:  mean {mean}, standard deviation {deviation} (red, green, blue, from 0 to 255)")
    for note in notes:
        line(f"Note:     {note}")
    if report.findings:
        console.print()
        console.print(_findings(report))
    console.print()
    verdict = check_verdict(report)
    colour = {"good": "green", "warning": "yellow", "bad": "bold red"}[verdict.tone]
    console.print(f"[{colour}]{escape(verdict.words)}.[/]")
    for violation in report.violations:
        line(f"- {violation}")
    if page is not None:
        line(f"Report:   {page}")


def _classes(report: DataReport) -> str:
    totals = Counter(
        {label: sum(split[label] for split in report.counts.values()) for label in report.labels}
    )
    ranked = totals.most_common()
    if len(ranked) > 2 * _FILES_SHOWN:
        few, many = ranked[-_FILES_SHOWN:], ranked[:_FILES_SHOWN]
        return f"{len(ranked)}: {_listed(many)}, … {_listed(few)}"
    return _listed(ranked)


def _listed(ranked: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{label} {count}" for label, count in ranked)


def _findings(report: DataReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Finding")
    table.add_column("Files", justify="right")
    table.add_column("Done")
    table.add_column("For example", overflow="fold")
    for kind in KINDS:
        found = [finding for finding in report.files if finding.kind == kind]
        if found:
            done = ", ".join(sorted({finding.action for finding in found}))
            example = f"{found[0].file}: {found[0].reason}"
            table.add_row(kind, str(len(found)), done, escape(example))
    return table
