from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import schema_utils

from components import contract
from components.contract import ConfigError
from components.example_schema.schema_rule import contract_schema, read_curated_schema

ONCE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
ENCODED = f'feature {{ name: "image/encoded" type: BYTES image_domain {{}} {ONCE} }}'
LABEL = f'feature {{ name: "image/class/label" type: INT {ONCE} }}'


def test_transform_parses_every_feature_as_one_dense_value() -> None:
    spec = schema_utils.schema_as_feature_spec(contract_schema(["cat", "dog"])).feature_spec
    text, number = (tf.io.FixedLenFeature([1], dtype) for dtype in (tf.string, tf.int64))
    assert spec == {
        contract.IMAGE_ENCODED: text,
        contract.IMAGE_FORMAT: text,
        contract.IMAGE_HEIGHT: number,
        contract.IMAGE_WIDTH: number,
        contract.IMAGE_CHANNELS: number,
        contract.IMAGE_FILENAME: text,
        contract.IMAGE_SHA256: text,
        contract.CLASS_TEXT: text,
        contract.CLASS_LABEL: number,
    }


def test_the_generated_schema_serves_as_a_curated_one(tmp_path: Path) -> None:
    file = tmp_path / "schema.pbtxt"
    file.write_text(text_format.MessageToString(contract_schema(['"quoted"', "Zürich"]), as_utf8=True))
    assert text_format.Parse(read_curated_schema(file), schema_pb2.Schema()).feature[
        7
    ].string_domain.value == [
        '"quoted"',
        "Zürich",
    ]


def test_a_curated_schema_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "schema.pbtxt"
    file.write_text(f"# Widths as of May.\n{ENCODED}\n{LABEL}\n")
    assert read_curated_schema(file) == file.read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it has no feature 'image/encoded'; it has no feature 'image/class/label'"),
        (ENCODED, "it has no feature 'image/class/label'"),
        (LABEL, "it has no feature 'image/encoded'"),
        (ENCODED + LABEL.replace("type", "deprecated: true type"), "no feature 'image/class/label'"),
        (ENCODED + LABEL.replace("type", "lifecycle_stage: DISABLED type"), "no feature 'image/class/label'"),
        (ENCODED.replace("image_domain {}", "") + LABEL, "'image/encoded' needs `image_domain {}`"),
        (ENCODED.replace("size: 1", "size: 2") + LABEL, "'image/encoded' needs `presence"),
        (ENCODED + LABEL.replace("min_fraction: 1", "min_fraction: 0.9"), "'image/class/label' needs `pres"),
        (ENCODED + LABEL + 'feature { name: "image/width" type: INT }', "'image/width' needs `presence"),
        (ENCODED + LABEL.replace("type", "drift_comparator {} type"), "label' has a `drift_comparator`"),
        (ENCODED + LABEL.replace("type", "skew_comparator {} type"), "label' has a `skew_comparator`"),
        (
            ENCODED + LABEL + "dataset_constraints { num_examples_drift_comparator {} }",
            "it has a `num_examples_drift_comparator`",
        ),
        (ENCODED + LABEL + LABEL.replace("type", "int_domain { max: 5 } type"), "label' is there 2 times"),
        (ENCODED + LABEL.replace("type", "deprecated: true type") + LABEL, "label' is there 2 times"),
        (ENCODED + LABEL + 'sparse_feature { name: "s" }', "it has a `sparse_feature`"),
        (
            ENCODED + LABEL + 'tensor_representation_group { key: "" value {} }',
            "it has a `tensor_representation_group`",
        ),
        (
            ENCODED.replace("domain {}", "domain { minimum_supported_image_fraction: 1 }") + LABEL,
            "'image/encoded' has a `minimum_supported_image_fraction`, which takes statistics",
        ),
        (ENCODED + LABEL + 'feature { name: "x" typ: INT }', "not a TFDV schema in protobuf's text format"),
        (ENCODED + "\n" + LABEL + "\n}", "line 3: "),
        ("\x89PNG\r\n", "is not a TFDV schema"),
    ],
)  # fmt: skip
def test_what_the_pipeline_cannot_work_with(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "schema.pbtxt"
    file.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        read_curated_schema(file)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("data.schema_file: ")
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_byte_order_mark_is_no_part_of_the_schema(tmp_path: Path) -> None:
    file = tmp_path / "schema.pbtxt"
    file.write_text(f"\ufeff{ENCODED}\r\n{LABEL}\r\n", "utf-8")
    assert read_curated_schema(file).startswith("feature")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_curated_schema(tmp_path / "nowhere.pbtxt")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_curated_schema(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        read_curated_schema(tmp_path / "binary")
