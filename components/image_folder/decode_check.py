"""Whether TensorFlow's decoder, which training and serving use, takes an image to its last byte."""

from __future__ import annotations

import tensorflow as tf

from components.image_folder.image_inspection import UnusableImageError


def check_decodes(data: bytes, image_format: str) -> None:
    """Decodes the image and throws the pixels away.

    A JPEG is decoded at an eighth of its size: all of its entropy-coded data
    is read, which is where damage shows, without the cost of full pixels.

    Args:
        data: the file's bytes.
        image_format: as `inspect_image` names it.

    Raises:
        UnusableImageError: the decoder refuses the data, for example because the file is truncated.
    """
    try:
        if image_format == "JPEG":
            tf.io.decode_jpeg(data, channels=3, ratio=8)
        else:
            tf.io.decode_image(data, channels=3, expand_animations=False)
    except tf.errors.InvalidArgumentError:
        raise UnusableImageError(
            "truncated or corrupt, or of a kind that the decoder does not know"
        ) from None
