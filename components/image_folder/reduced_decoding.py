"""Decoding many images at a time, as small as is enough for measuring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import tensorflow as tf

from components.image_folder.image_header import ImageHeader, UnusableImageError
from components.image_folder.image_measures import Pixels

# Larger images are reduced, by a whole factor, for as long as their shorter side stays at least this.
_SHORTER_SIDE: Final = 64
# How many JPEGs TensorFlow is given at a time; few sizes, because each is traced once a scale.
_BATCHES: Final = (16, 4)


def decode_reduced(images: Sequence[tuple[bytes, ImageHeader]]) -> list[Pixels | UnusableImageError]:
    """Decodes images with the decoder that trains and serves.

    A JPEG is decoded at a reduced scale: all of its entropy-coded data is
    read, which is where damage shows, but fewer pixels are computed. Several
    go into one call, which TensorFlow spreads over all cores.

    Args:
        images: files' bytes, and what `read_header` says of them.

    Returns:
        For each, uint8 [height, width, 3] as stored, not turned upright; or why
        the decoder refuses it, for example because the file is truncated.
    """
    decoded: dict[int, Pixels | UnusableImageError] = {}
    by_ratio: defaultdict[int, list[int]] = defaultdict(list)
    for position, (_, header) in enumerate(images):
        by_ratio[_jpeg_ratio(header)].append(position)
    for ratio, positions in by_ratio.items():
        for some in _batched(positions):
            pixels = _decode([images[position][0] for position in some], ratio)
            for position, one in zip(some, pixels, strict=True):
                if isinstance(one, UnusableImageError):
                    decoded[position] = one
                else:
                    decoded[position] = _shrunk(one, _factor(images[position][1]) // (ratio or 1))
    return [decoded[position] for position in range(len(images))]


def _factor(header: ImageHeader) -> int:
    return max(1, min(header.width, header.height) // _SHORTER_SIDE)


def _jpeg_ratio(header: ImageHeader) -> int:
    """The scale that the decoder takes on itself; 0 for formats other than JPEG, which know none."""
    if header.format != "JPEG":
        return 0
    return next(ratio for ratio in (8, 4, 2, 1) if ratio <= _factor(header))


def _batched(positions: Sequence[int]) -> list[Sequence[int]]:
    batches: list[Sequence[int]] = []
    start = 0
    for size in (*_BATCHES, 1):
        while start + size <= len(positions):
            batches.append(positions[start : start + size])
            start += size
    return batches


def _decode(files: Sequence[bytes], ratio: int) -> list[Pixels | UnusableImageError]:
    try:
        return [image.numpy() for image in _decoder(len(files), ratio)(tf.constant(files))]
    except (tf.errors.InvalidArgumentError, tf.errors.ResourceExhaustedError):
        if len(files) == 1:
            return [UnusableImageError("corrupt", "truncated or damaged: the decoder refuses it")]
        # One of them is damaged; which one, TensorFlow does not tell.
        return [one for file in files for one in _decode([file], ratio)]


@cache
def _decoder(count: int, ratio: int) -> Any:
    """A function from string [count] to as many images; one call instead of many for Python to wait for."""

    def decode(files: tf.Tensor) -> list[tf.Tensor]:
        return [_decode_one(files[position], ratio) for position in range(count)]

    # Outside of any function that somebody else is tracing, and without AutoGraph: nothing here branches.
    with tf.init_scope():
        signature = [tf.TensorSpec([count], tf.string)]
        return tf.function(decode, input_signature=signature, autograph=False).get_concrete_function()


def _decode_one(file: tf.Tensor, ratio: int) -> tf.Tensor:
    if ratio:
        return tf.io.decode_jpeg(file, channels=3, ratio=ratio)
    return tf.io.decode_image(file, channels=3, expand_animations=False)


def _shrunk(image: Pixels, factor: int) -> Pixels:
    if factor == 1:
        return image
    height, width = (size // factor for size in image.shape[:2])
    blocks = image[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    return np.rint(blocks.mean((1, 3), dtype=np.float32)).astype(np.uint8)
