"""From TFRecord shards to batches: each image is decoded once, and kept."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from components.contract import CLASS_LABEL, IMAGE_ENCODED
from trainer.augment import augment_images
from trainer.settings import AugmentationSettings
from trainer.transform_graph import TransformGraph

_DECODE_BATCH = 16
_SHUFFLE_BUFFER = 4096


@dataclass(frozen=True)
class DecodedImages:
    """The images of a split.

    Attributes:
        images: of (pixels uint8 [size, size, 3], label int64 []), cached after the first pass.
        count: images.
    """

    images: tf.data.Dataset
    count: int


def decoded_images(
    pattern: str, count: int, transform: TransformGraph, cache_file: str = ""
) -> DecodedImages:
    """Reads a split's shards and decodes each image once, through the transform graph.

    Args:
        pattern: of the shards' paths.
        count: images in them.
        transform: the same graph that is exported for serving.
        cache_file: prefix of the files to keep decoded images in; empty for memory.
    """

    def decode(records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        parsed = tf.io.parse_example(
            records,
            {
                IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string),
                CLASS_LABEL: tf.io.FixedLenFeature([], tf.int64),
            },
        )
        return tf.cast(transform(parsed[IMAGE_ENCODED]), tf.uint8), parsed[CLASS_LABEL]

    images = (
        _records(pattern)
        .batch(_DECODE_BATCH)
        .map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        .unbatch()
        .cache(cache_file)
    )
    return DecodedImages(images, count)


def training_batches(
    split: DecodedImages, classes: int, batch_size: int, augmentation: AugmentationSettings, seed: int
) -> tf.data.Dataset:
    """Shuffled, augmented batches of (pixels float32 [B, size, size, 3], one-hot labels [B, classes])."""

    def finish(batch: tuple[tf.Tensor, tf.Tensor], draw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = batch
        pixels = augment_images(tf.cast(images, tf.float32), augmentation, tf.stack([draw, seed]))
        return pixels, tf.one_hot(labels, classes)

    draws = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
    batches = split.images.shuffle(min(split.count, _SHUFFLE_BUFFER), seed=seed).batch(batch_size)
    return (
        tf.data.Dataset.zip(batches, draws)
        .map(finish, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def evaluation_batches(split: DecodedImages, classes: int, batch_size: int) -> tf.data.Dataset:
    """Batches in order, as they are, of (pixels float32 [B, size, size, 3], one-hot labels [B, classes])."""
    return (
        split.images.batch(batch_size)
        .map(lambda images, labels: (tf.cast(images, tf.float32), tf.one_hot(labels, classes)))
        .prefetch(tf.data.AUTOTUNE)
    )


def _records(pattern: str) -> tf.data.Dataset:
    return tf.data.TFRecordDataset(sorted(tf.io.gfile.glob(pattern)))
