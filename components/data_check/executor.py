"""Executor of DataCheck."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact, artifact_utils

from components.contract import DATA_REPORT_FILE, DATA_VERDICT_FILE, DataError
from components.image_folder.data_report import DataReport


class Executor(base_executor.BaseExecutor):
    """Reads the data report; what it says is the verdict."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Raises DataError on a violation, so that nothing downstream runs."""
        folder = Path(artifact_utils.get_single_uri(input_dict["data_report"]))
        report = DataReport.read(folder / DATA_REPORT_FILE)
        if report.violations:
            raise DataError(refusal(report))
        verdict = Path(artifact_utils.get_single_uri(output_dict["verdict"])) / DATA_VERDICT_FILE
        verdict.write_text(json.dumps({"images": report.accepted, "violations": []}), "utf-8")


def refusal(report: DataReport) -> str:
    """Why the images are refused, as one sentence."""
    return (
        f"The images in {report.root} cannot be trained on as they are: {'; '.join(report.violations)}. "
        "Mend or remove the files, or change the setting that is named."
    )
