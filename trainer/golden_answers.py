"""What the model answers in training's own process, for the serving check to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from components.contract import GOLDEN_PROBABILITIES, IMAGE_ENCODED
from trainer.answer_views import predicted_probabilities
from trainer.settings import TestTimeAugmentation
from trainer.transform_graph import TransformGraph

GOLDEN_IMAGES = 16


def write_golden_answers(
    model: keras.Model,
    transform: TransformGraph,
    shards: Sequence[str],
    path: Path,
    augmentation: TestTimeAugmentation = "none",
) -> list[bytes]:
    """Answers for the first images of a split, by the path that training takes.

    Args:
        model: pixels → probabilities.
        transform: encoded images → pixels.
        shards: of the split, for the files' bytes.
        path: TFRecord file to write: `image/encoded` and the probabilities.
        augmentation: views that answers are the mean over.

    Returns:
        The files' bytes.
    """
    records = tf.data.TFRecordDataset(shards).take(GOLDEN_IMAGES).as_numpy_iterator()
    encoded = [tf.train.Example.FromString(record).features.feature[IMAGE_ENCODED] for record in records]
    files = [feature.bytes_list.value[0] for feature in encoded]
    pixels = tf.cast(transform(tf.constant(files)), tf.float32)
    answers = predicted_probabilities(model, pixels, augmentation)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for feature, probabilities in zip(encoded, answers, strict=True):
            floats = tf.train.Feature(float_list=tf.train.FloatList(value=probabilities))
            golden = tf.train.Features(feature={IMAGE_ENCODED: feature, GOLDEN_PROBABILITIES: floats})
            writer.write(tf.train.Example(features=golden).SerializeToString())
    return files
