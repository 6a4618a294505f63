"""PNG (ISO/IEC 15948), APNG among it."""

from __future__ import annotations

import zlib
from struct import unpack_from
from typing import Final

from components.image_folder.headers.exif import exif_orientation
from components.image_folder.headers.fields import ImageHeader, corrupt

# Channels and bit depths by colour type (PNG specification, table 11.1).
_PNG_COLOURS: Final = {
    0: (1, (1, 2, 4, 8, 16)),
    2: (3, (8, 16)),
    3: (1, (1, 2, 4, 8)),
    4: (2, (8, 16)),
    6: (4, (8, 16)),
}


def read_png(data: bytes) -> ImageHeader:
    """Reads IHDR and walks the chunks; interlaced and 16-bit images are decoded like any other."""
    fields = unpack_from(">I4sIIBBBBBI", data, 8)
    length, name, width, height, bits, colour, compression, filtering, interlace, checksum = fields
    if (length, name) != (13, b"IHDR") or zlib.crc32(data[12:29]) != checksum:
        raise corrupt("the PNG's header is damaged")
    channels, depths = _PNG_COLOURS.get(colour, (0, ()))
    if bits not in depths or compression or filtering or interlace > 1 or max(width, height) >= 2**31:
        raise corrupt("the PNG's header says what no PNG can be")
    alpha = channels in (2, 4)
    animated = has_pixels = False
    orientation: int | None = None
    position = 33
    while position + 12 <= len(data):
        length, name = unpack_from(">I4s", data, position)
        if name == b"IDAT":
            has_pixels = True
        elif name == b"tRNS":
            alpha = True
        elif name == b"acTL" and not has_pixels:
            animated = unpack_from(">I", data, position + 8)[0] > 1
        elif name == b"eXIf" and orientation is None:
            orientation = exif_orientation(data, position + 8, min(position + 8 + length, len(data)))
        elif name == b"IEND":
            break
        position += 12 + length
    if not has_pixels:
        raise corrupt("the PNG holds no pixels")
    palette = colour == 3
    return ImageHeader(
        "PNG",
        width,
        height,
        channels,
        8 if palette else bits,
        palette,
        alpha,
        animated=animated,
        orientation=orientation or 1,
    )
