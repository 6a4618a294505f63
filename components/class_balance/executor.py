"""Executor of ClassBalanceValidator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact, artifact_utils

from components.class_balance.balance_rule import judge_balance
from components.class_balance.settings import BalanceSettings
from components.contract import BALANCE_REPORT_FILE, INGEST_REPORT_FILE, DataError
from components.image_folder.ingest_report import IngestReport


class Executor(base_executor.BaseExecutor):
    """Reads ingest's counts, judges them, writes the report."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Raises DataError on a violation, so that nothing downstream runs."""
        settings = BalanceSettings.model_validate_json(exec_properties["settings"])
        examples = Path(artifact_utils.get_single_uri(input_dict["examples"]))
        report = judge_balance(IngestReport.read(examples / INGEST_REPORT_FILE).counts, settings)
        if report.violations:
            raise DataError(
                "The classes cannot be trained on as they are: " + "; ".join(report.violations) + "."
            )
        report.write(Path(artifact_utils.get_single_uri(output_dict["balance"])) / BALANCE_REPORT_FILE)
