"""A Gaussian blur of its own width for each image; Keras' layer draws one for the whole batch."""

from __future__ import annotations

import math

import tensorflow as tf

from trainer.augmentation.op_settings import BlurOp
from trainer.augmentation.seeds import uniform

# Beyond this many standard deviations, a Gaussian is left out: 0.3 % of it.
_REACH = 3.0


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
    return blurred(images, sigma, math.ceil(_REACH * op.sigma))


def blurred(images: tf.Tensor, sigma: tf.Tensor, radius: int) -> tf.Tensor:
    """Blurs each image by its own Gaussian, along one axis and then the other.

    Args:
        images: float32 [N, H, W, 3]; beyond the border they are mirrored.
        sigma: float32 [N], standard deviations in pixels.
        radius: how far the kernels reach, in pixels; no further than the image.

    Returns:
        float32 [N, H, W, 3].
    """
    _, height, width, channels = images.shape
    count = tf.shape(images)[0]
    radius = min(radius, height - 1, width - 1)
    # A depthwise convolution has a kernel for each channel, so images become channels for a moment.
    planes = tf.reshape(tf.transpose(images, (1, 2, 0, 3)), (1, height, width, count * channels))
    planes = tf.pad(planes, ((0, 0), (radius, radius), (radius, radius), (0, 0)), "SYMMETRIC")
    kernels = tf.repeat(gaussian_kernels(sigma, radius), channels, axis=1)
    for kernel in (kernels[:, tf.newaxis, :, tf.newaxis], kernels[tf.newaxis, :, :, tf.newaxis]):
        planes = tf.nn.depthwise_conv2d(planes, kernel, (1, 1, 1, 1), "VALID")
    result = tf.transpose(tf.reshape(planes, (height, width, count, channels)), (2, 0, 1, 3))
    return tf.clip_by_value(result, 0.0, 255.0)


def gaussian_kernels(sigma: tf.Tensor, radius: int) -> tf.Tensor:
    """Samples Gaussians at whole pixels.

    Args:
        sigma: float32 [N], in pixels; 0 leaves everything where it is.
        radius: pixels either side.

    Returns:
        float32 [2 × radius + 1, N]; each column adds up to 1.
    """
    distance = tf.range(-radius, radius + 1, dtype=tf.float32)[:, tf.newaxis]
    return tf.nn.softmax(-0.5 * tf.square(distance / tf.maximum(sigma, 1e-3)), axis=0)
