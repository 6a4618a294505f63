"""TensorFlow Transform's entry: what becomes part of the transform graph."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

from components.contract import IMAGE_ENCODED, IMAGE_PIXELS
from trainer.image_ops import load_images

# What `trainer.transform_graph` finds in the graph by name.
ENCODED: Final = "encoded_images"
PIXELS: Final = "pixels_as_bytes"


def preprocessing_fn(inputs: dict[str, tf.Tensor], custom_config: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Encoded images to pixels.

    Args:
        inputs: raw features of a batch; `image/encoded` is string [N, 1].
        custom_config: `image_size`, pixels.

    Returns:
        `image/pixels`, float32 [N, size, size, 3].
    """
    encoded = tf.reshape(inputs[IMAGE_ENCODED], [-1], name=ENCODED)
    pixels = tf.identity(load_images(encoded, custom_config["image_size"]), name=PIXELS)
    # As bytes, Transform does not take them.
    return {IMAGE_PIXELS: tf.cast(pixels, tf.float32)}
