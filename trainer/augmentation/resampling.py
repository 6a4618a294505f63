"""Images read at other places, as matrices say: once, however many changes those stand for."""

from __future__ import annotations

import tensorflow as tf

from trainer.augmentation.selection import per_image
from trainer.augmentation.settings import FillMode

# Closer to zero than this, a projection's last entry is taken for this much: it divides the others.
_SMALLEST_SCALE = 1e-3


def resample(images: tf.Tensor, matrices: tf.Tensor, fill_mode: FillMode) -> tf.Tensor:
    """Reads images at other places, bilinearly.

    Args:
        images: float32 [N, H, W, 3].
        matrices: float32 [N, 3, 3], from the pixels of the result to those of the image (see `geometry`).
        fill_mode: what is outside of the image.

    Returns:
        float32 [N, H, W, 3], within the range of the images.
    """
    scale = matrices[:, 2:, 2:]
    scale = tf.where(tf.abs(scale) < _SMALLEST_SCALE, _SMALLEST_SCALE, scale)
    resampled = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.reshape(matrices / scale, (-1, 9))[:, :8],
        output_shape=images.shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=fill_mode.upper(),
    )
    # Weights that add up to one but for rounding can pass the whitest white.
    return tf.clip_by_value(resampled, 0.0, 255.0)


def mirror(images: tf.Tensor, matrices: tf.Tensor, *, horizontal: bool, vertical: bool) -> tf.Tensor:
    """Mirrors images exactly, which takes no resampling.

    Args:
        images: float32 [N, H, W, 3].
        matrices: float32 [N, 3, 3]; the signs on their diagonals say which images are mirrored.
        horizontal, vertical: along which axes there may be any.

    Returns:
        float32 [N, H, W, 3].
    """
    if horizontal:
        images = per_image(matrices[:, 0, 0] < 0, tf.reverse(images, [2]), images)
    if vertical:
        images = per_image(matrices[:, 1, 1] < 0, tf.reverse(images, [1]), images)
    return images
