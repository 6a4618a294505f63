"""JPEGs through libjpeg-turbo itself, which tells of every irregularity that it comes across."""

from __future__ import annotations

import re
from typing import Final

import simplejpeg

from components.image_folder.headers.image_header import ImageHeader, UnusableImageError
from components.image_folder.inspection.reduction import Pixels

# Warnings (jerror.h) after which part of the picture is made up. TensorFlow goes on after most of them.
_DAMAGE: Final = re.compile(r"premature end|bad \w+ code|found marker .* instead of", re.IGNORECASE)


def decode_jpeg(data: bytes, header: ImageHeader, ratio: int) -> Pixels | None:
    """Decodes a JPEG, strictly.

    TensorFlow decodes with the same library, and refuses less: what comes out
    of here without a warning can be trained on. Where there was a warning that
    says little (bytes that belong to nothing, an unusual header), or a colour
    space that each turns into RGB in its own way, TensorFlow has to be asked.

    Args:
        data: all of the file's bytes.
        header: what `read_header` says of them.
        ratio: 1, 2, 4 or 8: how much smaller each side comes out.

    Returns:
        uint8 [height / ratio, width / ratio, 3], rounded up, not turned
        upright; None when TensorFlow has to be asked.

    Raises:
        UnusableImageError: truncated or damaged.
    """
    if header.cmyk:
        return None
    try:
        # With the fast transform, because that is TensorFlow's default: so both give the same pixels.
        pixels: Pixels = simplejpeg.decode_jpeg(
            data,
            "RGB",
            fastdct=True,
            min_height=-(-header.height // ratio),
            min_width=-(-header.width // ratio),
        )
    except ValueError as error:
        warning = str(error)
        if _DAMAGE.search(warning):
            reason = warning.removeprefix("Corrupt JPEG data: ")
            raise UnusableImageError("corrupt", f"truncated or damaged: {reason.lower()}") from None
        return None
    return pixels
