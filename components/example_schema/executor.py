"""Executor of ExampleSchemaGen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tfx.dsl.components.base import base_executor
from tfx.types import artifact, artifact_utils

from components.contract import LABELS_FILE, SCHEMA_FILE
from components.example_schema.schema_rule import contract_schema
from components.label_map import read_labels


class Executor(base_executor.BaseExecutor):
    """Writes the curated schema, or the one that follows from the label file."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the Schema artifact."""
        text = exec_properties["curated"]
        if not text:
            examples = Path(artifact_utils.get_single_uri(input_dict["examples"]))
            schema = contract_schema(read_labels(examples / LABELS_FILE))
            text = text_format.MessageToString(schema, as_utf8=True)
        directory = Path(artifact_utils.get_single_uri(output_dict["schema"]))
        (directory / SCHEMA_FILE).write_text(text, "utf-8")
