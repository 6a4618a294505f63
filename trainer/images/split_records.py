"""What is in a split, without its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.contract import CLASS_LABEL, IMAGE_SHA256
from components.damaged_shard import damaged_shard
from serving.first_line import first_line
from trainer.images.untuned import untuned

_BATCH = 1024


@dataclass(frozen=True)
class SplitRecords:
    """The records of a split, in the order of its shards.

    Attributes:
        files: the shards' paths, sorted.
        labels: int64 [N], positions in the label file.
        keys: hexadecimal SHA-256 of each image's bytes.
    """

    files: tuple[str, ...]
    labels: np.ndarray
    keys: tuple[str, ...]

    @property
    def count(self) -> int:
        """Images in the split."""
        return len(self.keys)


def read_split(pattern: str) -> SplitRecords:
    """Reads labels and hashes; images are passed over.

    Args:
        pattern: of the shards' paths.

    Raises:
        ConfigError: a shard is damaged.
    """
    files = tuple(sorted(tf.io.gfile.glob(pattern)))
    wanted = {
        CLASS_LABEL: tf.io.FixedLenFeature([], tf.int64),
        IMAGE_SHA256: tf.io.FixedLenFeature([], tf.string),
    }
    batches = tf.data.TFRecordDataset(files).batch(_BATCH).map(lambda each: tf.io.parse_example(each, wanted))
    labels: list[np.ndarray] = [np.zeros(0, np.int64)]
    keys: list[str] = []
    try:
        for batch in untuned(batches).as_numpy_iterator():
            labels.append(batch[CLASS_LABEL])
            keys += [key.decode() for key in batch[IMAGE_SHA256]]
    except tf.errors.DataLossError as error:
        # In its message, what is amiss stands between TensorFlow's ways to it.
        what = first_line(error.message).rpartition("}} ")[2].partition(" [Op:")[0]
        folder = Path(pattern).parent
        raise damaged_shard(folder, folder.parent, what) from error
    return SplitRecords(files, np.concatenate(labels), tuple(keys))
