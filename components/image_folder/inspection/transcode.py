"""Turns images that TensorFlow's decoders cannot take as they are into PNG, without loss in 8 bits.

What a model sees of such an image is then what it would see had the same
picture been a PNG all along: alpha is dropped, not blended, and of 16 bits
the upper 8 are used, as `tf.io.decode_image` does with a PNG.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from components.image_folder.headers.fields import ImageHeader, corrupt

# What turns an image upright, by its orientation (Exif 3.0, 4.6.5.1.6).
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The TIFF tag whose value 0 says that 0 is white.
_PHOTOMETRIC: Final = 262
# Level 6, the usual one, makes photographs up to a quarter smaller and takes four times as long.
_COMPRESS_LEVEL: Final = 1


def needs_transcoding(header: ImageHeader) -> bool:
    """Whether an image has to be turned into PNG: not decodable, or on its side and no JPEG.

    A JPEG's orientation is applied where it is decoded, in training and serving alike.
    """
    return not header.decodable or (header.orientation != 1 and header.format != "JPEG")


def to_png(data: bytes, header: ImageHeader) -> bytes:
    """The first frame, upright, as a PNG of 8 bits a channel, gray or RGB.

    The same bytes come out whenever the same go in.

    Args:
        data: all of the file's bytes.
        header: what `read_header` says of them; its size has to have been checked before.

    Raises:
        UnusableImageError: damaged, or of a kind that Pillow cannot read.
    """
    try:
        with Image.open(io.BytesIO(data), formats=(header.format,)) as image:
            sides = (header.width, header.height)
            if header.format == "TIFF" and header.orientation >= 5:
                sides = sides[::-1]  # Pillow turns TIFF itself
            if image.size != sides:
                raise ValueError("its parts disagree about its size")
            image.load()
            pixels = _eight_bits(image, header)
        if header.format != "TIFF" and header.orientation != 1:
            pixels = pixels.transpose(_UPRIGHT[header.orientation])
        # No profile, date or comment goes along.
        pixels.info.clear()
        file = io.BytesIO()
        pixels.save(file, "PNG", compress_level=_COMPRESS_LEVEL)
    except Exception as error:  # Pillow's plug-ins raise whatever a broken file makes them raise.
        raise corrupt(f"damaged, or a kind of {header.format} that cannot be read") from error
    return file.getvalue()


def _eight_bits(image: Image.Image, header: ImageHeader) -> Image.Image:
    """The pixels in mode L or RGB."""
    if image.mode.startswith("I;16"):
        grays = (np.asarray(image) >> (header.bits - 8)).astype(np.uint8)
        # Pillow leaves a TIFF's grays upside down where 0 stands for white.
        white_is_zero = header.format == "TIFF" and image.getexif().get(_PHOTOMETRIC) == 0
        return Image.fromarray(~grays if white_is_zero else grays)
    if header.format == "GIF" and header.alpha:
        # In a GIF, unlike in a PNG, TensorFlow makes transparent pixels black.
        colours = image.convert("RGBA")
        black = Image.new("RGB", image.size)
        black.paste(colours, mask=colours)
        return black
    # Of a palette's transparency, which is dropped like any other, Pillow would warn.
    image.info.pop("transparency", None)
    return image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
