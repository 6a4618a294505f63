"""From what a run left behind to its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from components.image_folder.data_report import DataReport
from pipeline.config import Config
from pipeline.output_capture import log_traceback
from pipeline.results.outcome import Artifacts, balance_report, data_report_path, model_run_path
from pipeline.results.summary import RunSummary
from pipeline.run_report.page import PageInput, write_page
from pipeline.run_report.training_result import read_training

PAGE_FILE = "report.html"


def with_page(
    summary: RunSummary,
    *,
    config: Config,
    run_dir: Path,
    began: datetime,
    artifacts: Mapping[str, Artifacts],
) -> RunSummary:
    """Writes the run's page, and puts its path into the summary.

    A page that cannot be written is no reason to call a run a failure: the
    summary is then as it was, and the log has the traceback.

    Args:
        summary: of the run.
        config: of the run.
        run_dir: where the page goes.
        began: when the run did.
        artifacts: node id → output key → artifacts, of the stages that succeeded.
    """
    path = run_dir / PAGE_FILE
    try:
        summary = replace(summary, report=str(path))
        data_report = data_report_path(artifacts)
        balance = balance_report(artifacts)
        model_run = model_run_path(artifacts)
        page = PageInput(
            when=began,
            images=config.data.images or "",
            policies=config.data.policies,
            data=None if data_report is None else DataReport.read(data_report),
            data_report=None if data_report is None else str(data_report),
            summary=summary,
            balance_lines=summary.notes,
            remedies=balance.remedies if balance else {},
            training=None if model_run is None else read_training(model_run),
        )
        write_page(path, page)
    except Exception:
        log_traceback()
        return replace(summary, report=None)
    return summary
