"""Noise that is drawn for each pixel."""

from __future__ import annotations

import tensorflow as tf

from trainer.augmentation.op_settings import NoiseOp


def noise(images: tf.Tensor, op: NoiseOp, seed: tf.Tensor) -> tf.Tensor:
    """Adds to each pixel and channel a number from a normal distribution.

    Args:
        images: float32 [N, H, W, 3].
        op: its standard deviation.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3], from 0 to 255.
    """
    noisy = images + tf.random.stateless_normal(tf.shape(images), seed, stddev=op.std)
    return tf.clip_by_value(noisy, 0.0, 255.0)
