"""Changes to the tones of whole images, which have nothing random about them: RandAugment draws them."""

from __future__ import annotations

import tensorflow as tf

# What lies closer together is one tone: changes before these leave rounding errors, and spread from black to
# white those would be all that is to be seen of a blank image.
_ONE_TONE = 1.0


def autocontrast(images: tf.Tensor) -> tf.Tensor:
    """Stretches each channel of each image to the range from 0 to 255; one of a single tone stays.

    Args:
        images: float32 [N, H, W, 3].
    """
    low, high = _ends(images)
    stretched = (images - low) * tf.math.divide_no_nan(255.0, high - low)
    return tf.where(high - low >= _ONE_TONE, tf.clip_by_value(stretched, 0.0, 255.0), images)


def equalized(images: tf.Tensor) -> tf.Tensor:
    """Makes all tones of each channel about as frequent (Gonzalez and Woods 2018, section 3.3).

    Args:
        images: float32 [N, H, W, 3]; rounded to whole numbers.

    Returns:
        float32 [N, H, W, 3]; a channel of a single tone stays.
    """
    shape = tf.shape(images)
    low, high = _ends(images)
    # Halfway between two tones, rounding would make both of one.
    tones = tf.cast(tf.round(tf.where(high - low >= _ONE_TONE, images, low)), tf.int32)
    # One row for each channel of each image: [N × 3, H × W].
    rows = tf.reshape(tf.transpose(tones, (0, 3, 1, 2)), (shape[0] * shape[3], shape[1] * shape[2]))
    below = tf.cumsum(tf.math.bincount(rows, minlength=256, maxlength=256, axis=-1, dtype=tf.float32), axis=1)
    total = below[:, -1:]
    # So many pixels have the darkest tone, which becomes 0.
    darkest = tf.reduce_min(tf.where(below > 0, below, total), axis=1, keepdims=True)
    spread = tf.maximum(below - darkest, 0.0) * tf.math.divide_no_nan(255.0, total - darkest)
    spread = tf.where(total > darkest, tf.round(spread), tf.range(256.0)[tf.newaxis])
    equal = tf.reshape(tf.gather(spread, rows, batch_dims=1), (shape[0], shape[3], shape[1], shape[2]))
    return tf.transpose(equal, (0, 2, 3, 1))


def posterized(images: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Keeps only the uppermost bits of each channel.

    Args:
        images: float32 [N, H, W, 3]; rounded to whole numbers.
        bits: float32 scalar, a whole number from 1 to 8.
    """
    step = tf.pow(2.0, 8.0 - bits)
    return tf.floor(tf.round(images) / step) * step


def solarized(images: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """Inverts everything that is as bright as the threshold.

    Args:
        images: float32 [N, H, W, 3].
        threshold: float32 scalar, from 0 to 256, which inverts nothing.
    """
    return tf.where(images >= threshold, 255.0 - images, images)


def _ends(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The darkest and the brightest value of each channel of each image: float32 [N, 1, 1, 3] each."""
    return tf.reduce_min(images, (1, 2), keepdims=True), tf.reduce_max(images, (1, 2), keepdims=True)
