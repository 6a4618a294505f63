"""Encoded image to pixels: the one implementation that training, evaluation and serving share.

Transform freezes these operations into its graph; the input pipeline and the
exported model both run that graph.
"""

from __future__ import annotations

import tensorflow as tf


def decode_image(data: tf.Tensor) -> tf.Tensor:
    """Decodes a JPEG, PNG, BMP or the first frame of a GIF.

    Args:
        data: string scalar, the file's bytes.

    Returns:
        uint8 [height, width, 3]; gray images are repeated over the channels, alpha is dropped.
    """
    return tf.io.decode_image(data, channels=3, expand_animations=False)


def resize_image(image: tf.Tensor, size: int) -> tf.Tensor:
    """Resizes to a square, bilinearly, without keeping the aspect ratio.

    Args:
        image: uint8 [height, width, 3].
        size: pixels.

    Returns:
        float32 [size, size, 3] of whole numbers from 0 to 255, so that they
        can be kept as uint8 without loss.
    """
    return tf.round(tf.ensure_shape(tf.image.resize(image, (size, size)), (size, size, 3)))


def load_images(data: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes and resizes a batch.

    Args:
        data: string [N], the files' bytes.
        size: pixels.

    Returns:
        float32 [N, size, size, 3].
    """
    return tf.map_fn(
        lambda encoded: resize_image(decode_image(encoded), size),
        data,
        fn_output_signature=tf.TensorSpec((size, size, 3), tf.float32),
    )
