"""Elastic distortion, with a field of its own for each image; Keras' layer has one strength a batch."""

from __future__ import annotations

import tensorflow as tf

from trainer.augmentation.op_settings import ElasticOp


def elastic(images: tf.Tensor, op: ElasticOp, seed: tf.Tensor) -> tf.Tensor:
    """Moves each pixel by a smooth random field (Simard et al. 2003, section 2).

    They smooth a random field with a Gaussian; here, a random field on a
    coarse grid is enlarged with cubic splines, which is as smooth and takes no
    large kernels.

    Args:
        images: float32 [N, H, W, 3].
        op: the largest displacement, and how fine the grid is.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3]; nothing comes in from outside, the field ends at the border.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    coarse = tf.random.stateless_uniform(
        (count, op.waves + 1, op.waves + 1, 2), seed, -op.strength, op.strength
    )
    field = tf.image.resize(coarse, (height, width), tf.image.ResizeMethod.BICUBIC)
    # The splines go a little beyond what they pass through.
    field = tf.clip_by_value(field, -op.strength, op.strength)
    return displaced(images, field * (height, width))


def displaced(images: tf.Tensor, field: tf.Tensor) -> tf.Tensor:
    """Reads each pixel of the result at its own place plus a displacement, bilinearly.

    Args:
        images: float32 [N, H, W, 3].
        field: float32 [N, H, W, 2], displacements down and to the right, in pixels; places outside of
            the image are moved to its border.

    Returns:
        float32 [N, H, W, 3], within the range of the images.
    """
    height, width = images.shape[1], images.shape[2]
    y = tf.range(height, dtype=tf.float32)[:, tf.newaxis] + field[..., 0]
    x = tf.range(width, dtype=tf.float32)[tf.newaxis, :] + field[..., 1]
    y, x = tf.clip_by_value(y, 0.0, height - 1.0), tf.clip_by_value(x, 0.0, width - 1.0)
    top, left = tf.floor(y), tf.floor(x)
    down, right = (y - top)[..., tf.newaxis], (x - left)[..., tf.newaxis]
    top, left = tf.cast(top, tf.int32), tf.cast(left, tf.int32)
    first = tf.range(tf.shape(images)[0])[:, tf.newaxis, tf.newaxis] * (height * width)
    rows = first + top * width, first + tf.minimum(top + 1, height - 1) * width
    columns = left, tf.minimum(left + 1, width - 1)
    pixels = tf.reshape(images, (-1, 3))
    upper, lower = (
        (1.0 - right) * tf.gather(pixels, row + columns[0]) + right * tf.gather(pixels, row + columns[1])
        for row in rows
    )
    return tf.clip_by_value((1.0 - down) * upper + down * lower, 0.0, 255.0)
