"""How much smaller images are made before they are measured."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from components.image_folder.headers.image_header import ImageHeader

Pixels = npt.NDArray[np.uint8]

# Larger images are reduced, by a whole factor, for as long as their shorter side stays at least this.
_SHORTER_SIDE: Final = 64


def decoder_ratio(header: ImageHeader) -> int:
    """The scale that a JPEG's decoder takes on itself: 1, 2, 4 or 8; 0 for other formats, which know none."""
    if header.format != "JPEG":
        return 0
    factor = _factor(header)
    return 8 if factor >= 8 else 4 if factor >= 4 else 2 if factor >= 2 else 1


def reduction(header: ImageHeader) -> int:
    """How many pixels of the image, across and down, make one of what is measured; at the far edges fewer."""
    ratio = decoder_ratio(header) or 1
    return ratio * (_factor(header) // ratio)


def reduced(pixels: Pixels, header: ImageHeader) -> Pixels:
    """Does what the decoder left to do, by averaging blocks.

    What is left over at the right and at the bottom makes smaller blocks, as in the decoder. Cut off, a
    picture would be a little larger in one file than in another, and its copies not recognised as such.

    Args:
        pixels: uint8 [height, width, 3], as decoded at `decoder_ratio`.
        header: of the image.

    Returns:
        uint8 [height, width, 3], with 64 to 127 pixels on its shorter side unless the image is smaller.
    """
    factor = reduction(header) // (decoder_ratio(header) or 1)
    if factor == 1:
        return pixels
    # Not needed for most images, and twenty times as fast as NumPy.
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).reduce(factor))


def _factor(header: ImageHeader) -> int:
    return max(1, min(header.width, header.height) // _SHORTER_SIDE)
