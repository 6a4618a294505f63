"""What ingest wrote, as tf.Examples."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from components import contract


def records_of(examples: Path) -> dict[str, list[tf.train.Example]]:
    """Split → records, of an Examples artifact."""
    return {
        split: [
            tf.train.Example.FromString(record)
            for shard in sorted((examples / f"Split-{split}").glob("*"))
            for record in tf.data.TFRecordDataset(str(shard)).as_numpy_iterator()
        ]
        for split in contract.SPLITS
    }


def bytes_of(example: tf.train.Example, key: str) -> bytes:
    """The only value of a feature."""
    (value,) = example.features.feature[key].bytes_list.value
    return bytes(value)
