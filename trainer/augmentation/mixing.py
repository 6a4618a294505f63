"""Ops that join images of a batch, and their labels with them."""

from __future__ import annotations

import tensorflow as tf

from trainer.augmentation.op_settings import CutmixOp, MixupOp
from trainer.augmentation.rectangles import inside
from trainer.augmentation.seeds import fold, uniform


def mixup(images: tf.Tensor, labels: tf.Tensor, op: MixupOp, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Blends each image with another one: λ of the first, 1 - λ of the second (Zhang et al. 2018, section 2).

    Args:
        images: float32 [N, H, W, 3].
        labels: float32 [N, C], one-hot, or mixed already.
        op: λ of each image is from Beta(alpha, alpha).
        seed: int64 [2].

    Returns:
        Images and labels, blended alike.
    """
    count = tf.shape(images)[0]
    share = symmetric_beta(fold(seed, 0), count, op.alpha)
    partner = partners(fold(seed, 1), count)

    def blended(values: tf.Tensor) -> tf.Tensor:
        part = tf.reshape(share, (-1, *[1] * (values.shape.rank - 1)))
        return part * values + (1.0 - part) * tf.gather(values, partner)

    return tf.clip_by_value(blended(images), 0.0, 255.0), blended(labels)


def cutmix(
    images: tf.Tensor, labels: tf.Tensor, op: CutmixOp, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Pastes a rectangle of another image over each one (Yun et al. 2019, section 3).

    Args:
        images: float32 [N, H, W, 3].
        labels: float32 [N, C], one-hot, or mixed already.
        op: 1 - λ is the rectangle's area before the image's border cuts it off; λ is from Beta(alpha, alpha).
        seed: int64 [2].

    Returns:
        Images, and labels that are shared by the area that is really seen.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    side = tf.sqrt(1.0 - symmetric_beta(fold(seed, 0), count, op.alpha))
    middle_y, middle_x = uniform(fold(seed, 1), count, draws=2)
    partner = partners(fold(seed, 2), count)

    def bounds(middle: tf.Tensor, length: int) -> tuple[tf.Tensor, tf.Tensor]:
        ends = (tf.round((middle + sign * side / 2) * length) for sign in (-1.0, 1.0))
        first, last = (tf.clip_by_value(end, 0.0, float(length)) for end in ends)
        return first, last

    rows, columns = bounds(middle_y, height), bounds(middle_x, width)
    pasted = (rows[1] - rows[0]) * (columns[1] - columns[0]) / (height * width)
    pasted = pasted[:, tf.newaxis]
    return (
        tf.where(inside(rows, columns, images), tf.gather(images, partner), images),
        (1.0 - pasted) * labels + pasted * tf.gather(labels, partner),
    )


def partners(seed: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Which image each one is joined with: int32 [count], each number from 0 to count - 1 once."""
    return tf.random.experimental.stateless_shuffle(tf.range(count), seed)


def symmetric_beta(seed: tf.Tensor, count: tf.Tensor, alpha: float) -> tf.Tensor:
    """Draws from Beta(alpha, alpha), as a ratio of two gamma variates (Devroye 1986, section IX.4.1).

    A gamma variate with a small alpha may well be too small for a float, and
    0 / 0 is no share. So their logarithms are drawn: that of a variate for
    alpha + 1, plus log(u) / alpha (Marsaglia and Tsang 2000, section 6).

    Args:
        seed: int64 [2].
        count: int32 scalar, draws.
        alpha: above 0.

    Returns:
        float32 [count], from 0 to 1.
    """
    gamma = tf.random.stateless_gamma((2, count), fold(seed, 0), alpha + 1.0)
    # 1 - u, because u may be 0.
    below = tf.math.log1p(-tf.random.stateless_uniform((2, count), fold(seed, 1)))
    logs = tf.math.log(gamma) + below / alpha
    return tf.sigmoid(logs[0] - logs[1])
