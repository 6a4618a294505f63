"""WebP (RFC 9649)."""

from __future__ import annotations

from struct import unpack_from

from components.image_folder.headers.exif import exif_orientation
from components.image_folder.headers.fields import ImageHeader, corrupt


def read_webp(data: bytes) -> ImageHeader:
    """Reads a lossy, lossless or extended WebP (RFC 9649)."""
    kind = data[12:16]
    alpha = animated = False
    orientation = 1
    if kind == b"VP8 ":
        if data[20] & 1 or data[23:26] != b"\x9d\x01\x2a":
            raise corrupt("the WebP does not begin with a whole frame")
        width, height = (side & 0x3FFF for side in unpack_from("<HH", data, 26))
    elif kind == b"VP8L":
        signature, packed = unpack_from("<BI", data, 20)
        if signature != 0x2F:
            raise corrupt("the WebP's header is damaged")
        width, height, alpha = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, bool(packed >> 28 & 1)
    elif kind == b"VP8X":
        flags, wide, wide_high, high, high_high = unpack_from("<B3xHBHB", data, 20)
        width, height = (wide | wide_high << 16) + 1, (high | high_high << 16) + 1
        alpha, animated = bool(flags & 0x10), bool(flags & 0x02)
        orientation = _webp_orientation(data) if flags & 0x08 else 1
    else:
        raise corrupt("the WebP's first chunk is of no known kind")
    return ImageHeader(
        "WEBP",
        width,
        height,
        3 + alpha,
        alpha=alpha,
        animated=animated,
        orientation=orientation,
        decodable=False,
    )


def _webp_orientation(data: bytes) -> int:
    position = 30
    while position + 8 <= len(data):
        name, length = unpack_from("<4sI", data, position)
        if name == b"EXIF":
            return exif_orientation(data, position + 8, min(position + 8 + length, len(data)))
        position += 8 + length + (length & 1)
    return 1
