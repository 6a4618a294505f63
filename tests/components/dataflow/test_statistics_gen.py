"""StatisticsGen on shards that are not as ingest wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.artifact import Artifact

from components.contract import CLASS_LABEL, ConfigError
from components.dataflow.statistics_gen import Executor
from components.example_schema.schema_rule import contract_schema


def _example(label: int) -> bytes:
    value = tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))
    example = tf.train.Example(features=tf.train.Features(feature={CLASS_LABEL: value}))
    return example.SerializeToString()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("cut", "flipped", "what"), [(3, 0, "Fewer than 34 bytes"), (0, 30, "Mismatch of data mask")]
)
def test_a_damaged_shard_is_named_without_its_bytes(
    tmp_path: Path, cut: int, flipped: int, what: str
) -> None:
    folder = tmp_path / "7"
    (folder / "Split-train").mkdir(parents=True)
    shard = folder / "Split-train" / "images.tfrecord"
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for label in range(3):
            writer.write(_example(label))
    data = bytearray(shard.read_bytes())
    data[-flipped - 1] ^= 4 * bool(flipped)
    shard.write_bytes(data[: len(data) - cut])
    examples = _at(standard_artifacts.Examples(), folder)
    examples.split_names = artifact_utils.encode_split_names(["train"])
    schema = _at(standard_artifacts.Schema(), tmp_path / "schema")
    Path(schema.uri).mkdir()
    Path(schema.uri, "schema.pbtxt").write_text(str(contract_schema(["cat", "dog"])))
    statistics = _at(standard_artifacts.ExampleStatistics(), tmp_path / "statistics")
    with pytest.raises(
        ConfigError, match=rf"^A shard in .*/7 is damaged \({what}\)\. .* or delete the folder"
    ):
        Executor(Executor.Context(beam_pipeline_args=[])).Do(
            {"examples": [examples], "schema": [schema]},
            {"statistics": [statistics]},
            {"exclude_splits": "[]"},
        )


def _at(artifact: Artifact, folder: Path) -> Artifact:
    artifact.uri = str(folder)
    return artifact
