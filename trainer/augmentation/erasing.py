"""Random erasing: a rectangle of each image is covered."""

from __future__ import annotations

import math

import tensorflow as tf

from trainer.augmentation.op_settings import ErasingOp
from trainer.augmentation.rectangles import inside
from trainer.augmentation.seeds import uniform

_GRAY = 127.5
# As Zhong et al. have it: from 0.3 to 1 / 0.3.
_MAX_ASPECT = 1 / 0.3


def erasing(images: tf.Tensor, op: ErasingOp, seed: tf.Tensor) -> tf.Tensor:
    """Covers a rectangle of each image with mid-gray (Zhong et al. 2020, algorithm 1).

    Keras' layer draws its fill from a normal distribution around black, half
    of which it clips away, and height and width apart from one another.

    Args:
        images: float32 [N, H, W, 3].
        op: bounds of the area, which is uniform between them; the sides' ratio is log-uniform.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3].
    """
    height, width = images.shape[1], images.shape[2]
    area, aspect, top, left = uniform(seed, tf.shape(images)[0], draws=4)
    area = op.min_area + area * (op.max_area - op.min_area)
    # A rectangle of this area fits into the image for no other ratios.
    widest = tf.minimum(math.log(_MAX_ASPECT), -tf.math.log(tf.maximum(area, 1e-6)))
    aspect = tf.exp((2.0 * aspect - 1.0) * widest)
    down = tf.minimum(tf.round(tf.sqrt(area * aspect) * height), float(height))
    across = tf.minimum(tf.round(tf.sqrt(area / aspect) * width), float(width))
    top, left = tf.floor(top * (height - down + 1)), tf.floor(left * (width - across + 1))
    return tf.where(inside((top, top + down), (left, left + across), images), _GRAY, images)
