"""What the model answers in training's own process, for the serving check to compare with."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from components.contract import GOLDEN_PROBABILITIES, IMAGE_ENCODED
from trainer.input_pipeline import DecodedImages

GOLDEN_IMAGES = 16


def write_golden_answers(model: keras.Model, split: DecodedImages, pattern: str, path: Path) -> list[bytes]:
    """Answers for the first images of a split, by the path that training takes.

    The pixels are those that training kept, so the comparison with the
    exported model's answers covers decoding, caching and export at once.

    Args:
        model: pixels → probabilities.
        split: images of the split, decoded.
        pattern: the same split's shards, for the files' bytes.
        path: TFRecord file to write: `image/encoded` and the probabilities.

    Returns:
        The files' bytes.
    """
    pixels = np.stack([image for image, _ in split.images.take(GOLDEN_IMAGES).as_numpy_iterator()])
    answers = model.predict_on_batch(pixels.astype(np.float32))
    records = tf.data.TFRecordDataset(sorted(tf.io.gfile.glob(pattern))).take(GOLDEN_IMAGES)
    files: list[bytes] = []
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record, probabilities in zip(records.as_numpy_iterator(), answers, strict=True):
            example = tf.train.Example.FromString(record)
            encoded = example.features.feature[IMAGE_ENCODED]
            files.append(encoded.bytes_list.value[0])
            floats = tf.train.Feature(float_list=tf.train.FloatList(value=probabilities))
            golden = tf.train.Features(feature={IMAGE_ENCODED: encoded, GOLDEN_PROBABILITIES: floats})
            writer.write(tf.train.Example(features=golden).SerializeToString())
    return files
