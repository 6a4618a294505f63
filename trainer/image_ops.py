"""Encoded image to pixels: the one implementation that training, evaluation and serving share.

Transform freezes these operations into its graph; the input pipeline and the
exported model both run that graph.
"""

from __future__ import annotations

from typing import Final

import tensorflow as tf

from trainer.exif_orientation import begins_as_jpeg, exif_orientation

# What a JPEG's decoder can divide height and width by, at a fraction of the work: it then computes the
# lowest frequencies of each block alone (ITU-T T.81, A.3.3, with fewer terms).
_RATIOS: Final = (1, 2, 4, 8)


def decode_image(data: tf.Tensor) -> tf.Tensor:
    """Decodes a JPEG, PNG, BMP or the first frame of a GIF.

    Args:
        data: string scalar, the file's bytes.

    Returns:
        uint8 [height, width, 3]; gray images are repeated over the channels, alpha is dropped.
    """
    return tf.io.decode_image(data, channels=3, expand_animations=False)


def decode_for(data: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes an image that is about to be resized to a square.

    A JPEG at least twice as large comes out smaller by 2, 4 or 8, and still as large as the square: the
    photograph of a telephone takes a third of the time, and what is averaged here is not left out there.

    Args:
        data: string scalar, the file's bytes.
        size: of the square, pixels.

    Returns:
        uint8 [height, width, 3]; as `decode_image` has it for other formats and smaller JPEGs.
    """

    def decode_jpeg(ratio: int) -> tf.Tensor:
        return tf.io.decode_jpeg(data, channels=3, ratio=ratio)

    def jpeg() -> tf.Tensor:
        shorter = tf.reduce_min(tf.image.extract_jpeg_shape(data)[:2])
        fitting = [tf.cast(shorter >= ratio * size, tf.int32) for ratio in _RATIOS[1:]]
        return tf.switch_case(
            tf.add_n(fitting), [lambda ratio=ratio: decode_jpeg(ratio) for ratio in _RATIOS]
        )

    return tf.cond(begins_as_jpeg(data), jpeg, lambda: decode_image(data))


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


def upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns an image as Exif says (Exif 2.32, section 4.6.4, tag 0x0112).

    Args:
        image: [height, width, 3].
        orientation: int32 scalar from 1 to 8.

    Returns:
        The same dtype; [width, height, 3] from orientation 5 on.
    """

    def any_of(*orientations: int) -> tf.Tensor:
        return tf.reduce_any(tf.equal(orientation, orientations))

    def turned() -> tf.Tensor:
        lying = tf.cond(orientation >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
        dims = tf.stack([any_of(3, 4, 7, 8), any_of(2, 3, 6, 7), tf.constant(False)])
        return tf.raw_ops.Reverse(tensor=lying, dims=dims)

    return tf.cond(tf.equal(orientation, 1), lambda: image, turned)


def load_images(data: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes and resizes a batch, and turns photographs upright.

    Args:
        data: string [N], the files' bytes.
        size: pixels.

    Returns:
        uint8 [N, size, size, 3].
    """

    def load(encoded: tf.Tensor) -> tf.Tensor:
        # The small square is turned, not the photograph: of 12 megapixels that would take three times
        # as long as to decode them. Rounding apart, it comes to the same.
        square = tf.cast(resize_image(decode_for(encoded, size), size), tf.uint8)
        return upright(square, exif_orientation(encoded))

    return tf.map_fn(load, data, fn_output_signature=tf.TensorSpec((size, size, 3), tf.uint8))
