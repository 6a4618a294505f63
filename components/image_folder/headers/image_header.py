"""What the first bytes of a file say about the image in it, or why it cannot be used.

Nothing is decoded, and the size that a header claims costs nothing: the time
taken is bounded by the length of the file, the memory by a constant.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from components.image_folder.headers.bmp import HEADER_SIZES, read_bmp
from components.image_folder.headers.fields import (
    ImageHeader,
    UnusableImageError,
    UnusableKind,
    corrupt,
    unsupported,
)
from components.image_folder.headers.gif import read_gif
from components.image_folder.headers.jpeg import read_jpeg
from components.image_folder.headers.other_formats import is_web_page, unusable_image_format
from components.image_folder.headers.png import read_png
from components.image_folder.headers.tiff import read_tiff
from components.image_folder.headers.webp import read_webp

__all__ = ("ImageHeader", "UnusableImageError", "UnusableKind", "read_header")


def read_header(data: bytes) -> ImageHeader:
    """Reads the header of a file.

    Args:
        data: all of the file's bytes.

    Raises:
        UnusableImageError: empty, no image, of a format or kind that cannot be used, or a damaged header.
    """
    reader = _reader(data)
    try:
        header = reader(data)
    except (IndexError, struct.error):
        raise UnusableImageError("corrupt", "the file ends within its header") from None
    if header.width < 1 or header.height < 1:
        raise corrupt(f"a {header.format} of {header.width} × {header.height} pixels")
    return header


def _reader(data: bytes) -> Callable[[bytes], ImageHeader]:
    """What reads a file that begins like this."""
    if data.startswith(b"\xff\xd8\xff"):
        return read_jpeg
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return read_png
    if data.startswith((b"GIF87a", b"GIF89a")):
        return read_gif
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return read_webp
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return read_tiff
    # Two letters alone are too common a beginning.
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in HEADER_SIZES:
        return read_bmp
    if not data:
        raise UnusableImageError("empty", "the file is empty")
    if name := unusable_image_format(data):
        raise unsupported(name)
    if is_web_page(data):
        raise UnusableImageError("not_an_image", "a web page (HTML), not an image")
    raise UnusableImageError("not_an_image", "not an image: no known format begins with its bytes")
