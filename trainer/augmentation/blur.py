"""A Gaussian blur of its own width for each image; Keras' layer draws one for the whole batch."""

from __future__ import annotations

import tensorflow as tf

from trainer.augmentation.op_settings import BlurOp
from trainer.augmentation.seeds import uniform


def blur(images: tf.Tensor, op: BlurOp, seed: tf.Tensor) -> tf.Tensor:
    """Blurs each image by a standard deviation that is uniform from 0 to sigma.

    Args:
        images: float32 [N, H, W, 3].
        op: the bound, in pixels.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3], from 0 to 255.
    """
    (sigma,) = uniform(seed, tf.shape(images)[0], 0.0, op.sigma)
    return blurred(images, sigma)


def blurred(images: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """Blurs each image by its own Gaussian, along one axis and then the other.

    Matrices are multiplied, because every image has a kernel of its own.
    (Images as the channels of a depthwise convolution would take a third of the
    time, but TensorFlow 2.16 crashes on kernels of 61 pixels.)

    Args:
        images: float32 [N, H, W, 3].
        sigma: float32 [N], standard deviations in pixels; 0 leaves everything where it is.

    Returns:
        float32 [N, H, W, 3]; what is outside of the image counts for nothing.
    """
    along_y = tf.einsum("nyk,nkxc->nyxc", gaussian_weights(sigma, images.shape[1]), images)
    result = tf.einsum("nxk,nykc->nyxc", gaussian_weights(sigma, images.shape[2]), along_y)
    return tf.clip_by_value(result, 0.0, 255.0)


def gaussian_weights(sigma: tf.Tensor, length: int) -> tf.Tensor:
    """How much each pixel of a line counts for each pixel of the blurred line.

    Args:
        sigma: float32 [N], in pixels.
        length: of the line, in pixels.

    Returns:
        float32 [N, length, length]; rows add up to 1.
    """
    pixels = tf.range(length, dtype=tf.float32)
    distance = pixels[:, tf.newaxis] - pixels
    return tf.nn.softmax(-0.5 * tf.square(distance / tf.maximum(sigma, 1e-3)[:, tf.newaxis, tf.newaxis]))
