from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.example_validation.anomaly_text import anomalies_in_words

FORMAT = """
anomaly_info {
  key: "image/format"
  value {
    description: "Examples contain values missing from the schema: PNG (~50%). "
    short_description: "Unexpected string values"
    reason {
      short_description: "Unexpected string values"
      description: "Examples contain values missing from the schema: PNG (~50%). "
    }
  }
}
"""


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("", []),
        ("data_missing: true", []),
        (
            FORMAT,
            [
                "image/format in the train split: unexpected string values "
                "(Examples contain values missing from the schema: PNG (~50%))"
            ],
        ),
        (
            'anomaly_info { key: "w" value { short_description: "Multiple errors" description: "A. B."'
            ' reason { short_description: "One" description: "A." }'
            ' reason { short_description: "Two" description: " B\\nb.  " } } }',
            ["w in the train split: one (A), and two (B b)"],
        ),
        (
            'anomaly_info { key: "b\\033" value { short_description: "S" description: "D" } }'
            'anomaly_info { key: "a" value { short_description: "S" description: "D" } }'
            'dataset_anomaly_info { short_description: "Low num examples" description: "3 < 10" }',
            [
                "the train split as a whole: low num examples (3 < 10)",
                "a in the train split: s (D)",
                "b\\x1b in the train split: s (D)",
            ],
        ),
    ],
    ids=["none", "empty split", "one", "two reasons", "order and control characters"],
)
def test_phrases(text: str, phrases: list[str]) -> None:
    assert anomalies_in_words({"train": _parse(text)}) == phrases


def test_splits_keep_their_order() -> None:
    found = {split: _parse(FORMAT) for split in ("train", "eval", "test")}
    words = [phrase.split(":")[0] for phrase in anomalies_in_words(found)]
    assert words == [f"image/format in the {split} split" for split in ("train", "eval", "test")]


def _parse(text: str) -> anomalies_pb2.Anomalies:
    return text_format.Parse(text, anomalies_pb2.Anomalies())
