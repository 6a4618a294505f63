"""Executor of ClassBalanceValidator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact, artifact_utils

from components.class_balance.balance_report import BalanceReport, PreviousRun, judge
from components.class_balance.settings import BalanceSettings
from components.contract import BALANCE_REPORT_FILE, DATA_REPORT_FILE, DataError
from components.image_folder.data_report import DataReport


class Executor(base_executor.BaseExecutor):
    """Reads ingest's data report and the previous balance report, judges, writes the balance report."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Raises DataError on a violation, so that nothing downstream runs."""
        settings = BalanceSettings.model_validate_json(exec_properties["settings"])
        data = Path(artifact_utils.get_single_uri(input_dict["data_report"]))
        report = judge(
            DataReport.read(data / DATA_REPORT_FILE), _previous(exec_properties["previous"]), settings
        )
        if report.violations:
            raise DataError(
                "The images cannot be trained on as they are: " + "; ".join(report.violations) + "."
            )
        report.write(Path(artifact_utils.get_single_uri(output_dict["balance"])) / BALANCE_REPORT_FILE)


def _previous(uri: str) -> PreviousRun | None:
    return PreviousRun(uri, BalanceReport.read(Path(uri) / BALANCE_REPORT_FILE).profile) if uri else None
