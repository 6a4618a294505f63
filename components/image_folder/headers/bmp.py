"""BMP, of Windows and OS/2."""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from components.image_folder.headers.fields import ImageHeader, unsupported

HEADER_SIZES: Final = (12, 40, 52, 56, 64, 108, 124)
_BITFIELDS: Final = 3
# Gray i in row i: what a decoder that takes palette indices for grays, as TensorFlow's does, gets right.
_GRAYS: Final = {1: bytes((0, 255)), 4: bytes(range(0, 256, 17)), 8: bytes(range(256))}


def read_bmp(data: bytes) -> ImageHeader:
    """Reads the core header of OS/2 or any of Windows' (Microsoft, "Bitmap Storage").

    TensorFlow looks at the size and at 8, 24 or 32 bits a pixel, and at
    nothing else: palettes, masks and run-length coding come out as noise,
    without an error. It refuses a file that goes on after the pixels.
    """
    pixels, header_size = unpack_from("<II", data, 10)
    compression = colours = 0
    if header_size == 12:
        width, height, _, bits = unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits, compression, _, _, _, colours = unpack_from("<iiHHIIiiI", data, 18)
    if bits not in (1, 4, 8, 16, 24, 32):
        raise unsupported(f"a BMP with {bits} bits a pixel")
    if compression > _BITFIELDS:
        raise unsupported(f"a BMP of a rare kind (compression {compression})")
    start, entry = 14 + header_size, 3 if header_size == 12 else 4
    table = data[start : start + entry * min(colours or 1 << bits, 256)] if bits <= 8 else b""
    blue, green, red = table[::entry], table[1::entry], table[2::entry]
    plain = bits <= 8 and blue == green == red and _GRAYS[bits].startswith(blue)
    masks = data[54:66] if compression == _BITFIELDS else b""
    opacity = data[66:70] if compression == _BITFIELDS and header_size >= 56 else b""
    row = (width * bits // 8 + 3) // 4 * 4
    decodable = (
        header_size != 12
        and ((bits == 8 and plain) or bits >= 24)
        and (compression == 0 or masks == b"\0\0\xff\0\0\xff\0\0\xff\0\0\0")
        and len(data) == pixels + row * abs(height)
    )
    return ImageHeader(
        "BMP",
        width,
        abs(height),
        1 if bits <= 8 else max(3, bits // 8),
        palette=bits <= 8 and not plain,
        alpha=any(opacity),
        decodable=decodable,
    )
