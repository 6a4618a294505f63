"""Decoding images as small as is enough for measuring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from components.image_folder.image_header import ImageHeader, UnusableImageError
from components.image_folder.image_measures import Pixels
from components.image_folder.jpeg_decoding import decode_jpeg
from components.image_folder.tensorflow_decoding import decode_with_tensorflow

# Takes what `decode_with_tensorflow` does, and returns what it does.
TensorflowDecoder = Callable[[Sequence[tuple[bytes, int]]], list[Pixels | UnusableImageError]]

# Larger images are reduced, by a whole factor, for as long as their shorter side stays at least this.
_SHORTER_SIDE: Final = 64


def decode_reduced(
    images: Sequence[tuple[bytes, ImageHeader]], ask_tensorflow: TensorflowDecoder | None = None
) -> list[Pixels | UnusableImageError]:
    """Decodes images; whatever passes here, the decoders that train and serve take.

    A JPEG is decoded at a reduced scale: all of its entropy-coded data is
    read, which is where damage shows, but fewer pixels are computed. What is
    no JPEG, or one to wonder about, TensorFlow decodes.

    Args:
        images: files' bytes, and what `read_header` says of them.
        ask_tensorflow: what decodes those; None for TensorFlow in this process.

    Returns:
        For each, uint8 [height, width, 3] as stored, not turned upright; or why
        it cannot be decoded, for example because the file is truncated.
    """
    decoded = [_decode_jpeg(data, header) for data, header in images]
    if left := [position for position, one in enumerate(decoded) if one is None]:
        asked = (ask_tensorflow or decode_with_tensorflow)(
            [(images[position][0], _jpeg_ratio(images[position][1])) for position in left]
        )
        for position, one in zip(left, asked, strict=True):
            decoded[position] = one
    return [_shrunk(one, header) for one, (_, header) in zip(decoded, images, strict=True)]


def _decode_jpeg(data: bytes, header: ImageHeader) -> Pixels | UnusableImageError | None:
    if header.format != "JPEG":
        return None
    try:
        return decode_jpeg(data, header, _jpeg_ratio(header))
    except UnusableImageError as error:
        return error


def _factor(header: ImageHeader) -> int:
    return max(1, min(header.width, header.height) // _SHORTER_SIDE)


def _jpeg_ratio(header: ImageHeader) -> int:
    """The scale that the decoder takes on itself; 0 for formats other than JPEG, which know none."""
    if header.format != "JPEG":
        return 0
    factor = _factor(header)
    return 8 if factor >= 8 else 4 if factor >= 4 else 2 if factor >= 2 else 1


def _shrunk(image: Pixels | UnusableImageError | None, header: ImageHeader) -> Pixels | UnusableImageError:
    assert image is not None
    if isinstance(image, UnusableImageError):
        return image
    factor = _factor(header) // (_jpeg_ratio(header) or 1)
    if factor == 1:
        return image
    height, width = (size // factor for size in image.shape[:2])
    blocks = image[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    return np.rint(blocks.mean((1, 3), dtype=np.float32)).astype(np.uint8)
