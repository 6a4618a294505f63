"""What a file's bytes say about the image in them, or why it cannot be used."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, UnidentifiedImageError

# What TensorFlow's decoders read, and so what training and serving can use.
USABLE_FORMATS: Final = ("JPEG", "PNG", "GIF", "BMP")
# An image larger than this is refused by its header, before anything is decoded.
MAX_PIXELS: Final = 89_000_000


@dataclass(frozen=True)
class ImageFacts:
    """What the header of a usable image says.

    Attributes:
        format: one of USABLE_FORMATS.
        height, width: pixels.
        channels: as stored in the file.
    """

    format: str
    height: int
    width: int
    channels: int


class UnusableImageError(ValueError):
    """The bytes are no image that can be trained on; the text is the reason, without a full stop."""


def inspect_image(data: bytes) -> ImageFacts:
    """Reads the header; decodes no pixels, whatever size the header claims.

    Raises:
        UnusableImageError: empty, not an image, another format, or too large.
    """
    if not data:
        raise UnusableImageError("the file is empty")
    try:
        with warnings.catch_warnings():
            # Pillow's own limit only warns at this size; ours below refuses.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                facts = ImageFacts(
                    str(image.format).replace("MPO", "JPEG"), image.height, image.width, len(image.getbands())
                )
    except UnidentifiedImageError:
        raise UnusableImageError("not an image: no format is known that begins with its bytes") from None
    except Image.DecompressionBombError:
        raise UnusableImageError(f"more than {MAX_PIXELS / 1e6:.0f} million pixels") from None
    except Exception as error:  # Pillow's plug-ins raise whatever a broken header makes them raise.
        raise UnusableImageError(f"the header is damaged ({error})") from error
    if facts.format not in USABLE_FORMATS:
        raise UnusableImageError(
            f"{facts.format} is not among the formats that can be served ({', '.join(USABLE_FORMATS)})"
        )
    if facts.height * facts.width > MAX_PIXELS:
        raise UnusableImageError(
            f"{facts.width} x {facts.height} is more than {MAX_PIXELS / 1e6:.0f} million pixels"
        )
    return facts
