"""Executor of ServingCheck."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact, artifact_utils
from tfx.utils import path_utils

from components.contract import GOLDEN_ANSWERS_FILE, SERVING_CHECK_REPORT_FILE
from components.serving_check.check import check_servable, read_golden_answers
from components.serving_check.settings import ServingCheckSettings


class Executor(base_executor.BaseExecutor):
    """Checks the model, writes the report and the blessing."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes an InfraBlessing, as TFX's InfraValidator does."""
        settings = ServingCheckSettings.model_validate_json(exec_properties["settings"])
        model_uri = artifact_utils.get_single_uri(input_dict["model"])
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        golden = read_golden_answers(Path(model_uri) / GOLDEN_ANSWERS_FILE)
        report = check_servable(Path(path_utils.serving_model_path(model_uri)), golden, settings)
        report.write(Path(blessing.uri) / SERVING_CHECK_REPORT_FILE)
        (Path(blessing.uri) / ("INFRA_NOT_BLESSED" if report.problems else "INFRA_BLESSED")).touch()
        blessing.set_int_custom_property("blessed", 0 if report.problems else 1)
