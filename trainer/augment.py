"""Random geometry for training images: a flip, and turn, shift and zoom in a single resampling.

Keras' random layers resample once each, about 2 ms an image and layer on a
CPU; composing the transforms first costs one resampling in all, and a flip
needs none.
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from trainer.settings import AugmentationSettings


def augment_images(images: tf.Tensor, settings: AugmentationSettings, seed: tf.Tensor) -> tf.Tensor:
    """Changes each image of a batch at random.

    Args:
        images: float32 [N, height, width, 3].
        settings: how much of what.
        seed: int64 [2]; the same seed gives the same changes.

    Returns:
        float32 [N, height, width, 3]; what comes in from outside the image is its mirrored border.
    """
    size = tf.shape(images)
    if settings.flip:
        mirrored = tf.random.stateless_uniform((size[0], 1, 1, 1), seed + 1) < 0.5
        images = tf.where(mirrored, tf.reverse(images, [2]), images)
    if settings.rotation or settings.shift or settings.zoom:
        images = keras.ops.image.affine_transform(
            images,
            random_transforms(size[0], size[1], size[2], settings, seed),
            interpolation="bilinear",
            fill_mode="reflect",
        )
    return images


def random_transforms(
    count: tf.Tensor, height: tf.Tensor, width: tf.Tensor, settings: AugmentationSettings, seed: tf.Tensor
) -> tf.Tensor:
    """Draws affine transforms about the image's centre.

    Args:
        count: int32 scalar, how many.
        height, width: int32 scalars, pixels.
        settings: bounds; each parameter is uniform within its own.
        seed: int64 [2].

    Returns:
        float32 [count, 8]: (a0, a1, a2, b0, b1, b2, 0, 0), where the output
        pixel (x, y) is read from the input at
        (a0 x + a1 y + a2, b0 x + b1 y + b2).
    """
    draws = tf.unstack(tf.random.stateless_uniform((4, count), seed, -1.0, 1.0))
    angle = draws[0] * math.radians(settings.rotation)
    zoom = 1.0 + draws[1] * settings.zoom
    width_f, height_f = tf.cast(width, tf.float32), tf.cast(height, tf.float32)
    shift_x, shift_y = draws[2] * settings.shift * width_f, draws[3] * settings.shift * height_f
    cos, sin = tf.cos(angle) / zoom, tf.sin(angle) / zoom
    a0, a1, b0, b1 = cos, -sin, sin, cos
    center_x, center_y = (width_f - 1) / 2, (height_f - 1) / 2
    a2 = center_x - a0 * center_x - a1 * center_y + shift_x
    b2 = center_y - b0 * center_x - b1 * center_y + shift_y
    zeros = tf.zeros_like(a0)
    return tf.stack([a0, a1, a2, b0, b1, b2, zeros, zeros], axis=1)
