"""From what a run left behind to its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from components.contract import DATA_REPORT_FILE
from components.image_folder.data_report import DataReport
from pipeline.config import Config
from pipeline.output_capture import log_traceback
from pipeline.run_report.page import PageInput, write_page
from pipeline.summary import RunSummary

if TYPE_CHECKING:
    from pipeline.outcome import Artifacts

PAGE_FILE = "report.html"


def with_page(
    summary: RunSummary,
    *,
    config: Config,
    run_dir: Path,
    began: datetime,
    artifacts: Mapping[str, Artifacts],
    refused: DataReport | None,
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
        refused: what is known of images that ingest refused.
    """
    path = run_dir / PAGE_FILE
    try:
        summary = replace(summary, report=str(path))
        data_report = _data_report_path(artifacts)
        if refused is not None:
            data_report = run_dir / DATA_REPORT_FILE
            refused.write(data_report)
        page = PageInput(
            when=began,
            images=config.data.images or "",
            policies=config.data.policies,
            data=refused or _data_report(artifacts),
            data_report=None if data_report is None else str(data_report),
            summary=summary,
        )
        write_page(path, page)
    except Exception:
        log_traceback()
        return replace(summary, report=None)
    return summary


def _data_report(artifacts: Mapping[str, Artifacts]) -> DataReport | None:
    path = _data_report_path(artifacts)
    return None if path is None else DataReport.read(path)


def _data_report_path(artifacts: Mapping[str, Artifacts]) -> Path | None:
    found = artifacts.get("ImageFolderExampleGen", {}).get("data_report")
    return Path(found[0].uri) / DATA_REPORT_FILE if found else None
