"""Puts the page together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from components.contract import TEST, TRAIN
from components.image_folder.data_report import DataReport
from components.image_folder.findings import printable
from components.image_folder.policies import PolicySettings
from components.whole_file import write_whole
from pipeline.results.summary import RunSummary
from pipeline.results.verdict import check_verdict, problems_of, run_verdict
from pipeline.run_report.charts import class_sizes_chart, statistics_charts
from pipeline.run_report.class_table import LISTED, class_table
from pipeline.run_report.findings_table import MOST_FILES, finding_groups
from pipeline.run_report.kept_epoch import kept_epoch, what_was_kept
from pipeline.run_report.learning_curves import learning_curves
from pipeline.run_report.score_table import score_table
from pipeline.run_report.training_result import TrainingResult

_PACKAGE: Final = "pipeline.run_report"


@dataclass(frozen=True)
class PageInput:
    """What a page is made of; it has a data report, a summary, or both.

    Attributes:
        when: the run or the check began.
        images: the folder, manifest or URI that was asked for.
        policies: as configured.
        data: None when ingest did not get that far.
        data_report: path of the data report; None when it was not kept.
        summary: None when only the data was checked.
        balance_lines: sentences about the classes' balance and drift.
        remedies: heading of what evens the classes out → label → factor.
        training: None when nothing was trained.
    """

    when: datetime
    images: str
    policies: PolicySettings
    data: DataReport | None = None
    data_report: str | None = None
    summary: RunSummary | None = None
    balance_lines: Sequence[str] = ()
    remedies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    training: TrainingResult | None = None


def write_page(path: Path, page: PageInput) -> None:
    """Writes the page; see `render`.

    Raises:
        OSError: the file cannot be written; a page that was there before stays as it was.
    """
    write_whole(path, render(page).encode())


def render(page: PageInput) -> str:
    """The page as HTML that needs nothing from anywhere; the same input gives the same text.

    Raises:
        ValueError: there is neither a data report nor a summary.
    """
    import jinja2

    data, summary = page.data, page.summary
    if summary is not None:
        verdict = run_verdict(summary)
    elif data is not None:
        verdict = check_verdict(data)
    else:
        raise ValueError("a page needs a data report or the summary of a run")
    table = None if data is None else class_table(data.counts, page.remedies)
    sizes_chart = class_sizes_chart(table.sizes) if table is not None and table.omitted else None
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    return environment.get_template("template.html").render(
        page=page,
        data=data,
        summary=summary,
        verdict=verdict,
        problems=problems_of(data, summary),
        groups=[] if data is None else finding_groups(data, page.policies),
        most_files=MOST_FILES,
        classes=table,
        listed=LISTED,
        needed=(TRAIN, TEST),
        sizes_chart=sizes_chart,
        charts=[] if data is None else statistics_charts(data.statistics),
        scores=None if summary is None else score_table(summary.metrics),
        kept_epoch=kept_epoch(page.training.epochs) if page.training else None,
        what_was_kept=what_was_kept(page.training.epochs) if page.training else "",
        curves=learning_curves(page.training.epochs) if page.training else [],
    )


def _shown(value: Any) -> Any:
    """Names of files come from anywhere: none may break the page's encoding or its lines."""
    return printable(value) if type(value) is str else value
