"""What JPEG leaves of an image."""

from __future__ import annotations

import tensorflow as tf

from trainer.augmentation.op_settings import JpegQualityOp


def jpeg_quality(images: tf.Tensor, op: JpegQualityOp, seed: tf.Tensor) -> tf.Tensor:
    """Encodes each image as JPEG, at a quality that is uniform within the bounds, and decodes it again.

    Args:
        images: float32 [N, H, W, 3]; rounded to whole numbers.
        op: the bounds.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3] of whole numbers from 0 to 255.
    """
    qualities = tf.random.stateless_uniform(
        tf.shape(images)[:1], seed, op.min_quality, op.max_quality + 1, tf.int32
    )

    def encoded(one: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        image, quality = one
        jpeg = tf.raw_ops.EncodeJpegVariableQuality(images=image, quality=quality)
        return tf.ensure_shape(tf.io.decode_jpeg(jpeg, channels=3), images.shape[1:])

    pixels = tf.cast(tf.round(images), tf.uint8)
    decoded = tf.map_fn(
        encoded, (pixels, qualities), fn_output_signature=tf.TensorSpec(images.shape[1:], tf.uint8)
    )
    return tf.cast(decoded, tf.float32)
