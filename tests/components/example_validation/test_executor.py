"""TFDV's own verdict on real records, by the schema that follows from the contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_data_validation.statistics import stats_impl
from tfx.types import artifact_utils, standard_artifacts
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from components import contract
from components.contract import SPLITS, DataError
from components.example_schema.schema_rule import contract_schema
from components.example_validation.executor import Executor
from components.example_validation.statistics_options import statistics_options
from tests.image_files import image_bytes

LABELS = [f"class {number}" for number in range(1200)]

Record = dict[str, bytes | int]


def _record(number: int = 0, **changes: bytes | int) -> Record:
    data = image_bytes(number, "PNG")
    record: Record = {
        contract.IMAGE_ENCODED: data,
        contract.IMAGE_FORMAT: b"PNG",
        contract.IMAGE_HEIGHT: 24,
        contract.IMAGE_WIDTH: 32,
        contract.IMAGE_CHANNELS: 3,
        contract.IMAGE_FILENAME: f"{number}.png".encode(),
        contract.IMAGE_SHA256: f"{number:064x}".encode(),
        contract.CLASS_TEXT: LABELS[number % 3].encode(),
        contract.CLASS_LABEL: number % 3,
    }
    return record | {f"image/{key}": value for key, value in changes.items()}


def _without(record: Record, key: str) -> Record:
    return {name: value for name, value in record.items() if name != key}


def _serialize(record: Record) -> bytes:
    def feature(value: bytes | int) -> tf.train.Feature:
        if isinstance(value, int):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    features = tf.train.Features(feature={key: feature(value) for key, value in record.items()})
    return tf.train.Example(features=features).SerializeToString()


FITTING = [_record(number) for number in range(9)]


@pytest.fixture
def validate(tmp_path: Path) -> Callable[[dict[str, list[Record]]], None]:
    """Runs the executor on these records; the splits that are not given are fine."""

    def run(records: dict[str, list[Record]]) -> None:
        schema = contract_schema(LABELS)
        artifacts = {
            "statistics": standard_artifacts.ExampleStatistics(),
            "schema": standard_artifacts.Schema(),
            "anomalies": standard_artifacts.ExampleAnomalies(),
        }
        for key, artifact in artifacts.items():
            artifact.uri = str(tmp_path / key)
            (tmp_path / key).mkdir()
        artifacts["statistics"].split_names = artifact_utils.encode_split_names(list(SPLITS))
        (tmp_path / "schema" / contract.SCHEMA_FILE).write_text(text_format.MessageToString(schema))
        for split in SPLITS:
            batch = ExamplesToRecordBatchDecoder().DecodeBatch(
                list(map(_serialize, records.get(split, FITTING)))
            )
            options = statistics_options()
            options.schema = schema
            statistics = stats_impl.generate_statistics_in_memory(batch, options)
            (tmp_path / "statistics" / f"Split-{split}").mkdir()
            path = tmp_path / "statistics" / f"Split-{split}" / "FeatureStats.pb"
            path.write_bytes(statistics.SerializeToString())
        inputs = {key: [artifacts[key]] for key in ("statistics", "schema")}
        Executor().Do(inputs, {"anomalies": [artifacts["anomalies"]]}, {"code": ""})

    return run


@pytest.mark.parametrize(
    "records",
    [
        FITTING,
        FITTING[:1],
        [],
        [_record(3), _record(4)],
        [_record(number, format=b"JPEG") for number in range(4)],
        [*FITTING, _record(9, format=b"GIF"), _record(10, format=b"BMP")],
        [_record(9, height=1, width=1, channels=1), _record(10, channels=4, width=2**31)],
        [*FITTING, _record(9, filename=b"\xff\xfe/\n.png")],
        [_record(number, filename=b"same.png") for number in range(3)],
        [
            *FITTING,
            _record(9, **{"class/text": LABELS[-1].encode(), "class/label": len(LABELS) - 1}),
        ],
    ],
    ids=[
        "usual", "one image", "an empty split", "a class missing", "JPEG only", "every format",
        "extreme sizes", "a name that is not UTF-8", "equal names", "the last class only once",
    ],
)  # fmt: skip
def test_no_false_alarm(validate: Callable[..., None], records: list[Record]) -> None:
    validate(dict.fromkeys(SPLITS, records))


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (_record(9, **{"class/text": b"no such class"}), "image/class/text in the {} split: unexpected"),
        (_record(9, **{"class/label": len(LABELS)}), "image/class/label in the {} split: out-of-range"),
        (_record(9, **{"class/label": -1}), "image/class/label in the {} split: out-of-range"),
        (_record(9, format=b"TIFF"), "missing from the schema: TIFF"),
        (_record(9, height=0), "image/height in the {} split: out-of-range values (Unexpectedly small value"),
        (_record(9, width=0), "image/width in the {} split: out-of-range values (Unexpectedly small value"),
        (_record(9, channels=0), "image/channels in the {} split: out-of-range"),
        (_record(9, channels=5), "image/channels in the {} split: out-of-range"),
        (_record(9, extra=1), "image/extra in the {} split: new column"),
        *(
            (_without(_record(9), key), f"{key} in the {{}} split: feature shape dropped")
            for key in _record()
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("split", SPLITS)
def test_what_does_not_fit_is_named(
    validate: Callable[..., None], split: str, record: Record, words: str
) -> None:
    with pytest.raises(DataError) as refusal:
        validate({split: [*FITTING, record]})
    assert words.format(split) in str(refusal.value)
    assert str(refusal.value).count(" split: ") == 1
    assert str(refusal.value).endswith("Mend the images, or adapt the schema in data.schema_file.")


def test_text_in_place_of_numbers(validate: Callable[..., None]) -> None:
    with pytest.raises(DataError, match="image/width in the train split: "):
        validate({"train": [_record(width=b"32")]})


def test_one_wrong_id_among_more_than_a_thousand_is_found(validate: Callable[..., None]) -> None:
    usual = _record()
    records = [usual | {contract.CLASS_LABEL: number} for number in range(1100) for _ in range(2)]
    with pytest.raises(DataError, match="Unexpectedly large value: 1200"):
        validate({"train": [*records, usual | {contract.CLASS_LABEL: 1200}]})


def test_one_unknown_class_among_more_than_a_thousand_is_found(validate: Callable[..., None]) -> None:
    usual = _record()
    known = [usual | {contract.CLASS_TEXT: label.encode()} for label in LABELS for _ in range(2)]
    unknown = usual | {contract.CLASS_TEXT: b"class 5 or so"}
    with pytest.raises(DataError, match="image/class/text in the train split: unexpected string"):
        validate({"train": [*known[:100], unknown, *known[100:]]})
