"""Executor of ExampleValidator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.components.example_validator import executor
from tfx.proto.orchestration import execution_result_pb2
from tfx.types import artifact, artifact_utils

from components.contract import DataError
from components.example_validation.anomaly_text import anomalies_in_words


class Executor(executor.Executor):
    """Lets TFX's own executor validate, and reads what it found."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> execution_result_pb2.ExecutorOutput:
        """Raises DataError on an anomaly, so that nothing downstream runs."""
        output = super().Do(input_dict, output_dict, exec_properties)
        anomalies = artifact_utils.get_single_instance(output_dict["anomalies"])
        found = {}
        for split in artifact_utils.decode_split_names(anomalies.split_names):
            path = Path(artifact_utils.get_split_uri([anomalies], split)) / executor.DEFAULT_FILE_NAME
            found[split] = anomalies_pb2.Anomalies.FromString(path.read_bytes())
        sentences = anomalies_in_words(found)
        if sentences:
            raise DataError(
                "The images do not fit the schema: " + "; ".join(sentences) + ". Mend the images, or adapt "
                "the schema in data.schema_file."
            )
        return output
