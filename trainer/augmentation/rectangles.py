"""Rectangles of whole pixels, one for each image."""

from __future__ import annotations

import tensorflow as tf


def inside(
    rows: tuple[tf.Tensor, tf.Tensor], columns: tuple[tf.Tensor, tf.Tensor], images: tf.Tensor
) -> tf.Tensor:
    """Which pixels lie in the rectangles.

    Args:
        rows: the first, and the one after the last: float32 [N] each, whole numbers.
        columns: likewise.
        images: float32 [N, H, W, 3].

    Returns:
        bool [N, H, W, 1].
    """

    def within(bounds: tuple[tf.Tensor, tf.Tensor], length: int) -> tf.Tensor:
        index = tf.range(length, dtype=tf.float32)
        return (index >= bounds[0][:, tf.newaxis]) & (index < bounds[1][:, tf.newaxis])

    down, across = within(rows, images.shape[1]), within(columns, images.shape[2])
    return (down[:, :, tf.newaxis] & across[:, tf.newaxis, :])[..., tf.newaxis]
